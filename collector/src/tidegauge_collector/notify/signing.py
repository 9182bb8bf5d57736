"""Signatures of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com): HMAC-SHA256 over id, time and exact body."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from tidegauge_collector.errors import ConfigError

PREFIX = "whsec_"
MIN_KEY_BYTES, MAX_KEY_BYTES = 24, 64


def signing_key(secret: str, *, channel: str) -> bytes:
    """The key bytes of a `whsec_…` secret; raises ConfigError, which never repeats the secret, where it is none."""
    fix = "make one with `openssl rand -base64 32` and put whsec_ before it"
    if not secret.startswith(PREFIX):
        raise ConfigError(f"secret of channel {channel!r} does not begin with {PREFIX}: {fix}")
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise ConfigError(f"secret of channel {channel!r} is not base64 after {PREFIX}: {fix}") from problem
    if not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise ConfigError(
            f"secret of channel {channel!r} has {len(key)} bytes; {MIN_KEY_BYTES} to {MAX_KEY_BYTES} are allowed: {fix}"
        )
    return key


def signed_headers(keys: Sequence[bytes], delivery_id: str, body: bytes, *, now_s: int) -> dict[str, str]:
    """The three headers of one attempt; the id stays over attempts, time (whole seconds) and signatures do not.

    One signature for each key: while keys are exchanged a receiver may know either.
    """
    signed = f"{delivery_id}.{now_s}.".encode() + body
    digests = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii") for key in keys]
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": " ".join(f"v1,{digest}" for digest in digests),
    }
