"""Names that sort by the time they were made."""

import secrets


def uuid7_hex(now_us: int) -> str:
    """A UUID version 7 (RFC 9562, 5.7) as 32 hexadecimal digits: milliseconds, then 74 random bits."""
    milliseconds = (now_us // 1000) & ((1 << 48) - 1)
    random = secrets.randbits(74)
    value = milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & ((1 << 62) - 1)
    return f"{value:032x}"


def delivery_id(now_us: int) -> str:
    """Identity of one message to one channel, the same over all its attempts (Standard Webhooks: no dot in it)."""
    return f"msg_{uuid7_hex(now_us)}"
