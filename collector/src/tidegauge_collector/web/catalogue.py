"""The words of the pages: one flat mapping per language, read from `text/<language>.toml` and, page by page, `text/<page>.<language>.toml`.

Server-rendered text and the browser's strings come from the same file; the sections in `BROWSER_SECTIONS` are sent along with a page.
A text that depends on a number `n` is a table of the language's plural forms (CLDR's words): `{one = "{n} row", other = "{n} rows"}`.
A test holds both languages to the same keys and placeholders.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from .language import plural_of

BROWSER_SECTIONS = (
    "chart",
    "empty",
    "error",
    "problem",
    "metric",
    "reason",
    "bin",
    "method",
    "parameter",
    "said",
    "chance_test",
    "format",
    "event_kind",
    "change",
    "error_of",
    "duration",
)
OTHER = "other"  # the form that every language has: it stands under the key itself

_FOLDER = Path(__file__).parent / "text"


@dataclass(frozen=True, slots=True)
class Text:
    """The catalogue of one language; call it with a key and the values of its placeholders."""

    language: str
    entries: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key` in the form that `n` asks for; KeyError for a key that is in no catalogue, which is a fault of the page."""
        form = plural_of(self.language, values["n"]) if "n" in values else OTHER
        return self.entries.get(f"{key}|{form}", self.entries[key]).format(**values)

    def label(self, section: str, word: str) -> str:
        """The text of a word that came from outside (a verdict, a status), or the word itself where we have none for it."""
        return self.entries.get(f"{section}.{word}", word)

    def for_browser(self) -> dict[str, str]:
        """The entries that the browser's modules need."""
        return {key: text for key, text in self.entries.items() if key.split(".")[0] in BROWSER_SECTIONS}


@cache
def load_text(language: str) -> Text:
    """The catalogue of `language` (one of `LANGUAGES`), read once."""
    files = sorted(path for path in _FOLDER.glob("*.toml") if path.stem.split(".")[-1] == language)
    entries: dict[str, str] = {}
    for path in files:
        for section, table in tomllib.loads(path.read_text("utf-8")).items():
            for name, said in table.items():
                for key, text in _forms(f"{section}.{name}", said):
                    if entries.setdefault(key, text) is not text:
                        raise ValueError(f"{path.name}: {key} is in another file of {language!r} already")
    return Text(language, MappingProxyType(entries))


def _forms(key: str, said: str | Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """`key` with the form of most numbers, and `key|one` and the like with the others."""
    if isinstance(said, str):
        yield key, said
        return
    for form, text in said.items():
        yield key if form == OTHER else f"{key}|{form}", text
