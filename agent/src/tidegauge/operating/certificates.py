"""Until when a certificate is valid, read from its DER bytes: Python's ssl tells it of the other side's certificate alone.

Certificate = SEQUENCE { SEQUENCE { [0] version?, serial, algorithm, issuer, SEQUENCE { notBefore, notAfter }, … } … }    RFC 5280
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_PARTS_BEFORE_VALIDITY = 3
_CENTURY = 50  # two digits below are 20xx


def ends_at(pem: bytes) -> datetime:
    """When the first certificate of a PEM file ends; ValueError where there is none that can be read."""
    start, end = pem.find(_BEGIN), pem.find(_END)
    if start < 0 or end < start:
        raise ValueError("no certificate in PEM is in it")
    (certificate,) = _parts(ssl.PEM_cert_to_DER_cert(pem[start : end + len(_END)].decode("ascii", "replace")))
    parts = [one for one in _parts(next(_parts(certificate[1]))[1]) if one[0] != _VERSION]
    tag, validity = parts[_PARTS_BEFORE_VALIDITY]
    _, (kind, text) = _parts(validity)
    if tag != _SEQUENCE or kind not in {_UTC_TIME, _GENERALIZED_TIME}:
        raise ValueError("no certificate: it does not say until when it is valid")
    written = text.decode("ascii")
    if kind == _UTC_TIME:
        written = ("20" if int(written[:2]) < _CENTURY else "19") + written
    return datetime.strptime(written, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _parts(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The tags and contents of DER values that follow each other; ValueError where they are cut."""
    at = 0
    while at < len(content):
        head = content[at : at + 2]
        at += 2
        length = head[1] if len(head) > 1 else len(content)
        if length & 0x80:
            octets = length & 0x7F
            length = int.from_bytes(content[at : at + octets], "big")
            at += octets
        if at + length > len(content):
            raise ValueError("no certificate: its bytes are cut")
        yield head[0], content[at : at + length]
        at += length
