"""The collector's place: a data directory of its own, free addresses, and `endpoints.json`, which says where it listens."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from pathlib import Path

from tidegauge_collector import __version__
from tidegauge_collector.errors import CollectorError, ConfigError, DataDirectoryLocked
from tidegauge_collector.settings import Address

ENDPOINTS = "endpoints.json"


def occupy(data: Path) -> int:
    """Make the directory this process's own, for as long as the returned descriptor is open.

    Raises ConfigError where it cannot be used, DataDirectoryLocked where another process has it.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise ConfigError(
            f"data directory {data} cannot be used ({problem.strerror}): give another --data, or mend its permissions"
        ) from problem
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise DataDirectoryLocked(
            f"data directory {data} is in use by process {holder}: stop that collector, or give another --data"
        ) from problem
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    (data / ENDPOINTS).unlink(missing_ok=True)  # left behind by one that was killed
    return descriptor


def is_in_use(data: Path) -> bool:
    """Whether a collector, or a command that needs it to stand still, has the directory now."""
    try:
        descriptor = os.open(data / "lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def check_free(address: Address) -> None:
    """Raise CollectorError where something listens on an address: before a store is touched."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as problem:
            raise CollectorError(
                f"address {address} cannot be bound ({problem.strerror or problem}): "
                "stop what listens there, or set another address"
            ) from problem


def announce(data: Path, *, http: str, grpc: str) -> Path:
    """Write where the collector listens; the path of the file, which is to be removed when it no longer does."""
    path = data / ENDPOINTS
    content = {"http": http, "grpc": grpc, "pid": os.getpid(), "version": __version__}
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content) + "\n", encoding="utf-8")
    temporary.replace(path)
    return path
