"""A mail server: takes nothing before TLS and login, keeps each mail, and refuses, breaks off or falls silent where a script says so.

Faults: a code for the next MAIL; "drop" after DATA (the mail is kept); "hang"; "no_tls" offers none. `refuse`: codes by recipient.
"""

import asyncio
import base64
import contextlib
from collections import deque
from email import message_from_bytes
from email.policy import SMTP


class MailServer:
    def __init__(self, tls, *, implicit=False, login=("bot@example.com", "smtp-secret")):
        self._tls, self._implicit = tls, implicit
        self._login = base64.b64encode("\0".join(("", *login)).encode()).decode() if login else None
        self.script = deque()
        self.refuse = {}
        self.mails = []  # (recipients, message)
        self.drops = 0
        self.problems = []
        self._closing = asyncio.Event()
        self._sessions = set()

    async def start(self):
        tls = self._tls if self._implicit else None
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self):
        self._closing.set()
        self._server.close()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._sessions.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        except (AssertionError, ValueError, IndexError) as problem:
            self.problems.append(repr(problem))
        finally:
            self._sessions.discard(task)
            writer.close()
            with contextlib.suppress(OSError):  # also what TLS says to an end without goodbye
                await writer.wait_closed()

    async def _talk(self, reader, writer):  # noqa: PLR0912 - a protocol, command by command
        encrypted, known, to = self._implicit, self._login is None, []
        fault = self.script.popleft() if self.script else None

        def say(text):
            writer.write(text.encode() + b"\r\n")

        if fault == "hang":
            await self._closing.wait()
            return
        say("220 mail.test ESMTP")
        while line := (await reader.readline()).decode():
            assert line.endswith("\r\n"), "a bare line feed"
            verb, _, rest = line.strip().partition(" ")
            match verb.upper():
                case "EHLO":
                    offers = [] if encrypted or fault == "no_tls" or self._tls is None else ["STARTTLS"]
                    lines = ["mail.test", *offers, *(["AUTH PLAIN"] if encrypted else []), "8BITMIME"]
                    for each in lines[:-1]:
                        say(f"250-{each}")
                    say(f"250 {lines[-1]}")
                case "STARTTLS":
                    say("220 go on")
                    await writer.drain()
                    await writer.start_tls(self._tls)
                    encrypted = True
                case "AUTH":
                    assert encrypted, "a password in the clear"
                    known = rest == f"PLAIN {self._login}"
                    say("235 welcome" if known else "535 who are you")
                case "MAIL":
                    assert known, "mail before the login"
                    assert encrypted or self._tls is None, "mail in the clear"
                    say(f"{fault} not now" if isinstance(fault, int) else "250 ok")
                case "RCPT":
                    address = rest[rest.index("<") + 1 : rest.index(">")]
                    code = self.refuse.get(address, 250)
                    to += [address] if code == 250 else []
                    say(f"{code} {address}")
                case "DATA":
                    say("354 go on")
                    content = await reader.readuntil(b"\r\n.\r\n")
                    assert b"\n" not in content.replace(b"\r\n", b""), "a bare line feed"
                    self.mails.append((to, message_from_bytes(content[:-3].replace(b"\r\n..", b"\r\n."), policy=SMTP)))
                    if fault == "drop":
                        self.drops += 1
                        return
                    say("250 taken")
                case "RSET":
                    to = []
                    say("250 ok")
                case "QUIT":
                    return
                case _:
                    raise AssertionError(f"command {verb}")
