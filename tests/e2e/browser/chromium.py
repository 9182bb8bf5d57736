"""Where Chromium is; tests are skipped where there is none, but never in CI."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 120_000  # of a busy machine, in place of Playwright's 30 s


def chromium_path() -> str:
    """The browser's path; skips the test, or fails it in CI, where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"none of {NAMES} is on PATH; in CI the browser tests must run: install chromium")
        pytest.skip("no Chromium on PATH")
    return path
