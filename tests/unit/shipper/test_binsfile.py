"""Reference bins beside the spool."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.bins import CategoricalBins, NumericBins, ReferenceBins
from tidegauge.core.columns import ColumnKind
from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.binsfile import bins_path, read_bins, write_bins, write_configuration
from tidegauge.wire.codec import encode_bins


def bins(edge: float = 1.0) -> ReferenceBins:
    temperature = NumericBins("temp", True, 0.0, 2.0, (edge,), (), False, edge, 0.5, ColumnKind.NUMERIC)
    carrier = CategoricalBins("carrier", ("UA", "B6"), (), False, ColumnKind.CATEGORICAL)
    return ReferenceBins({"temp": temperature, "carrier": carrier})


def test_bins_are_read_back_equal(tmp_path: Path) -> None:
    write_bins(tmp_path, "flights-delay", "2026-11", bins())

    read = read_bins(tmp_path, "flights-delay", "2026-11")

    assert read is not None
    assert (read.bins_id, read.columns) == (bins().bins_id, bins().columns)
    assert read_bins(tmp_path, "flights-delay", "2026-12") is None


def test_what_the_collector_hands_out_replaces_and_removes(tmp_path: Path) -> None:
    write_bins(tmp_path, "shop", "v1", bins(1.0))

    write_configuration(tmp_path, pb.VersionConfiguration(deployment="shop", version="v1", bins=encode_bins(bins(1.5))))
    replaced = read_bins(tmp_path, "shop", "v1")
    write_configuration(tmp_path, pb.VersionConfiguration(deployment="shop", version="v1"))

    assert replaced is not None
    assert replaced.bins_id == bins(1.5).bins_id
    assert read_bins(tmp_path, "shop", "v1") is None


def test_same_bins_leave_the_file_untouched(tmp_path: Path) -> None:
    before = write_bins(tmp_path, "shop", "v1", bins()).stat()

    assert write_bins(tmp_path, "shop", "v1", bins()).stat().st_ino == before.st_ino


@pytest.mark.parametrize("deployment", ["..", "a/b", "", "A", ".hidden", "a" * 129])
def test_deployment_that_is_no_slug_never_becomes_a_path(tmp_path: Path, deployment: str) -> None:
    with pytest.raises(WireError, match="slug"):
        bins_path(tmp_path, deployment, "v1")


@given(version=st.text(max_size=128), other=st.text(max_size=128))
def test_every_version_has_its_own_file_within_the_directory(version: str, other: str) -> None:
    root = Path("/spool")
    path = bins_path(root, "shop", version)

    assert path.parent == root / "bins" / "shop"
    assert len(path.name.encode()) <= 255
    assert (path == bins_path(root, "shop", other)) == (version == other)


def test_damaged_file_is_a_wire_error_that_names_it(tmp_path: Path) -> None:
    path = write_bins(tmp_path, "shop", "v1", bins())
    path.write_bytes(b"\xff\xff\xff")

    with pytest.raises(WireError, match=r"v1\.pb"):
        read_bins(tmp_path, "shop", "v1")


def test_bins_that_make_no_sense_are_not_written(tmp_path: Path) -> None:
    strange = pb.VersionConfiguration(
        deployment="shop", version="v1", bins=pb.ReferenceBins(columns=[pb.ColumnBins(name="x")])
    )

    with pytest.raises(WireError, match="unknown kind"):
        write_configuration(tmp_path, strange)
    assert read_bins(tmp_path, "shop", "v1") is None
