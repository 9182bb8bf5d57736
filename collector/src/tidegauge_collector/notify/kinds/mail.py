"""E-mail over SMTP, encrypted: each message as text and as HTML, those of a thread in one conversation, the same id at each attempt."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape

from tidegauge_collector.control import OutboxRow, Thread
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.channel import Answer, Endpoint, Mail, Manners, Note, Talk, ask
from tidegauge_collector.notify.events import Event, read_event
from tidegauge_collector.notify.outcomes import DeadLetter, Done, Outcome, PauseChannel, Retry
from tidegauge_collector.notify.voice import PLAIN, Voice
from tidegauge_collector.notify.wording import cut

SECURITY = ("starttls", "tls", "none")
PORTS = {"starttls": 587, "tls": 465, "none": 25}
SUBJECT_CHARACTERS = 200
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
OF_THE_CHANNEL = frozenset({530, 534, 535, 538})
"""No TLS, or no login: of every message, not of this one."""


@dataclass(frozen=True, slots=True)
class EmailChannel:
    """`server`: the name of an SMTP server. `security`: starttls (587), tls (465), or none for a server on this machine in `allow`."""

    name: str
    server: str
    sender: str
    to: tuple[str, ...]
    security: str = "starttls"
    port: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    allow: tuple[str, ...] = ()
    voice: Voice = PLAIN
    per_minute: int | None = None

    def __post_init__(self) -> None:
        if self.security not in SECURITY:
            choice = ", ".join(SECURITY)
            raise ConfigError(f"security of channel {self.name!r} is {self.security!r}: write one of {choice}")
        if self.security == "none" and not (self.server in LOOPBACK and self.server in self.allow):
            raise ConfigError(
                f"channel {self.name!r} would send mail in the clear: that goes only to this machine, and only where "
                'it is allowed by its name, e.g. server = "localhost", allow = ["localhost"]'
            )
        if self.security == "none" and self.password:
            raise ConfigError(f"channel {self.name!r} would send its password in the clear: leave it out, or encrypt")
        if bool(self.username) != bool(self.password):
            raise ConfigError(f"channel {self.name!r}: give username and password, or neither")
        for address in (self.sender, *self.to):
            if not _is_address(address):
                raise ConfigError(f"channel {self.name!r}: {address!r} is no address: write name@example.com")
        _ = self.endpoint

    @property
    def endpoint(self) -> Endpoint:
        scheme = "smtp" if self.security == "none" else "smtps"
        host = f"[{self.server}]" if ":" in self.server else self.server
        url = f"{scheme}://{host}:{self.port or PORTS[self.security]}"
        return Endpoint(self.name, url, self._secrets, self.allow, ("smtp", "smtps"))

    @property
    def _secrets(self) -> tuple[str, ...]:
        """The password, also as the logins of SMTP write it: PLAIN (RFC 4616) and LOGIN."""
        if not self.password:
            return ()
        logins = (f"\0{self.username}\0{self.password}", self.password)
        return self.password, *(base64.b64encode(one.encode()).decode("ascii") for one in logins)

    @property
    def manners(self) -> Manners:
        return Manners(per_minute=self.per_minute)

    def converse(
        self, message: OutboxRow, thread: Thread | None, *, now_us: int, may_have_arrived: int | None = None
    ) -> Talk:
        """One mail to those who do not have it yet."""
        del now_us, may_have_arrived  # the same Message-ID again is the same mail
        event = read_event(message.body)
        known = dict(thread.remembered) if thread is not None else {}
        left = known.get("left") or {}
        to = tuple(left.get("to", self.to)) if left.get("message") == message.delivery_id else self.to
        login = (self.username, self.password) if self.password else None
        content = render(event, message.delivery_id, self).as_bytes()
        answer = yield from ask(Mail(content, _plain(self.sender), tuple(map(_plain, to)), self.security, login))
        codes = answer.json().get("refused")
        refused = codes if isinstance(codes, Mapping) else {}
        for_now = [address for address in to if refused.get(_plain(address), 0) in range(400, 500)]
        for_ever = [address for address in to if refused.get(_plain(address), 0) >= 500]
        if answer.status != 250:
            return self.classify(answer)
        if for_now:
            yield Note({**known, "left": {"message": message.delivery_id, "to": for_now}})
            return Retry(0.0, f"refused for the moment: {', '.join(for_now)}")
        return Done(f"refused for ever: {', '.join(for_ever)}") if for_ever else Done()

    def classify(self, answer: Answer) -> Outcome:
        """By the code of SMTP: 4xx passes, 5xx does not."""
        if answer.status in OF_THE_CHANNEL:
            return PauseChannel(f"SMTP {answer.status}: the server offers no TLS, or does not take the login")
        if 400 <= answer.status < 500:
            return Retry(0.0, f"SMTP {answer.status}")
        return DeadLetter(f"SMTP {answer.status}: the server does not take this mail")


def render(event: Event, delivery_id: str, channel: EmailChannel) -> EmailMessage:
    """The mail, the same for the same message. Raises MessageError or ValueError where a header would be broken."""
    voice, domain = channel.voice, _plain(channel.sender).rpartition("@")[2]
    line = voice.headline(event)
    facts, remarks = voice.facts(event), voice.remarks(event)
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = channel.sender, ", ".join(channel.to)
    mail["Subject"] = cut(_printable(line), SUBJECT_CHARACTERS)
    mail["Date"] = format_datetime(datetime.fromisoformat(event.at))
    mail["Message-ID"] = f"<{delivery_id}@{domain}>"
    if event.key:
        root = f"<{event.key}@{domain}>"
        mail["In-Reply-To"], mail["References"] = root, root
    mail["Auto-Submitted"] = "auto-generated"
    text = [line, "", *remarks, *(f"{label}: {value}" for label, value in facts), "", event.url]
    mail.set_content("\n".join(text).strip() + "\n", cte="quoted-printable")
    mail.add_alternative(_html(line, remarks, facts, event, voice), subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_{delivery_id}")
    return mail


def _html(line: str, remarks: list[str], facts: list[tuple[str, str]], event: Event, voice: Voice) -> str:
    rows = "".join(f"<tr><th align=left>{escape(label)}</th><td>{escape(value)}</td></tr>" for label, value in facts)
    said = "".join(f"<p>{escape(each)}</p>" for each in remarks)
    link = f'<p><a href="{escape(event.url)}">{escape(voice.open_label)}</a></p>' if event.url else ""
    return f"<!doctype html><html><body><h3>{escape(line)}</h3>{said}<table>{rows}</table>{link}</body></html>\n"


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)


def _plain(address: str) -> str:
    return parseaddr(address)[1]


def _is_address(text: str) -> bool:
    try:
        EmailMessage(policy=SMTP)["To"] = text
    except (MessageError, ValueError):
        return False
    plain = _plain(text)
    local, _, domain = plain.rpartition("@")
    return bool(local and domain) and plain.isascii() and plain.isprintable() and " " not in plain and "," not in text
