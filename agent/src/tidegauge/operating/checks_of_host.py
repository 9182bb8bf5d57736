"""Checks of what is installed. Loads none of it."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from tidegauge.operating.findings import FAIL, OK, Finding
from tidegauge.version import __version__
from tidegauge.wire.codec import PROTOCOL_VERSION

OLDEST = {"numpy": (1, 26), "protobuf": (4, 25), "grpcio": (1, 62)}


def check_versions() -> list[Finding]:
    """What runs here, and what is too old or missing."""
    text = f"tidegauge {__version__}, protocol {PROTOCOL_VERSION}, Python {platform.python_version()} on {sys.platform}"
    findings = [Finding("versions", OK, text)]
    found: list[str] = []
    for name, oldest in OLDEST.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            findings.append(Finding("versions", FAIL, f"{name} is not installed", f"pip install '{_wanted(name)}'"))
            continue
        found.append(f"{name} {installed}")
        if _numbers(installed) < oldest:
            findings.append(
                Finding("versions", FAIL, f"{name} {installed} is too old", f"pip install '{_wanted(name)}'")
            )
    return [*findings, Finding("versions", OK, ", ".join(found))] if found else findings


def _wanted(name: str) -> str:
    return f"{name}>={'.'.join(map(str, OLDEST[name]))}"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdecimal())
