"""Reference bins beside the spool, so that every worker of a host counts in the same bins.

    <root>/bins/<deployment>/<version, percent-encoded>.pb        an encoded VersionConfiguration

Written by `baseline()` and by the shipper, read by the workers; replaced at once, never half there.
"""

import hashlib
import os
import re
import tempfile
from pathlib import Path
from urllib.parse import quote

from google.protobuf.message import DecodeError

from tidegauge.core.bins import ReferenceBins
from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_bins, encode_bins

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_MAX_NAME = 200  # bytes; file systems allow 255


def is_deployment_name(name: str) -> bool:
    """Say whether a name is a slug as the contract wants it (which also makes it a safe file name)."""
    return _SLUG.fullmatch(name) is not None


def bins_path(root: Path, deployment: str, version: str) -> Path:
    """Where the bins of a model version lie; WireError where the deployment is no slug, so that no name leaves the directory."""
    if not is_deployment_name(deployment):
        raise WireError(f"deployment {deployment!r} is not a slug ({_SLUG.pattern}): rename it")
    name = quote(version, safe="", errors="backslashreplace")
    if len(name) > _MAX_NAME:
        digest = hashlib.blake2b(version.encode(errors="backslashreplace"), digest_size=16).hexdigest()
        name = f"{name[:100]}={digest}"  # "=" is never left as it is by quote, so that no short name can be equal
    return root / "bins" / deployment / f"{name}.pb"


def read_bins(root: Path, deployment: str, version: str) -> ReferenceBins | None:
    """The bins of a model version, None where there are none; WireError where the file is damaged."""
    path = bins_path(root, deployment, version)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    configuration = pb.VersionConfiguration()
    try:
        configuration.ParseFromString(content)
    except DecodeError as error:
        raise WireError(f"{path} is damaged ({error}): delete it, it is fetched again") from error
    if (configuration.deployment, configuration.version) != (deployment, version):
        raise WireError(
            f"{path} holds bins of {configuration.deployment} {configuration.version!r}: delete it, it is fetched again"
        )
    return decode_bins([configuration.bins])


def write_bins(root: Path, deployment: str, version: str, bins: ReferenceBins) -> Path:
    """Store the bins of a model version and return where; raises OSError where the root cannot be written."""
    return write_configuration(
        root, pb.VersionConfiguration(deployment=deployment, version=version, bins=encode_bins(bins))
    )


def write_configuration(root: Path, configuration: pb.VersionConfiguration) -> Path:
    """Store what a collector handed out for one version, or forget its bins where it has none any more.

    Raises WireError where the bins make no sense (nothing is written then), OSError where the root cannot be written.
    """
    path = bins_path(root, configuration.deployment, configuration.version)
    if not configuration.HasField("bins"):
        path.unlink(missing_ok=True)
        return path
    decode_bins([configuration.bins])
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = configuration.SerializeToString(deterministic=True)
    if not (path.exists() and path.read_bytes() == content):  # workers look at the time of the file
        _replace(path, content)
    return path


def _replace(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
