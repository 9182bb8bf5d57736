"""Group commit: one thread appends what has come together and makes it durable with one fdatasync for all who wait.

It commits as soon as the disk is free, so that a lone batch waits for one fdatasync and a crowd for at most two.
"""

import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field

import structlog

from tidegauge.errors import TidegaugeError
from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.ingest.batch import beyond
from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.ingest.framelog import NO_FRAME, FrameLog, LogEntry

log = structlog.get_logger(__name__)

MAX_GROUP = 512  # submissions that share one fdatasync


@dataclass(frozen=True, slots=True)
class _Submission:
    entries: list[LogEntry]
    done: Future[None] = field(default_factory=Future)


class Committer:
    """Owns the writing end of the log. After a failed commit the entries stay in the log's memory; `_appended` knows them.

    While the disk refuses nothing new is taken into memory: first the old must go.
    """

    def __init__(self, log: FrameLog, counters: IngestCounters) -> None:
        self._log = log
        self._counters = counters
        self._queue: queue.SimpleQueue[_Submission | None] = queue.SimpleQueue()
        self._appended: dict[bytes, int] = {}  # last number appended per epoch; only the thread uses it
        self._is_failing = False  # likewise
        self._thread = threading.Thread(target=self._run, name="frame-log-committer", daemon=True)
        self._thread.start()

    def submit(self, entries: list[LogEntry]) -> Future[None]:
        """Have entries made durable; the future ends when they are, or with the error of the disk.

        Entries that this committer has appended before are not appended again.
        """
        submission = _Submission(entries)
        self._queue.put(submission)
        return submission.done

    def close(self) -> None:
        """Finish what was submitted and end the thread; the log stays open."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, ends = self._gather(first)
            self._serve(group)
            if ends:
                return

    def _gather(self, first: _Submission) -> tuple[list[_Submission], bool]:
        group = [first]
        while len(group) < MAX_GROUP:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
            if following is None:
                return group, True
            group.append(following)
        return group, False

    def _serve(self, group: list[_Submission]) -> None:
        try:
            if self._is_failing:
                self._log.commit()
            crash_here("log.before_append")
            for submission in group:
                self._append(submission.entries)
            self._log.commit()
        except Exception as error:  # told to those who wait; the thread goes on for those who come
            self._is_failing = True
            self._counters.count("commit_errors")
            if not isinstance(error, (TidegaugeError, OSError)):
                log.exception("log.failed")
            _finish(group, error)
        except BaseException as error:
            _finish(group, error)  # nobody may wait for ever, whatever happened here
            raise
        else:
            self._is_failing = False
            self._counters.count("commits")
            crash_here("log.durable")
            _finish(group, None)

    def _append(self, entries: list[LogEntry]) -> None:
        for entry in entries:
            appended = self._appended.get(entry.epoch, 0)
            for rest in [entry] if entry.kind == NO_FRAME else beyond([entry], appended):
                self._log.append(rest)
                self._appended[entry.epoch] = rest.last_seq


def _finish(group: list[_Submission], error: BaseException | None) -> None:
    for submission in group:
        if not submission.done.set_running_or_notify_cancel():
            continue
        if error is None:
            submission.done.set_result(None)
        else:
            submission.done.set_exception(error)
