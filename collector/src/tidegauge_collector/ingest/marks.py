"""Marks: for each epoch the highest number that the collector holds durably, without a hole below it. In memory, rebuilt at start."""

from collections.abc import Iterable, Mapping

from tidegauge_collector.ingest.framelog import LogEntry


class Marks:
    """The marks of all epochs; only the event loop's thread changes them."""

    def __init__(self, initial: Mapping[bytes, int], entries: Iterable[LogEntry] = ()) -> None:
        """Begin with the folded marks and add what lies in the log behind the folded position.

        `entries` may repeat what is folded already; a mark never goes back.
        """
        self._marks = dict(initial)
        self._closed: set[bytes] = set()
        for entry in entries:
            self.advance(entry.epoch, entry.last_seq)
            if entry.closed:
                self.close(entry.epoch)

    def mark(self, epoch: bytes) -> int:
        """The mark of an epoch, 0 where nothing of it was ever received."""
        return self._marks.get(epoch, 0)

    def __contains__(self, epoch: bytes) -> bool:
        return epoch in self._marks

    def advance(self, epoch: bytes, last_seq: int) -> None:
        """Say that everything up to `last_seq` is durable."""
        if last_seq > self._marks.get(epoch, 0):
            self._marks[epoch] = last_seq
            self._closed.discard(epoch)

    def close(self, epoch: bytes) -> None:
        """Say that nothing follows the mark."""
        self._closed.add(epoch)

    def is_closed(self, epoch: bytes) -> bool:
        """Say whether the writer of an epoch has ended."""
        return epoch in self._closed

    def as_dict(self) -> dict[bytes, int]:
        """All marks, as a copy."""
        return dict(self._marks)
