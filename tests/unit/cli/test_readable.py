"""Messages as plain values: nothing that is set is left out, and JSON takes it."""

import json
import math
import struct

import numpy as np
import pytest
from google.protobuf.descriptor import FieldDescriptor

from tidegauge.operating.readable import ARRAYS, readable
from tidegauge.wire import telemetry_pb2 as pb


def test_every_bytes_field_of_the_contract_says_how_it_is_read() -> None:
    messages = pb.DESCRIPTOR.message_types_by_name.values()
    raw = {
        f"{one.name}.{field.name}"
        for one in messages
        for field in one.fields
        if field.type == FieldDescriptor.TYPE_BYTES
    }

    assert set(ARRAYS) == raw


def test_arrays_become_numbers_ids_become_text_and_times_are_in_utc() -> None:
    records = pb.Records(
        rows=2,
        prediction_ids=bytes(range(32)),
        event_times_us=np.array([0, 1_700_000_000_123_456], dtype="<i8").tobytes(),
        outputs=[pb.Output(values=np.array([0.5, math.nan], dtype="<f8").tobytes())],
        label_codes=np.array([0, 0xFFFFFFFF], dtype="<u4").tobytes(),
    )

    values = readable(pb.Frame(deployment="shop", sealed_at_us=1, records=records))

    assert values == {
        "deployment": "shop",
        "sealed_at_us": "1970-01-01T00:00:00.000001Z",
        "records": {
            "rows": 2,
            "prediction_ids": [bytes(range(16)).hex(), bytes(range(16, 32)).hex()],
            "event_times_us": ["1970-01-01T00:00:00.000000Z", "2023-11-14T22:13:20.123456Z"],
            "outputs": [{"values": [0.5, "NaN"]}],
            "label_codes": [0, 4294967295],
        },
    }


@pytest.mark.parametrize(("number", "text"), [(math.inf, "Infinity"), (-math.inf, "-Infinity"), (math.nan, "NaN")])
def test_numbers_that_json_does_not_have_are_text(number: float, text: str) -> None:
    assert readable(pb.ColumnProfile(minimum=number)) == {"minimum": text}


def test_maps_enumerations_and_digests_are_readable() -> None:
    event = pb.Event(name="note", attributes={"a": "b"})

    values = readable(pb.Frame(role=pb.ROLE_REPLAY, schema_id=b"\x01\xff", event=event))

    assert values == {"role": "ROLE_REPLAY", "schema_id": "01ff", "event": {"name": "note", "attributes": {"a": "b"}}}


def test_fields_of_a_newer_version_are_told_by_number() -> None:
    frame = pb.Frame(deployment="shop")
    frame.ParseFromString(frame.SerializeToString() + b"\xf8\x07\x05")

    assert readable(frame) == {"deployment": "shop", "unknown_fields": [127]}


def test_bytes_that_are_no_array_and_times_beyond_the_calendar_do_no_harm() -> None:
    odd = readable(pb.Records(event_times_us=b"\x01"))
    beyond = readable(pb.Frame(sealed_at_us=2**62))
    unknown = pb.Frame()
    unknown.ParseFromString(struct.pack("<BB", 3 << 3, 99))

    assert odd == {"event_times_us": {"not_an_array": "01"}}
    assert beyond == {"sealed_at_us": 2**62}
    assert readable(unknown) == {"role": 99}
    assert json.loads(json.dumps([odd, beyond], allow_nan=False)) == [odd, beyond]
