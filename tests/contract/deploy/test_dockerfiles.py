"""The rules that our images keep; they cannot be built here, so their text is read. `rehearse.py` runs their steps."""

import re
from pathlib import Path

import pytest

from tidegauge.cli import _parser as shipper_parser
from tidegauge_collector.cli import _parser as collector_parser
from tidegauge_collector.settings import CollectorSettings, load_settings

from .dockerfiles import DOCKERFILES, ROOT, environment, instructions, of, stages

each = pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name + "-" + path.name)


def collector_stage():
    return stages(ROOT / "deploy/docker/Dockerfile.collector")[-1]


def shipper_stage():
    return stages(ROOT / "deploy/docker/Dockerfile.shipper")[-1]


@each
def test_bases_are_slim_pinned_by_tag_and_of_the_public_default_registry(path):
    named = {one.words[2] for one in instructions(path) if one.name == "FROM" and len(one.words) == 3}
    bases = [one.words[0] for one in instructions(path) if one.name == "FROM" and one.words[0] not in named]

    assert all(re.fullmatch(r"python:\d+\.\d+-slim-[a-z]+", base) for base in bases), bases


@each
def test_images_run_as_a_user_without_rights(path):
    last = stages(path)[-1]

    assert [one.text for one in of(last, "USER")] == ["10001:10001"]
    after = last[last.index(of(last, "USER")[0]) :]
    assert not of(after, "RUN"), "nothing is changed in the image as its user: the root file system is read-only"


@each
def test_images_say_how_they_end_and_whether_they_are_well(path):
    last = stages(path)[-1]

    assert [one.text for one in of(last, "STOPSIGNAL")] == ["SIGTERM"]
    assert len(of(last, "HEALTHCHECK")) == 1
    assert "curl" not in path.read_text()
    assert "wget" not in path.read_text()


@each
def test_images_do_not_write_bytecode_at_run_time(path):
    assert environment(stages(path)[-1])["PYTHONDONTWRITEBYTECODE"] == "1"


@each
def test_processes_are_started_without_a_shell_so_that_signals_reach_them(path):
    started = [one for one in stages(path)[-1] if one.name in ("ENTRYPOINT", "CMD")]

    assert started
    assert all(one.text.startswith("[") for one in started)


@each
def test_what_is_installed_is_pinned_and_nothing_is_fetched_besides(path):
    runs = [one.text for one in instructions(path) if one.name == "RUN"]

    assert all("--constraint constraints.txt" in run for run in runs if "pip install" in run)
    assert not [run for run in runs if re.search(r"https?://|apt-get|--index-url|ADD ", run)]
    assert not of(instructions(path), "ADD")


@each
def test_what_is_copied_is_there_and_is_sent_to_the_builder(path):
    copied = [one.words[0] for one in instructions(path) if one.name == "COPY" and not one.text.startswith("--from")]
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]

    for name in copied:
        assert (ROOT / name).exists(), name
        assert any(
            entry == name or entry.startswith(name + "/") or name.startswith(entry + "/") for entry in allowed
        ), name


def test_the_builder_is_sent_nothing_but_what_is_named():
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

    assert lines[0] == "*"
    assert all((ROOT / line[1:]).exists() for line in lines if line.startswith("!"))


def test_the_collectors_environment_is_read_as_its_settings_and_needs_tls_and_tokens():
    set_there = {name: value for name, value in environment(collector_stage()).items() if name.startswith("TIDEGAUGE_")}

    assert {name.removeprefix("TIDEGAUGE_").lower() for name in set_there} <= set(
        CollectorSettings.__dataclass_fields__
    )
    settings = load_settings(None, environment=set_there | {"TIDEGAUGE_INSECURE": "true"})
    assert settings.data == Path("/data")
    assert not settings.http.is_loopback
    assert "TIDEGAUGE_INSECURE" not in set_there


def test_entry_points_are_commands_that_there_are():
    entry, command = (of(collector_stage(), name)[0].words for name in ("ENTRYPOINT", "CMD"))
    collector_parser().parse_args([*entry, *command][1:])
    entry, command = (of(shipper_stage(), name)[0].words for name in ("ENTRYPOINT", "CMD"))

    assert shipper_parser().parse_args([*entry, *command][1:]).spool == Path("/spool")


def test_volumes_belong_to_the_user_of_the_image():
    for stage in (collector_stage(), shipper_stage()):
        made = next(one.text for one in of(stage, "RUN") if one.text.startswith("install --directory"))

        assert "--owner 10001" in made
        assert all(volume in made.split() for one in of(stage, "VOLUME") for volume in one.words)
