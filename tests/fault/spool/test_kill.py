"""kill -9 of a real writer: every number it said is durable is read back, and its directory is adopted."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tidegauge.spool import Record, SpoolReader, list_epochs, release, remove_if_finished

WRITER = """
import sys
from pathlib import Path
from tidegauge.spool import SpoolWriter

writer = SpoolWriter(Path(sys.argv[1]), segment_size_bytes=20_000)
size = int(sys.argv[2])
while True:
    for _ in range(7):
        writer.append(1, b"%0*d" % (size, writer.next_seq))
    print(writer.commit(), flush=True)
"""


def start(root: Path, size: int) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", WRITER, str(root), str(size)], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("seed", range(5))
def test_every_number_said_to_be_durable_is_read_after_kill_9(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    size = chance.choice([20, 300, 3000])
    with start(tmp_path, size) as process:
        assert process.stdout
        for _ in range(chance.randint(1, 60)):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        said = [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        process.wait()
    (epoch,) = list_epochs(tmp_path)
    durable = int(said[-1]) if said else 7

    reader = SpoolReader(epoch.path)
    items = []
    while more := reader.read():
        items += more

    assert not epoch.is_live
    assert reader.finished
    assert len(items) >= durable
    assert items == [Record(seq, 1, 0, b"%0*d" % (size, seq)) for seq in range(1, len(items) + 1)]
    release(epoch.path, len(items))
    assert remove_if_finished(epoch.path)


def test_a_reader_in_another_process_follows_a_writer_until_it_is_killed(tmp_path: Path) -> None:
    with start(tmp_path, 300) as process:
        assert process.stdout
        process.stdout.readline()
        (epoch,) = list_epochs(tmp_path)
        reader = SpoolReader(epoch.path)
        read = []
        for _ in range(100):
            durable = int(process.stdout.readline())
            while len(read) < durable:
                more = [item.seq for item in reader.read() if isinstance(item, Record)]
                assert more, f"{durable} is durable but only {len(read)} can be read"
                read += more
            assert epoch.is_live
            assert not reader.finished
        process.kill()
        process.wait()
    while more := [item.seq for item in reader.read() if isinstance(item, Record)]:
        read += more

    assert read == list(range(1, len(read) + 1))
    assert reader.finished
