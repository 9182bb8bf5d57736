"""What can go wrong at the agent, sorted by what the caller does next.

TidegaugeError
├── UsageError            the call or an option is wrong: mend the code (raised by explicit calls and `init`, never by `watch`)
├── SpoolError            the spool directory cannot be used
│   ├── SpoolLocked       another process writes there
│   └── SpoolVersionError written by a newer Tidegauge: upgrade this one
└── WireError             bytes that are not a valid frame: quarantine them
"""


class TidegaugeError(Exception):
    """Root of every error that Tidegauge's agent raises."""


class UsageError(TidegaugeError, ValueError):
    """A call or an option is wrong; the message names the thing, the value and the fix."""


class SpoolError(TidegaugeError):
    """The spool directory cannot be used."""


class SpoolLocked(SpoolError):  # noqa: N818 - the tree above reads as states
    """Another process holds the lock of this spool."""


class SpoolVersionError(SpoolError):
    """The spool was written in a format newer than this version reads."""


class WireError(TidegaugeError):
    """Bytes that are not a valid frame."""
