"""The script that takes the README's pictures: every file, none too large, and a refusal to picture a broken page."""

import asyncio
import sys
from pathlib import Path

import pytest
from playwright.async_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SCRIPT = Path(__file__).parents[3] / "deploy" / "demo" / "screenshots.py"
PNG = b"\x89PNG\r\n\x1a\n"


def pictures_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def run(*arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_every_picture_is_taken_and_small_enough_for_a_readme(
    browser: Browser, root: str, tmp_path: Path
) -> None:
    code, out, err = await run(root, "replayed", str(tmp_path / "img"))

    pictures = pictures_in(tmp_path / "img")
    assert (code, err) == (0, "")
    assert {
        "deployment-en.png",
        "deployment-ja.png",
        "accuracy-en.png",
        "deployments-en.png",
        "inbox-en.png",
        "alert-en.png",
    } <= set(pictures)
    assert set(pictures) == {Path(line.split("  ")[0]).name for line in out.splitlines()}
    assert all(len(png) <= 400_000 and png.startswith(PNG) for png in pictures.values())


async def test_a_deployment_that_is_not_there_is_no_picture(browser: Browser, root: str, tmp_path: Path) -> None:
    code, _, err = await run(root, "nope", str(tmp_path))

    assert code == 1
    assert "deployment-en.png" in err
    assert "answered 404: is the deployment there?" in err
    assert pictures_in(tmp_path) == {}
