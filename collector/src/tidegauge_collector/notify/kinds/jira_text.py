"""Texts as Jira wants them: Atlassian's document format in the cloud, wiki text in a data center. Both from plain lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tidegauge_collector.notify.wording import cut

DESCRIPTION_CHARACTERS = 32_000  # of 32,767
_WIKI = re.compile(r"([\\{}\[\]*_?^~+|!#-])")


def document(lines: Sequence[str], links: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A document of paragraphs; `links`: label and address. A text node must not be empty."""
    left, content = DESCRIPTION_CHARACTERS, []
    for line in lines:
        if line.strip() and left > 1:
            content.append(_paragraph({"type": "text", "text": cut(line, left)}))
            left -= len(line)
    for label, href in links:
        mark = {"type": "link", "attrs": {"href": href}}
        content.append(_paragraph({"type": "text", "text": label, "marks": [mark]}))
    return {"type": "doc", "version": 1, "content": content or [_paragraph({"type": "text", "text": "–"})]}


def wiki(lines: Sequence[str], links: Sequence[tuple[str, str]]) -> str:
    """Wiki text in which nothing is a macro or a mark but our own links."""
    plain = [_WIKI.sub(r"\\\1", line) for line in lines if line.strip()]
    return cut("\n".join([*plain, *(f"[{label}|{href}]" for label, href in links)]), DESCRIPTION_CHARACTERS) or "–"


def _paragraph(node: dict[str, Any]) -> dict[str, Any]:
    return {"type": "paragraph", "content": [node]}
