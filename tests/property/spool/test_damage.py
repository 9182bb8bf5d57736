"""Whatever happens to the bytes of a spool: nothing raises, and only the records that were touched are lost."""

import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidegauge.spool import Hole, Record, SpoolReader, SpoolWriter, release, remove_if_finished
from tidegauge.spool.record import HEADER_SIZE, RECORD_OVERHEAD, scan

RECORDS = 40


@dataclass(frozen=True)
class Mutation:
    """Replace `size` bytes at the fraction `at` of segment `segment` with `new`."""

    segment: int
    at: float
    size: int
    new: bytes


positions = {"segment": st.integers(0, 3), "at": st.floats(0, 1)}
mutations = st.one_of(
    st.builds(Mutation, **positions, size=st.just(1), new=st.binary(min_size=1, max_size=1)),  # flip
    st.builds(Mutation, **positions, size=st.integers(1, 3000), new=st.just(b"")),  # cut out, or truncate
    st.builds(Mutation, **positions, size=st.just(0), new=st.binary(min_size=1, max_size=600)),  # insert garbage
    st.builds(Mutation, **positions, size=st.just(0), new=st.integers(1, 9000).map(bytes)),  # insert zeros
    st.integers(1, 2000).flatmap(  # zero out
        lambda n: st.builds(
            Mutation, segment=st.integers(0, 3), at=st.floats(0, 1), size=st.just(n), new=st.just(bytes(n))
        )
    ),
)


def write_spool(root: Path, seed: int, *, is_closed: bool) -> Path:
    chance = random.Random(seed)
    writer = SpoolWriter(root, segment_size_bytes=2_000)
    for _ in range(RECORDS):
        writer.append(
            chance.randint(1, 255),
            chance.randbytes(chance.choice([0, 1, 2, 7, 60, 200, 400])),
            flags=chance.randint(0, 255),
        )
        if chance.random() < 0.5:
            writer.commit()
    writer.commit()
    if is_closed:
        writer.close()
    else:  # as a killed process leaves it
        writer._own.release()
        if writer._segment:
            writer._segment.close_inherited()
    return writer.directory


def mutate(path: Path, mutation: Mutation) -> set[int]:
    """Change the file and return the seqs of the records whose bytes were touched."""
    content = path.read_bytes()
    start = int(mutation.at * len(content))
    end = min(start + mutation.size, len(content))
    path.write_bytes(content[:start] + mutation.new + content[end:])
    return {
        seq
        for seq, _, _, payload_start, payload_end in scan(content, HEADER_SIZE).spans
        if start < payload_end and (end > payload_start - RECORD_OVERHEAD or start > payload_start - RECORD_OVERHEAD)
    }


@settings(max_examples=700, deadline=None)
@given(
    seed=st.integers(0, 50),
    is_closed=st.booleans(),
    changes=st.lists(mutations, min_size=1, max_size=4, unique_by=lambda m: m.segment),
)
@example(seed=1, is_closed=True, changes=[Mutation(0, 0.0, 34, b"")])
@example(seed=1, is_closed=False, changes=[Mutation(3, 0.0, 100_000, b"")])
def test_damage_costs_at_most_the_records_it_touched(seed: int, is_closed: bool, changes: list[Mutation]) -> None:
    with tempfile.TemporaryDirectory() as root:
        directory = write_spool(Path(root), seed, is_closed=is_closed)
        written = {item.seq: item for item in SpoolReader(directory).read() if isinstance(item, Record)}
        assert len(written) == RECORDS
        segments = sorted(path for path in directory.iterdir() if path.suffix in {".seg", ".open"})
        touched: set[int] = set()
        by_segment = {
            change.segment % len(segments): change for change in changes
        }  # one each: a second would hit what moved
        for index, change in by_segment.items():
            touched |= mutate(segments[index], change)

        reader = SpoolReader(directory)
        items = []
        while more := reader.read(max_records=7):
            items += more

        assert reader.finished
        read = {item.seq: item for item in items if isinstance(item, Record)}
        assert all(written[seq] == record for seq, record in read.items())
        assert set(written) - set(read) <= touched
        covered = [
            seq
            for item in items
            for seq in (range(item.first_seq, item.last_seq + 1) if isinstance(item, Hole) else [item.seq])
        ]
        assert covered == list(range(1, RECORDS + 1))  # each number once, as its record or in a hole, also at the end
        release(directory, RECORDS)
        assert remove_if_finished(directory)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=5000), st.one_of(st.none(), st.integers(0, 1 << 64)), st.booleans())
def test_a_scan_of_any_bytes_ends_and_raises_nothing(buffer: bytes, after_seq: int | None, at_end: bool) -> None:
    result = scan(buffer, after_seq=after_seq, at_end=at_end)

    assert 0 <= result.end <= len(buffer)
