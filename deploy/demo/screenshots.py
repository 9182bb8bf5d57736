"""Takes the pictures of the documentation from a running collector: `python deploy/demo/screenshots.py URL DEPLOYMENT DIRECTORY`.

    python deploy/demo/screenshots.py http://127.0.0.1:8642 flights-delay docs/img

Each file is at most 400 KB; those of the README are as sharp as fits.
Needs Playwright (`pip install playwright`) and a Chromium on PATH or Playwright's own.
Exit codes: 0 all pictures taken, 1 a page or a picture failed (which, and why), 2 the command line is wrong.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, FloatRect, Page, Playwright, sync_playwright
from playwright.sync_api import Error as BrowserError

MAX_BYTES = 400_000
SCALES = (2.0, 1.5, 1.0)
MARGIN = 20
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
DRAWN = "() => { const view = document.getElementById('view'); return !view || view.dataset.drawn; }"
FIRST_ROWS = "#drift > :not(header)"
WHOLE_FLEET = "#fleet"
SOME_ALERTS = "#alerts tbody tr:nth-child(6), #alerts tbody tr:last-child"
TABS = (
    "service",
    "accuracy",
    "fairness",
    "quality",
    "segments",
    "humility",
    "metrics",
    "versions",
    "agents",
    "monitors",
    "settings",
)


class PictureError(Exception):
    """A picture that cannot be taken or is too large; the message says which."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: from the top of a page, or of what `since` selects, to the bottom of the first element that `until` selects."""

    file: str
    path: str
    until: str
    since: str = ""
    language: str = "en"
    scheme: str = "light"
    width: int = 1280
    is_sharp: bool = False


def shots_of(deployment: str) -> Sequence[Shot]:
    """The pictures of a collector with that deployment."""
    page = f"/deployments/{quote(deployment, safe='')}"
    drift = f"{page}/drift"
    return (
        Shot("deployment-en.png", drift, FIRST_ROWS, is_sharp=True),
        Shot("deployment-ja.png", drift, FIRST_ROWS, language="ja", is_sharp=True),
        Shot("deployment-en-dark.png", drift, FIRST_ROWS, scheme="dark"),
        Shot("deployment-en-phone.png", page, "#health", width=390),
        Shot("deployments-en.png", "/", WHOLE_FLEET),
        Shot("deployments-ja-dark.png", "/", WHOLE_FLEET, language="ja", scheme="dark"),
        Shot("deployments-en-phone.png", "/", WHOLE_FLEET, width=390),
        Shot("overview-en.png", page, "#facts"),
        *(Shot(f"{tab}-en.png", f"{page}/{tab}", f"#{tab}") for tab in TABS),
        Shot("alerts-en.png", f"{page}/alerts", SOME_ALERTS),
    )


def alert_shots(deployment: str, alert: str) -> Sequence[Shot]:
    """The pictures of the pages of alerts, where that deployment has an alert of that number."""
    return (
        Shot("inbox-en.png", "/alerts?status=all", "#inbox"),
        Shot("alert-en.png", f"/alerts/{alert}", "main"),
        Shot("alert-ja-phone.png", f"/alerts/{alert}", ".acts", language="ja", width=390),
        Shot("channels-ja-dark.png", "/channels", "main", language="ja", scheme="dark"),
        Shot("silences-en.png", f"/silences?deployment={quote(deployment, safe='')}&severity=failing", "#new-silence"),
    )


def take(browser: Browser, root: str, shot: Shot) -> bytes:
    """The picture as PNG, within MAX_BYTES."""
    for scale in SCALES if shot.is_sharp else SCALES[-1:]:
        png = _at_scale(browser, root, shot, scale)
        if len(png) <= MAX_BYTES:
            return png
    raise PictureError(
        f"{shot.file} has {len(png):,} bytes at scale {SCALES[-1]}: over {MAX_BYTES:,}; show less of the page"
    )


def _alert_of(browser: Browser, root: str, deployment: str) -> str:
    """The number of an alert of a deployment: of an open one where there is any, of the one that was told most."""
    context = browser.new_context()
    try:
        answer = context.request.get(f"{root}/api/v1/alerts", params={"deployment": deployment})
        items = answer.json()["items"] if answer.ok else []
    finally:
        context.close()
    items.sort(key=lambda one: (one["status"] != "firing", -len(one["deliveries"])))
    if not items:
        raise PictureError(f"{deployment} has no alert at {root}: the pages of alerts would be empty")
    return str(items[0]["id"])


def _at_scale(browser: Browser, root: str, shot: Shot, scale: float) -> bytes:
    context = browser.new_context(
        viewport={"width": shot.width, "height": 900},
        device_scale_factor=scale,
        color_scheme="dark" if shot.scheme == "dark" else "light",
        locale=shot.language,
        reduced_motion="reduce",
    )
    try:
        page = context.new_page()
        answer = page.goto(root + shot.path)
        if answer is not None and not answer.ok:
            raise PictureError(f"{shot.file}: {root}{shot.path} answered {answer.status}: is the deployment there?")
        page.wait_for_function(DRAWN)
        complaints = page.locator("[role=alert]:visible").all_inner_texts()
        if complaints:
            raise PictureError(f"{shot.file}: the page says {complaints[0]!r}: mend that first")
        return page.screenshot(full_page=True, clip=_clip(page, shot), animations="disabled")
    finally:
        context.close()


def _clip(page: Page, shot: Shot) -> FloatRect:
    """On the page as it was opened, not scrolled."""
    top = max(0.0, _box(page, shot, shot.since)["y"] - MARGIN) if shot.since else 0.0
    last = _box(page, shot, shot.until)
    return {"x": 0, "y": top, "width": shot.width, "height": last["y"] + last["height"] + MARGIN - top}


def _box(page: Page, shot: Shot, selector: str) -> FloatRect:
    box = page.locator(selector).first.bounding_box()
    if box is None:
        raise PictureError(f"{shot.file}: there is no visible {selector!r} on {shot.path}")
    return box


def _open(playwright: Playwright) -> Browser:
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])


def _save(browser: Browser, root: str, shots: Sequence[Shot], directory: Path) -> None:
    for shot in shots:
        png = take(browser, root, shot)
        (directory / shot.file).write_bytes(png)
        print(f"{directory / shot.file}  {len(png) / 1_000:.0f} KB")


def main(arguments: Sequence[str] | None = None) -> int:
    """Take every picture; returns the exit code."""
    parser = argparse.ArgumentParser(description="The README's pictures from a running collector.")
    parser.add_argument("url", help="root of the collector's pages, such as http://127.0.0.1:8642")
    parser.add_argument("deployment", help="whose page is shown")
    parser.add_argument("directory", type=Path, help="where the PNG files go; made if it is not there")
    chosen = parser.parse_args(arguments)
    chosen.directory.mkdir(parents=True, exist_ok=True)
    try:
        with sync_playwright() as playwright, _open(playwright) as browser:
            root = chosen.url.rstrip("/")
            _save(browser, root, shots_of(chosen.deployment), chosen.directory)
            alert = _alert_of(browser, root, chosen.deployment)
            _save(browser, root, alert_shots(chosen.deployment, alert), chosen.directory)
    except (PictureError, BrowserError) as problem:
        print(f"screenshots: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
