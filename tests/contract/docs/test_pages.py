"""The pages as such: links lead somewhere, named tests exist, decisions are numbered and whole."""

import re

import pytest

from .pages import PAGES, ROOT, text_of

LINK = re.compile(r"\]\(([^)\s]+)\)")


def _anchors(text):
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page):
    broken = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)

    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_of_a_test_or_source_that_is_named_exists(page):
    named = re.findall(r"`((?:tests|agent|collector|proto|deploy|docs)/[\w./-]+)`", page.read_text(encoding="utf-8"))

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_pictures_are_readable_in_dark_and_light():
    pictures = list(ROOT.glob("docs/img/*.svg"))

    assert pictures
    for picture in pictures:
        text = picture.read_text(encoding="utf-8")
        assert "prefers-color-scheme:dark" in text.replace(" ", "")
        assert "<title" in text


def test_decisions_are_numbered_without_holes_listed_and_whole():
    decisions = sorted(ROOT.glob("docs/adr/[0-9]*.md"))

    assert [int(one.name[:4]) for one in decisions] == list(range(1, len(decisions) + 1))
    for one in decisions:
        text = one.read_text(encoding="utf-8")
        assert re.match(rf"# {one.name[:4]}\. \S", text)
        assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
        assert f"({one.name})" in text_of("docs/adr/README.md")


def test_the_readme_shows_each_promise_by_a_test():
    rows = [line for line in text_of("README.md").splitlines() if re.match(r"\| \*\*P\d", line)]

    assert [re.match(r"\| \*\*(P\d+)", row).group(1) for row in rows] == [
        *(f"P{i}" for i in range(1, 13)),
        "P14",
        "P15",
    ]
    assert [row for row in rows if not re.search(r"`tests/[\w/.]+\.py`", row)] == []
