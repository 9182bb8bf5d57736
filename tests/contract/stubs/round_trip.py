"""The committed stubs on the installed protobuf: every message and every golden vector, there and back. Run by `each_protobuf.sh`.

Stands alone: it needs numpy and protobuf, and the agent's sources on the path.
"""

import json
import sys
from pathlib import Path
from typing import Any

import google.protobuf

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame

GOLDEN = Path(__file__).parents[2] / "golden/wire"
DEPTH = 6
sys.path.insert(0, str(GOLDEN))
SCALARS: dict[str, Any] = {"string": "tide", "bytes": b"\x00\xff", "bool": True, "float": 0.5, "integer": 7}


def main() -> None:
    """Raises AssertionError where anything does not come back as it went."""
    messages = [getattr(pb, name) for name in pb.DESCRIPTOR.message_types_by_name]
    for kind in messages:
        there_and_back(filled(kind()))
    vectors = golden()
    print(f"protobuf {google.protobuf.__version__}: {len(messages)} messages, {vectors} golden vectors")


def there_and_back(message: Any) -> None:
    """A message equals itself after a journey, and its bytes do."""
    payload = message.SerializeToString(deterministic=True)
    assert payload, type(message)
    again = type(message).FromString(payload)
    assert again == message
    assert again.SerializeToString(deterministic=True) == payload


def filled(message: Any, depth: int = 0) -> Any:
    """The message with every field set; of a oneof the last one."""
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            value[SCALARS["string"]] = scalar(kind.fields_by_name["value"])
        elif kind is not None and depth < DEPTH:
            filled(value.add() if hasattr(value, "add") else value, depth + 1)
            if not hasattr(value, "add"):
                value.SetInParent()
        elif kind is None and hasattr(value, "append"):
            value.append(scalar(field))
        elif kind is None:
            setattr(message, field.name, scalar(field))
    return message


def scalar(field: Any) -> Any:
    """A value that the field takes."""
    if field.enum_type is not None:
        return field.enum_type.values[-1].number
    kinds = {
        field.CPPTYPE_STRING: "string",
        field.CPPTYPE_BOOL: "bool",
        field.CPPTYPE_FLOAT: "float",
        field.CPPTYPE_DOUBLE: "float",
    }
    return SCALARS["bytes" if field.type == field.TYPE_BYTES else kinds.get(field.cpp_type, "integer")]


def golden() -> int:
    """The vectors are what this protobuf makes of the examples, and reads back; returns how many there are.

    Compared as bytes, because there are NaN in them.
    """
    from describe import describe
    from examples import examples

    built = dict(examples())
    for name, message in built.items():
        payload = (GOLDEN / f"{name}.bin").read_bytes()
        read = type(message).FromString(payload)
        assert read.SerializeToString(deterministic=True) == message.SerializeToString(deterministic=True), name
        assert describe(read) == json.loads((GOLDEN / f"{name}.json").read_text()), name
        if isinstance(message, pb.Frame):
            assert decode_frame(payload).SerializeToString(deterministic=True) == payload, name
    return len(built)


main()
