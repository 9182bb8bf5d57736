"""The epoch directory of a writer: made, locked, noticed when somebody deletes it, made again."""

import contextlib
import errno
import os
import uuid
from pathlib import Path

from tidegauge.errors import SpoolLocked
from tidegauge.spool.disk import DIRECTORY_MODE, make_root, open_directory, sync_directory
from tidegauge.spool.epoch import epoch_directory_name
from tidegauge.spool.lock import WriterLock


class OwnDirectory:
    """`<root>/<epoch>/`, open and locked. Errors are OSError, or SpoolError where an operator has to mend something."""

    def __init__(self, root: Path, epoch: uuid.UUID) -> None:
        self.root = root
        self.path = root / epoch_directory_name(epoch)
        self.descriptor, self.lock = self._make()

    def is_deleted(self) -> bool:
        """Say whether the directory or its lock file is gone, or is not ours any more."""
        if self.lock.is_deleted:
            return True
        ours = os.fstat(self.descriptor)
        try:
            there = self.path.lstat()
        except FileNotFoundError:
            return True
        return (ours.st_dev, ours.st_ino) != (there.st_dev, there.st_ino)

    def make_again(self, durable_seq: int) -> None:
        """Make and lock anew what was deleted."""
        make_root(self.root)
        if os.path.lexists(self.path):
            descriptor = open_directory(self.path)
            lock = _lock_in(descriptor, durable_seq)
        else:
            descriptor, lock = self._make(durable_seq)
        self.release()
        self.descriptor, self.lock = descriptor, lock

    def release(self) -> None:
        """Unlock and close."""
        self.lock.release()
        os.close(self.descriptor)

    def abandon(self) -> None:
        """Close in a forked child; the lock stays the parent's."""
        self.lock.abandon()
        os.close(self.descriptor)

    def _make(self, durable_seq: int = 0) -> tuple[int, WriterLock]:
        """Make the directory under a name that nobody lists and lock it before it gets its own: no one ever sees it unlocked."""
        temporary = self.root / f".new-{self.path.name}"
        with contextlib.suppress(FileExistsError):
            temporary.mkdir(mode=DIRECTORY_MODE)
        descriptor = open_directory(temporary)
        lock = _lock_in(descriptor, durable_seq)
        try:
            temporary.rename(self.path)
            sync_directory(self.root)
        except OSError as error:
            lock.release()
            os.close(descriptor)
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
                raise SpoolLocked(f"spool {self.path}: exists already: every writer makes its own epoch") from error
            raise
        return descriptor, lock


def _lock_in(descriptor: int, durable_seq: int) -> WriterLock:
    try:
        return WriterLock.take(descriptor, durable_seq)
    except BaseException:
        os.close(descriptor)
        raise
