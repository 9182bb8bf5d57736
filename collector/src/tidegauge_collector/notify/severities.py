"""What a provider calls our two severities: its usual words, or the operator's."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tidegauge_collector.errors import ConfigError

OURS = ("failing", "warning")


def checked(
    channel: str, given: Mapping[str, str], usual: Mapping[str, str], allowed: Collection[str]
) -> dict[str, str]:
    """The usual words with the given ones in their place; `allowed` empty: any word. Raises ConfigError for others."""
    for ours, theirs in given.items():
        if ours not in OURS:
            raise ConfigError(f"severities of channel {channel!r} name {ours!r}: write {' and '.join(OURS)}")
        if allowed and theirs not in allowed:
            raise ConfigError(
                f"severities of channel {channel!r}: {ours} = {theirs!r}: write one of {', '.join(allowed)}"
            )
    return {**usual, **given}
