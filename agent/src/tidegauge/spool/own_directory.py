"""The epoch directory of a writer: made, locked, noticed when somebody deletes it, made again."""

import contextlib
import errno
import os
import uuid
from pathlib import Path

from tidegauge.errors import SpoolLocked
from tidegauge.spool.disk import (
    CAN_OPEN_DIRECTORIES,
    DIRECTORY_MODE,
    DirectoryHandle,
    close_directory,
    make_root,
    open_directory,
    sync_directory,
)
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
        try:
            there = self.path.lstat()
        except FileNotFoundError:
            return True
        if not isinstance(self.descriptor, int):
            return False  # it cannot be replaced while the lock file in it is open
        ours = os.fstat(self.descriptor)
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
        close_directory(self.descriptor)

    def abandon(self) -> None:
        """Close in a forked child; the lock stays the parent's."""
        self.lock.abandon()
        close_directory(self.descriptor)

    def _make(self, durable_seq: int = 0) -> tuple[DirectoryHandle, WriterLock]:
        """Make the directory under a name that nobody lists and lock it before it gets its own: no one ever sees it unlocked."""
        if not CAN_OPEN_DIRECTORIES:
            return self._make_in_place(durable_seq)
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
            close_directory(descriptor)
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
                raise SpoolLocked(f"spool {self.path}: exists already: every writer makes its own epoch") from error
            raise
        return descriptor, lock

    def _make_in_place(self, durable_seq: int) -> tuple[DirectoryHandle, WriterLock]:
        """The same where nothing that holds an open file can be renamed: for a moment others see the directory unlocked and empty."""
        try:
            self.path.mkdir(mode=DIRECTORY_MODE)
        except FileExistsError as error:
            raise SpoolLocked(f"spool {self.path}: exists already: every writer makes its own epoch") from error
        directory = open_directory(self.path)
        return directory, _lock_in(directory, durable_seq)


def _lock_in(directory: DirectoryHandle, durable_seq: int) -> WriterLock:
    try:
        return WriterLock.take(directory, durable_seq)
    except BaseException:
        close_directory(directory)
        raise
