"""Hands a mail to an SMTP server, in a thread, over TLS, at an address that was checked and is then the one connected to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import smtplib
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from aiohttp.abc import AbstractResolver
from yarl import URL

from tidegauge_collector.notify.channel import Answer, Endpoint, Mail
from tidegauge_collector.notify.reaching import CheckedResolver

WAIT_S = 10.0  # for each answer of the server
TOTAL_S = 30.0
NO_TLS = 538  # RFC 4954: encryption required; here for a server that offers none


def trusted() -> ssl.SSLContext:
    """Certificates and names are checked, against the authorities of the system."""
    return ssl.create_default_context()


async def send_mail(endpoint: Endpoint, mail: Mail, *, resolver: AbstractResolver | None = None) -> Answer:
    """The server's last word. Raises OSError where it has none: no connection, no TLS, silence; DestinationRefused."""
    url = URL(endpoint.url)
    host, port = url.raw_host or "", url.port or 0
    checked = CheckedResolver(url, endpoint.destinations, resolver)
    found = await checked.resolve(host, port, socket.AF_UNSPEC)
    call = _Call(host, found[0]["host"], port)
    work = asyncio.ensure_future(asyncio.to_thread(call.hand_over, mail))
    try:
        done, _ = await asyncio.wait({work}, timeout=TOTAL_S)
    finally:
        if not work.done():
            call.hang_up()  # a thread cannot be cancelled, but what it waits for can be ended
            await asyncio.wait({work})
    if not done:
        raise TimeoutError(f"the mail server was not done in {TOTAL_S:g} s")
    return work.result()


class _Call:
    """One connection to one address."""

    def __init__(self, host: str, address: str, port: int) -> None:
        self.host, self.port = host, port
        self._address = address
        self._handle: socket.socket | None = None  # of the same connection, whatever TLS does with the other one
        self._is_over = False

    def hang_up(self) -> None:
        """End it from another thread."""
        self._is_over = True
        if self._handle is not None:
            with contextlib.suppress(OSError):  # it has ended by itself
                self._handle.shutdown(socket.SHUT_RDWR)

    def hand_over(self, mail: Mail) -> Answer:
        """The server's last word, with the refusals of single recipients."""
        try:
            refused = self._sent(mail)
        except smtplib.SMTPRecipientsRefused as problem:
            codes = {address: code for address, (code, _) in problem.recipients.items()}
            return Answer(min(codes.values()), {}, _refusals(codes))
        except smtplib.SMTPResponseException as problem:
            text = problem.smtp_error
            return Answer(problem.smtp_code, {}, text if isinstance(text, bytes) else text.encode())
        except smtplib.SMTPNotSupportedError as problem:
            return Answer(NO_TLS, {}, str(problem).encode())
        finally:
            if self._handle is not None:
                self._handle.close()
        return Answer(250, {}, _refusals({address: code for address, (code, _) in refused.items()}))

    def _sent(self, mail: Mail) -> Mapping[str, tuple[int, bytes]]:
        own_name = mail.sender.rpartition("@")[2]
        server = _Encrypted(self, own_name) if mail.security == "tls" else _Plain(self, own_name)
        try:
            if mail.security == "starttls":
                server.starttls(context=trusted())
            if mail.login is not None:
                server.login(*mail.login)
            refused = server.sendmail(mail.sender, mail.recipients, mail.content)
            server.putcmd("QUIT")  # what it says to that is no matter: it has the mail
        finally:
            server.close()
        return refused

    def dial(self) -> socket.socket:
        """Connect to the address that was checked, whatever its name may lead to by now."""
        dialled = socket.create_connection((self._address, self.port), WAIT_S)
        self._handle = dialled.dup()
        if self._is_over:
            self.hang_up()
        return dialled


class _Plain(smtplib.SMTP):
    """Dials as its call says."""

    def __init__(self, call: _Call, own_name: str) -> None:
        self._call = call
        super().__init__(call.host, call.port, own_name, WAIT_S)

    def _get_socket(self, *_: Any) -> socket.socket:
        return self._call.dial()


class _Encrypted(smtplib.SMTP_SSL):
    """The same, with TLS from the first byte; the certificate is checked against the name."""

    def __init__(self, call: _Call, own_name: str) -> None:
        self._call = call
        super().__init__(call.host, call.port, own_name, timeout=WAIT_S, context=trusted())

    def _get_socket(self, *_: Any) -> socket.socket:
        return trusted().wrap_socket(self._call.dial(), server_hostname=self._call.host)


def _refusals(codes: Mapping[str, int]) -> bytes:
    return json.dumps({"refused": dict(codes)}).encode() if codes else b""
