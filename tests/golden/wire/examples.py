"""One example of each kind of frame and of each message between shipper and collector, in values of the core."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from google.protobuf.message import Message

from tidegauge.core.baseline import Baseline, build_baseline
from tidegauge.core.bins import categorical_bins, numeric_bins
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.ids import digest_ids
from tidegauge.core.outcomes import NO_LABEL, Labels, Outcomes, Truth
from tidegauge.core.profile import ColumnProfile, profile_categories, profile_durations, profile_numeric
from tidegauge.core.schema import schema_id
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import PROTOCOL_VERSION, encode_bins, encode_profile
from tidegauge.wire.rows import ActualRows, RecordRows, encode_actuals, encode_baseline, encode_records

NOON_US = 1_795_435_200_000_000  # 2026-11-23T12:00:00Z
EPOCH = bytes.fromhex("019ab3f0c0007000800000000000002a")
AGENT = pb.AgentIdentity(host="host-1", pid=4242, agent_version="0.1.0", instance_id="a1b2c3")

PROFILES: tuple[ColumnProfile, ...] = (
    profile_numeric(
        "distance",
        numeric_values([0.5, 2.0, 2.0, 11.0, None, float("inf"), "text"]),
        numeric_bins("distance", np.array([1.0, 2.0, 4.0, 8.0])),
    ),
    profile_categories(
        "carrier",
        category_counts(["UA", "DL", "Æther", None, ["a list"]], ColumnKind.CATEGORICAL),
        categorical_bins("carrier", {"UA": 3, "DL": 1}),
    ),
    profile_durations("_latency", np.array([0, 900, 1_500_000, 1_500_001], dtype=np.int64)),
)

RECORDS = RecordRows(
    ids=digest_ids(["flight-1", 2, "3"]),
    event_times_us=np.array([NOON_US, NOON_US - 1, -1], dtype=np.int64),
    arrival_times_us=np.array([NOON_US + 5, NOON_US + 6, NOON_US + 7], dtype=np.int64),
    outputs={"": np.array([0.25, np.nan, 1.0])},
    labels=Labels(("late", "on time"), np.array([1, 0, NO_LABEL], dtype=np.uint32)),
    segment_sets=(("carrier=UA",), ()),
    segment_codes=np.array([0, 1, 0], dtype=np.uint32),
    batch="2026-11-23",
)

ACTUALS = ActualRows(
    digest_ids(["flight-1", 2]),
    np.array([NOON_US, NOON_US + 1], dtype=np.int64),
    Truth(np.array([1.0, np.nan]), Labels(("on time",), np.array([NO_LABEL, 0], dtype=np.uint32))),
)

BASELINE: Baseline = build_baseline(
    {"distance": np.array([1.0, 2.0, 4.0, 8.0]), "carrier": ["UA", "UA", "DL", None]},
    {"distance": ColumnKind.NUMERIC, "carrier": ColumnKind.CATEGORICAL},
    importance={"distance": 3.0, "carrier": 1.0},
    outcomes=Outcomes(
        {"": np.array([0.125, 0.5, 0.75, 1.0])},
        Labels(("0", "1"), np.array([0, 1, 1, 1], dtype=np.uint32)),
        Truth(np.array([0.0, 1.0, 1.0, 0.0]), Labels((), np.full(4, NO_LABEL, dtype=np.uint32))),
    ),
)


def frame(**body: Message) -> pb.Frame:
    """A frame around a body."""
    columns = {one.name: one.kind for one in PROFILES} if "profile" in body else None
    return pb.Frame(
        deployment="flights-delay",
        version="2026-11",
        role=pb.ROLE_CHAMPION,
        sealed_at_us=NOON_US,
        schema_id=schema_id(columns) if columns else b"",
        low_watermark_us=NOON_US if columns else 0,
        **body,  # type: ignore[arg-type]
    )


def examples() -> Mapping[str, Message]:
    """The examples by the name of their files."""
    profile = pb.Profile(
        window_start_us=NOON_US,
        window_length_s=3_600,
        time_basis=pb.TIME_BASIS_EVENT,
        segment="carrier=UA",
        bins_id=BASELINE.bins.bins_id,
        window_closed=True,
        columns=map(encode_profile, PROFILES),
        clamped_rows=1,
    )
    proposal = pb.DeploymentProposal(
        task="binary",
        positive_class="1",
        classes=["0", "1"],
        time_zone="Europe/Berlin",
        segment_columns=["carrier"],
        alerts="live",
    )
    event = pb.Event(name="agent.started", text="cache cold", at_us=NOON_US, proposal=proposal)
    event.attributes.update({"z": "last", "a": "first"})
    frames: dict[str, Message] = {
        "frame_profile": frame(profile=profile),
        "frame_records": frame(records=encode_records(RECORDS)),
        "frame_actuals": frame(actuals=encode_actuals(ACTUALS)),
        "frame_baseline": frame(baseline=encode_baseline(BASELINE)[0]),
        "frame_baseline_outcomes": frame(baseline=encode_baseline(BASELINE)[1]),
        "frame_event": frame(event=event),
        "frame_gap": frame(gap=pb.Gap(first_seq=7, last_seq=9, reason="quota", rows=120)),
    }
    return {
        **frames,
        "hello_request": pb.HelloRequest(
            protocol_version=PROTOCOL_VERSION,
            agent=AGENT,
            epochs=[pb.EpochPosition(epoch=EPOCH, last_seq=12, acknowledged_seq=9, deployments=["flights-delay"])],
            sent_at_us=NOON_US,
            config_revision=3,
        ),
        "hello_request_wanted": pb.HelloRequest(
            protocol_version=PROTOCOL_VERSION,
            agent=AGENT,
            sent_at_us=NOON_US,
            wanted=pb.Deployments(names=["flights-delay"]),
        ),
        "hello_reply": pb.HelloReply(
            protocol_version=PROTOCOL_VERSION,
            marks=[pb.EpochMark(epoch=EPOCH, mark=9)],
            config_revision=4,
            configurations=[
                pb.VersionConfiguration(
                    deployment="flights-delay", version="2026-11", bins=encode_bins(BASELINE.bins, ["distance"])
                )
            ],
            received_at_us=NOON_US + 1,
        ),
        "ship_request": pb.ShipRequest(
            epoch=EPOCH,
            first_seq=10,
            frames=[frames["frame_gap"].SerializeToString(deterministic=True)],
            agent=AGENT,
            closed=True,
        ),
        "ship_ack": pb.Ack(mark=12, config_revision=4),
    }
