"""Epochs are UUIDv7 that never go back."""

import uuid

import pytest

from tidegauge.spool import epoch as epochs
from tidegauge.spool import epoch_directory_name, new_epoch
from tidegauge.spool.epoch import epoch_of


def test_an_epoch_is_a_version_7_uuid_of_the_rfc_variant() -> None:
    epoch = new_epoch()

    assert epoch.version == 7
    assert epoch.variant == uuid.RFC_4122


def test_the_first_48_bits_are_unix_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epochs, "_last", (0, 0))
    monkeypatch.setattr(epochs.time, "time_ns", lambda: 1_764_000_000_123_456_789)

    assert new_epoch().int >> 80 == 1_764_000_000_123


def test_epochs_increase_and_so_do_their_names() -> None:
    made = [new_epoch() for _ in range(10_000)]

    assert made == sorted(set(made))
    assert [epoch_directory_name(epoch) for epoch in made] == sorted(epoch_directory_name(epoch) for epoch in made)


def test_epochs_increase_when_the_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_epoch()
    monkeypatch.setattr(epochs.time, "time_ns", lambda: 1_000_000_000)

    assert new_epoch() > before


def test_a_new_epoch_follows_one_that_another_process_left_in_the_future() -> None:
    left = uuid.UUID("fff00000-0000-7fff-bfff-ffffffffffff")

    assert new_epoch(after=left) > left


@pytest.mark.parametrize("foreign", ["ffffffff-ffff-7fff-bfff-ffffffffffff", "ffffffff-ffff-4fff-bfff-ffffffffffff"])
def test_an_epoch_at_the_end_of_time_or_of_another_kind_is_not_followed(foreign: str) -> None:
    assert new_epoch(after=uuid.UUID(foreign)).version == 7


def test_a_directory_name_gives_its_epoch_back() -> None:
    epoch = new_epoch()

    assert epoch_of(epoch_directory_name(epoch)) == epoch


@pytest.mark.parametrize("name", ["quarantine", "maintenance", "", "019B00000000700080000000000000AA", ".new-x"])
def test_other_names_are_not_epochs(name: str) -> None:
    assert epoch_of(name) is None
