"""The spool's speed beside what the machine gives: run `python tests/bench/bench_spool.py`.

Prints durable records/s in groups of 128 records of 1 KiB beside a bare append and fdatasync of the same bytes, and the speed of
scanning and reading beside zlib.crc32 over the same bytes. Each pair is measured in turns, so that a noisy machine disturbs both.
"""

import os
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from tidegauge.spool import Record, SpoolReader, SpoolWriter
from tidegauge.spool.record import encode_record, scan

GROUP = 128
PAYLOAD = bytes(range(256)) * 4
ROUNDS = 9
GIB = 1024**3


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(*works: Callable[[], object]) -> list[float]:
    """Return the least seconds of each piece of work, run one after another, several times."""
    rounds = [[seconds(work) for work in works] for _ in range(ROUNDS)]
    return [min(column) for column in zip(*rounds, strict=True)]


def bench_durable(root: Path, groups: int = 100) -> None:
    writer = SpoolWriter(root / "spool", quota_bytes=None)
    plain = os.open(root / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    group = encode_record(Record(1, 1, 0, PAYLOAD)) * GROUP

    def spool() -> None:
        for _ in range(groups):
            for _ in range(GROUP):
                writer.append(1, PAYLOAD)
            writer.commit()

    def bare() -> None:
        for _ in range(groups):
            os.write(plain, group)
            os.fdatasync(plain)

    ours, yardstick = in_turns(spool, bare)
    records = groups * GROUP
    print(f"durable, groups of {GROUP} x 1 KiB   {records / ours:12,.0f} records/s")
    print(
        f"  bare append + fdatasync        {records / yardstick:12,.0f} records/s   spool takes {ours / yardstick:.2f}x the time"
    )
    os.close(plain)
    writer.close()


def bench_append(root: Path, groups: int = 200) -> None:
    writer = SpoolWriter(root / "append", quota_bytes=None)

    def append() -> None:
        for _ in range(groups):
            for _ in range(GROUP):
                writer.append(1, PAYLOAD)
            writer._pending.forget(writer.next_seq)

    def checksums() -> None:
        for _ in range(groups * GROUP):
            zlib.crc32(PAYLOAD)

    ours, yardstick = in_turns(append, checksums)
    records = groups * GROUP
    print(f"append 1 KiB to memory           {ours / records * 1e6:12.2f} us")
    print(
        f"  zlib.crc32 of 1 KiB            {yardstick / records * 1e6:12.2f} us          append takes {ours / yardstick:.1f}x the time"
    )
    writer.close()


def bench_reading(root: Path, payload_bytes: int, total_bytes: int = 64 * 1024 * 1024) -> None:
    payload = (PAYLOAD * -(-payload_bytes // len(PAYLOAD)))[:payload_bytes]
    window = b"".join(encode_record(Record(seq, 1, 0, payload)) for seq in range(1, 1024 * 1024 // payload_bytes + 1))
    with SpoolWriter(root / f"read-{payload_bytes}", quota_bytes=None) as writer:
        for _ in range(total_bytes // payload_bytes):
            writer.append(1, payload)
        writer.commit()

    def read() -> None:
        reader = SpoolReader(writer.directory)
        while reader.read(max_bytes=1 << 20, max_records=4096):
            pass

    def scan_only() -> None:
        for _ in range(total_bytes // len(window)):
            scan(window, after_seq=0)

    def checksum_only() -> None:
        for _ in range(total_bytes // len(window)):
            zlib.crc32(window)

    scanned, read_whole, crc = (total_bytes / GIB / took for took in in_turns(scan_only, read, checksum_only))
    print(
        f"records of {payload_bytes / 1024:3.0f} KiB   scan {scanned:5.2f} GiB/s ({scanned / crc:4.0%} of crc32 alone)"
        f"   SpoolReader {read_whole:5.2f} GiB/s ({read_whole / crc:4.0%})   zlib.crc32 {crc:5.2f} GiB/s"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        bench_durable(root)
        bench_append(root)
        for payload_bytes in (1024, 4096, 32 * 1024):
            bench_reading(root, payload_bytes)


if __name__ == "__main__":
    main()
