"""Reads the documentation as data: sections, table rows, fenced blocks. Knows no code of the product."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = tuple(sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")]))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXAMPLE = re.compile(
    r"(?:<!-- example: (?P<name>[\w-]+) -->\n)?^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Example:
    """A Python block; `name` is what the comment above it says, None where there is none."""

    name: str | None
    code: str


def text_of(page: str) -> str:
    """The text of a page, by its path from the root."""
    return (ROOT / page).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """What stands between a heading (with its #s) and the next one of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    lines = text_of(page).splitlines()
    start = lines.index(heading) + 1
    inside = []
    for line in lines[start:]:
        if re.match(rf"#{{1,{level}}} ", line):
            break
        inside.append(line)
    return "\n".join(inside)


def rows(text: str) -> list[list[str]]:
    """The cells of every table row in a text, without headers; an escaped bar is no border."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    headers = {i - 1 for i, line in enumerate(lines) if re.fullmatch(r"[|\s:-]+", line)}
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for i, line in enumerate(lines)
        if i not in headers and not re.fullmatch(r"[|\s:-]+", line)
    ]


def code_words(text: str) -> list[str]:
    """What stands in backticks, in order."""
    return re.findall(r"`([^`]+)`", text)


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return [body for found, body in _FENCE.findall(text) if found == language]


def examples(page: str) -> list[Example]:
    """The Python blocks of a page."""
    return [Example(found["name"], found["code"]) for found in _EXAMPLE.finditer(text_of(page))]
