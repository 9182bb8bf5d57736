"""What can end the collector, sorted by what its operator does next; each carries the exit code of the process.

CollectorError (1)
├── ConfigError (78)          a setting or a path is wrong: mend it (EX_CONFIG; no use in retrying)
├── DataDirectoryLocked (75)  another collector works on this data: stop it, or wait (EX_TEMPFAIL)
├── NewerDataError (78)       written by a newer Tidegauge: upgrade this one, or restore a backup
└── StoreFatal (70)           a store cannot go on in this process: leave it and start again (EX_SOFTWARE)
"""

from typing import ClassVar


class CollectorError(Exception):
    """Root of every error that ends the collector; `exit_code` is what the process returns."""

    exit_code: ClassVar[int] = 1


class ConfigError(CollectorError):
    """A setting or a path is wrong; the message names it, its value and the fix."""

    exit_code: ClassVar[int] = 78


class DataDirectoryLocked(CollectorError):  # noqa: N818 - says what is the case
    """Another process holds the data directory; nothing was touched."""

    exit_code: ClassVar[int] = 75


class NewerDataError(CollectorError):
    """The data was written by a newer Tidegauge than this one; nothing was touched."""

    exit_code: ClassVar[int] = 78


class StoreFatal(CollectorError):  # noqa: N818
    """A store cannot continue in this process; a restart is the cure."""

    exit_code: ClassVar[int] = 70
