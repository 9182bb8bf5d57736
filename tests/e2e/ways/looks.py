"""How a page is looked at: a language, a width, a colour scheme. Each way is walked in three looks, so that it is seen at
least once in each language, at each width and in each scheme; over the three ways every width meets every scheme."""

from dataclasses import dataclass

LOCALES = {"en": "en-GB", "ja": "ja-JP"}
HEIGHT = 900


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody looks at the pages."""

    language: str
    width: int
    scheme: str

    def __str__(self) -> str:
        return f"{self.language}-{self.width}-{self.scheme}"


ON_CALL = (Look("en", 390, "dark"), Look("ja", 1280, "light"), Look("en", 1920, "light"))
SCIENTIST = (Look("ja", 390, "light"), Look("en", 1280, "dark"), Look("ja", 1920, "dark"))
HEAD = (Look("en", 390, "light"), Look("ja", 1280, "dark"), Look("en", 1920, "dark"))
