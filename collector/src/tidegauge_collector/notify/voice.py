"""How a channel speaks: its language, and the operator's own title and text, from a sandbox of plain fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from string import Formatter

from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify import wording
from tidegauge_collector.notify.events import Event

MAX_TEMPLATE = 2_000
BRIEF_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Voice:
    """`title` and `text`: templates, "" for the usual words. Raises ConfigError where a template names what is not there.

    A brief voice says the title alone, cut, for a receiver to which the whole was too much.
    """

    language: str = "en"
    title: str = ""
    text: str = ""
    is_brief: bool = False

    def __post_init__(self) -> None:
        for name, template in (("title", self.title), ("text", self.text)):
            check_template(name, template)

    def brief(self) -> Voice:
        """The same, saying less."""
        return replace(self, is_brief=True)

    def headline(self, event: Event) -> str:
        """One line."""
        line = filled(self.title, event, self.language) if self.title else wording.headline(event, self.language)
        line = " ".join(line.split()) or wording.headline(event, self.language)
        return wording.cut(line, BRIEF_CHARACTERS) if self.is_brief else line

    def facts(self, event: Event) -> list[tuple[str, str]]:
        """Labels and values."""
        return [] if self.is_brief else wording.facts(event, self.language)

    def remarks(self, event: Event) -> list[str]:
        """Lines beside the facts: the operator's text, what changed, the alerts one by one, what moved."""
        if self.is_brief:
            return []
        own = [line for line in filled(self.text, event, self.language).splitlines() if line.strip()]
        return own + wording.remarks(event, self.language)

    def lines(self, event: Event) -> list[str]:
        """Headline and remarks of what goes into a ticket: of an update what changed comes first."""
        headline, remarks = self.headline(event), self.remarks(event)
        return [*remarks, headline] if event.kind == "updated" else [headline, *remarks]

    def closing(self, event: Event) -> str:
        """One line for the end of a ticket: whether it recovered, or who closed it."""
        name = "closing_by" if event.closed_by else "closing"
        return wording.word(name, self.language).format(headline=self.headline(event), who=event.closed_by)

    def news(self, event: Event) -> list[str]:
        """What has changed since the message before, as sentences."""
        return wording.news(event, self.language)

    @property
    def open_label(self) -> str:
        """The text of a link to the page."""
        return wording.word("open", self.language)


FIELDS: Mapping[str, Callable[[Event, str], str]] = {
    "headline": wording.headline,
    "state": wording.state,
    "severity": lambda event, _: event.severity,
    "deployment": lambda event, _: event.deployment,
    "version": lambda event, _: event.version,
    "segment": lambda event, _: event.segment,
    "monitor": lambda event, _: event.monitor,
    "metric": lambda event, _: event.metric,
    "column": lambda event, _: event.column,
    "value": lambda event, _: wording.number(event.value),
    "threshold": lambda event, _: wording.number(event.threshold),
    "rows": lambda event, _: "" if event.n is None else str(event.n),
    "since": lambda event, _: event.since,
    "owner": lambda event, _: event.owner,
    "assignee": lambda event, _: event.assignee,
    "acknowledged_by": lambda event, _: event.acknowledged_by,
    "comment": lambda event, _: event.comment,
    "runbook": lambda event, _: event.runbook,
    "url": lambda event, _: event.url,
    "key": lambda event, _: event.key,
    "firing": lambda event, _: str(event.firing),
    "resolved": lambda event, _: str(event.resolved),
    "alerts": lambda event, language: "\n".join(wording.alert_lines(event, language)),
}


def check_template(name: str, template: str) -> None:
    """Raises ConfigError unless the template is text with fields as in `{deployment}: {metric}`."""
    if len(template) > MAX_TEMPLATE:
        raise ConfigError(f"{name} has {len(template)} characters: {MAX_TEMPLATE} are allowed")
    try:
        parts = list(Formatter().parse(template))
    except ValueError as problem:
        raise ConfigError(f"{name} cannot be read ({problem}): write {{field}}, and {{{{ for a brace") from problem
    for _, field, spec, conversion in parts:
        if field is not None and field not in FIELDS:
            raise ConfigError(f"{name} names {{{field}}}, which is no field: known are {', '.join(FIELDS)}")
        if spec or conversion:
            raise ConfigError(f"{name}: write {{{field}}} without a format")


def filled(template: str, event: Event, language: str) -> str:
    """The template with the event's values; nothing in a value is read as a template."""
    found = []
    for literal, field, _, _ in Formatter().parse(template):
        found.append(literal)
        if field is not None:
            found.append(FIELDS[field](event, language))
    return "".join(found)


PLAIN = Voice()
"""The usual words, in English."""
