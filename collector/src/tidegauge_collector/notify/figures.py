"""The channels' figures for `/metrics`."""

from collections.abc import Mapping

from tidegauge_collector.control import ChannelFigures
from tidegauge_collector.notify.sender import OutboxSender

Family = tuple[str, str, str, list[tuple[dict[str, str], float]]]


def channel_families(figures: Mapping[str, ChannelFigures], sender: OutboxSender, now_us: int) -> list[Family]:
    """Families (name, type, help, samples)."""
    by_channel = sorted(figures.items())
    return [
        (
            "tidegauge_outbox_depth",
            "gauge",
            "Messages that wait, by channel.",
            [({"channel": name}, float(one.depth)) for name, one in by_channel],
        ),
        (
            "tidegauge_outbox_oldest_seconds",
            "gauge",
            "Age of the oldest message that waits, by channel.",
            [
                ({"channel": name}, max(now_us - one.oldest_us, 0) / 1e6)
                for name, one in by_channel
                if one.oldest_us is not None
            ],
        ),
        (
            "tidegauge_dead_letters",
            "gauge",
            "Messages that were given up, by channel.",
            [({"channel": name}, float(one.dead)) for name, one in by_channel],
        ),
        (
            "tidegauge_channel_paused",
            "gauge",
            "1 while nothing is sent to a channel until somebody mends it.",
            [({"channel": name}, float(name in sender.paused)) for name in sorted(sender.channels)],
        ),
        (
            "tidegauge_notifications_total",
            "counter",
            "Attempts by channel and outcome.",
            [({"channel": c, "outcome": o}, float(n)) for (c, o), n in sorted(sender.counts.items())],
        ),
    ]
