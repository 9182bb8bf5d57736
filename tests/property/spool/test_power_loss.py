"""Power loss: what was not synced is lost, torn by sectors or kept, in any combination; what was committed is all there."""

import os
import random
import stat
import tempfile
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.spool import Hole, Record, SpoolReader, SpoolWriter, segment

SECTOR = 512


class PowerLossError(BaseException):
    """The plug is pulled: nobody may handle this."""


class VolatileDisk:
    """Lets everything through, remembers what is durable, and fails for good before the n-th sync."""

    def __init__(self, syncs_until_loss: int) -> None:
        self.left = syncs_until_loss
        self.sizes: dict[int, int] = {}  # inode -> durable size
        self.names: dict[int, dict[str, int]] = {}  # directory inode -> durable entries
        self._fsync = os.fsync

    def sync(self, descriptor: int) -> None:
        if self.left == 0:
            raise PowerLossError
        self.left -= 1
        self._fsync(descriptor)
        inode = os.fstat(descriptor).st_ino
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            self.names[inode] = {entry.name: entry.inode() for entry in os.scandir(descriptor)}
        else:
            self.sizes[inode] = os.fstat(descriptor).st_size

    def lose_power(self, directory: Path, chance: random.Random) -> None:
        """Leave on disk what a loss may leave: each unsynced name, and each sector of unsynced bytes, or not."""
        durable = {inode: name for name, inode in self.names.get(directory.stat().st_ino, {}).items()}
        for path in list(directory.iterdir()):
            inode = path.stat().st_ino
            if path.name == "lock":  # never synced: kept, emptied, or gone
                chance.choice([lambda: None, lambda path=path: path.write_bytes(b""), path.unlink])()
                continue
            self._tear(path, self.sizes.get(inode, 0), chance)
            before = durable.get(inode)
            if before is None and chance.random() < 0.5:
                path.unlink()
            elif before not in {None, path.name} and chance.random() < 0.5:
                path.rename(directory / before)

    def _tear(self, path: Path, durable_size: int, chance: random.Random) -> None:
        content = path.read_bytes()
        kept = content[: chance.randint(durable_size, len(content))]
        torn = bytearray(kept)
        first = -(-durable_size // SECTOR) * SECTOR
        for at in range(first, len(torn), SECTOR):
            if chance.random() < 0.5:
                torn[at : at + SECTOR] = bytes(len(torn[at : at + SECTOR]))
        path.write_bytes(bytes(torn))


@settings(max_examples=600, deadline=None)
@given(seed=st.integers(0, 1 << 32), syncs=st.integers(0, 40))
def test_everything_committed_survives_a_power_loss(seed: int, syncs: int) -> None:
    chance = random.Random(seed)
    payloads: list[bytes] = []
    committed = 0
    with tempfile.TemporaryDirectory() as root:
        writer = SpoolWriter(Path(root), segment_size_bytes=4_000, quota_bytes=None)
        disk = VolatileDisk(syncs)
        with mock.patch.object(os, "fsync", disk.sync), mock.patch.object(segment, "sync_data", disk.sync):
            try:
                for _ in range(40):
                    for _ in range(chance.randint(1, 6)):
                        payloads.append(chance.randbytes(chance.choice([0, 10, 500, 2000])))
                        writer.append(1, payloads[-1])
                    committed = writer.commit()
                writer.close()
            except PowerLossError:
                writer._own.release()
                if writer._segment:
                    writer._segment.close_inherited()
        disk.lose_power(writer.directory, chance)

        items = SpoolReader(writer.directory).read(max_bytes=1 << 30, max_records=10_000)

    records = [item for item in items if isinstance(item, Record)]
    assert [(record.seq, record.payload) for record in records[:committed]] == list(enumerate(payloads[:committed], 1))
    assert all(payloads[record.seq - 1] == record.payload for record in records)
    assert all(item.first_seq > committed for item in items if isinstance(item, Hole))
