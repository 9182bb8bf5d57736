"""Pure: how fast one agent may send. A token bucket for frames and one for bytes for each; time is an argument."""

from dataclasses import dataclass

BURST_S = 5.0  # so long may an agent send as fast as it can after a pause
MAX_SENDERS = 20_000


@dataclass(slots=True)
class _Bucket:
    frames: float
    size: float
    at_us: int


class Rates:
    """Buckets of the agents heard of last, at most `max_senders`: one that was long unheard of has a full bucket anyway.

    A bucket may go below zero by one batch, so that a batch larger than the bucket is taken as well, and paid for after it.
    """

    def __init__(self, *, frames_per_s: float, bytes_per_s: float, max_senders: int = MAX_SENDERS) -> None:
        self._frames_per_s = frames_per_s
        self._bytes_per_s = bytes_per_s
        self._max_senders = max_senders
        self._buckets: dict[str, _Bucket] = {}  # in the order of use

    def wait_ms(self, sender: str, now_us: int) -> tuple[str, float]:
        """What is used up ("frames", "bytes" or "") and how long until there is some again."""
        bucket = self._filled(sender, now_us)
        waits = {"frames": -bucket.frames / self._frames_per_s, "bytes": -bucket.size / self._bytes_per_s}
        what = max(waits, key=lambda name: waits[name])
        return (what, waits[what] * 1_000) if waits[what] >= 0 else ("", 0.0)

    def take(self, sender: str, now_us: int, *, frames: int, size_bytes: int) -> None:
        """Note what a sender was allowed to send."""
        bucket = self._filled(sender, now_us)
        bucket.frames -= frames
        bucket.size -= size_bytes

    def _filled(self, sender: str, now_us: int) -> _Bucket:
        """The sender's bucket as it is now; a clock that goes back fills nothing."""
        most_frames, most_bytes = self._frames_per_s * BURST_S, self._bytes_per_s * BURST_S
        bucket = self._buckets.pop(sender, None) or _Bucket(most_frames, most_bytes, now_us)
        passed_s = max(0.0, (now_us - bucket.at_us) / 1e6)
        bucket.frames = min(most_frames, bucket.frames + passed_s * self._frames_per_s)
        bucket.size = min(most_bytes, bucket.size + passed_s * self._bytes_per_s)
        bucket.at_us = now_us
        self._buckets[sender] = bucket
        while len(self._buckets) > self._max_senders:
            del self._buckets[next(iter(self._buckets))]
        return bucket
