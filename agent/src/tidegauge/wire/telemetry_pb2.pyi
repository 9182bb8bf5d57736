from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_CHAMPION: _ClassVar[Role]
    ROLE_CHALLENGER: _ClassVar[Role]
    ROLE_REPLAY: _ClassVar[Role]

class ColumnKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COLUMN_KIND_UNSPECIFIED: _ClassVar[ColumnKind]
    COLUMN_KIND_NUMERIC: _ClassVar[ColumnKind]
    COLUMN_KIND_CATEGORICAL: _ClassVar[ColumnKind]
    COLUMN_KIND_BOOLEAN: _ClassVar[ColumnKind]
    COLUMN_KIND_TEXT: _ClassVar[ColumnKind]
    COLUMN_KIND_DATETIME: _ClassVar[ColumnKind]
    COLUMN_KIND_VECTOR: _ClassVar[ColumnKind]
    COLUMN_KIND_LOG_LINEAR: _ClassVar[ColumnKind]

class TimeBasis(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIME_BASIS_UNSPECIFIED: _ClassVar[TimeBasis]
    TIME_BASIS_EVENT: _ClassVar[TimeBasis]
    TIME_BASIS_ARRIVAL: _ClassVar[TimeBasis]
ROLE_UNSPECIFIED: Role
ROLE_CHAMPION: Role
ROLE_CHALLENGER: Role
ROLE_REPLAY: Role
COLUMN_KIND_UNSPECIFIED: ColumnKind
COLUMN_KIND_NUMERIC: ColumnKind
COLUMN_KIND_CATEGORICAL: ColumnKind
COLUMN_KIND_BOOLEAN: ColumnKind
COLUMN_KIND_TEXT: ColumnKind
COLUMN_KIND_DATETIME: ColumnKind
COLUMN_KIND_VECTOR: ColumnKind
COLUMN_KIND_LOG_LINEAR: ColumnKind
TIME_BASIS_UNSPECIFIED: TimeBasis
TIME_BASIS_EVENT: TimeBasis
TIME_BASIS_ARRIVAL: TimeBasis

class HelloRequest(_message.Message):
    __slots__ = ("protocol_version", "agent", "epochs", "sent_at_us", "config_revision", "wanted")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_FIELD_NUMBER: _ClassVar[int]
    SENT_AT_US_FIELD_NUMBER: _ClassVar[int]
    CONFIG_REVISION_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    agent: AgentIdentity
    epochs: _containers.RepeatedCompositeFieldContainer[EpochPosition]
    sent_at_us: int
    config_revision: int
    wanted: Deployments
    def __init__(self, protocol_version: _Optional[int] = ..., agent: _Optional[_Union[AgentIdentity, _Mapping]] = ..., epochs: _Optional[_Iterable[_Union[EpochPosition, _Mapping]]] = ..., sent_at_us: _Optional[int] = ..., config_revision: _Optional[int] = ..., wanted: _Optional[_Union[Deployments, _Mapping]] = ...) -> None: ...

class Deployments(_message.Message):
    __slots__ = ("names",)
    NAMES_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, names: _Optional[_Iterable[str]] = ...) -> None: ...

class AgentIdentity(_message.Message):
    __slots__ = ("host", "pid", "agent_version", "instance_id")
    HOST_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    host: str
    pid: int
    agent_version: str
    instance_id: str
    def __init__(self, host: _Optional[str] = ..., pid: _Optional[int] = ..., agent_version: _Optional[str] = ..., instance_id: _Optional[str] = ...) -> None: ...

class EpochPosition(_message.Message):
    __slots__ = ("epoch", "last_seq", "acknowledged_seq", "closed", "deployments")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQ_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_SEQ_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    DEPLOYMENTS_FIELD_NUMBER: _ClassVar[int]
    epoch: bytes
    last_seq: int
    acknowledged_seq: int
    closed: bool
    deployments: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, epoch: _Optional[bytes] = ..., last_seq: _Optional[int] = ..., acknowledged_seq: _Optional[int] = ..., closed: bool = ..., deployments: _Optional[_Iterable[str]] = ...) -> None: ...

class HelloReply(_message.Message):
    __slots__ = ("protocol_version", "marks", "config_revision", "configurations", "received_at_us")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    MARKS_FIELD_NUMBER: _ClassVar[int]
    CONFIG_REVISION_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATIONS_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_AT_US_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    marks: _containers.RepeatedCompositeFieldContainer[EpochMark]
    config_revision: int
    configurations: _containers.RepeatedCompositeFieldContainer[VersionConfiguration]
    received_at_us: int
    def __init__(self, protocol_version: _Optional[int] = ..., marks: _Optional[_Iterable[_Union[EpochMark, _Mapping]]] = ..., config_revision: _Optional[int] = ..., configurations: _Optional[_Iterable[_Union[VersionConfiguration, _Mapping]]] = ..., received_at_us: _Optional[int] = ...) -> None: ...

class EpochMark(_message.Message):
    __slots__ = ("epoch", "mark", "refused")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    MARK_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    epoch: bytes
    mark: int
    refused: bool
    def __init__(self, epoch: _Optional[bytes] = ..., mark: _Optional[int] = ..., refused: bool = ...) -> None: ...

class VersionConfiguration(_message.Message):
    __slots__ = ("deployment", "version", "bins")
    DEPLOYMENT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BINS_FIELD_NUMBER: _ClassVar[int]
    deployment: str
    version: str
    bins: ReferenceBins
    def __init__(self, deployment: _Optional[str] = ..., version: _Optional[str] = ..., bins: _Optional[_Union[ReferenceBins, _Mapping]] = ...) -> None: ...

class ShipRequest(_message.Message):
    __slots__ = ("epoch", "first_seq", "frames", "agent", "closed")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQ_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    epoch: bytes
    first_seq: int
    frames: _containers.RepeatedScalarFieldContainer[bytes]
    agent: AgentIdentity
    closed: bool
    def __init__(self, epoch: _Optional[bytes] = ..., first_seq: _Optional[int] = ..., frames: _Optional[_Iterable[bytes]] = ..., agent: _Optional[_Union[AgentIdentity, _Mapping]] = ..., closed: bool = ...) -> None: ...

class Ack(_message.Message):
    __slots__ = ("mark", "config_revision")
    MARK_FIELD_NUMBER: _ClassVar[int]
    CONFIG_REVISION_FIELD_NUMBER: _ClassVar[int]
    mark: int
    config_revision: int
    def __init__(self, mark: _Optional[int] = ..., config_revision: _Optional[int] = ...) -> None: ...

class Frame(_message.Message):
    __slots__ = ("deployment", "version", "role", "sealed_at_us", "schema_id", "low_watermark_us", "profile", "records", "actuals", "baseline", "event", "gap")
    DEPLOYMENT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    SEALED_AT_US_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_ID_FIELD_NUMBER: _ClassVar[int]
    LOW_WATERMARK_US_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    ACTUALS_FIELD_NUMBER: _ClassVar[int]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    deployment: str
    version: str
    role: Role
    sealed_at_us: int
    schema_id: bytes
    low_watermark_us: int
    profile: Profile
    records: Records
    actuals: Actuals
    baseline: BaselinePart
    event: Event
    gap: Gap
    def __init__(self, deployment: _Optional[str] = ..., version: _Optional[str] = ..., role: _Optional[_Union[Role, str]] = ..., sealed_at_us: _Optional[int] = ..., schema_id: _Optional[bytes] = ..., low_watermark_us: _Optional[int] = ..., profile: _Optional[_Union[Profile, _Mapping]] = ..., records: _Optional[_Union[Records, _Mapping]] = ..., actuals: _Optional[_Union[Actuals, _Mapping]] = ..., baseline: _Optional[_Union[BaselinePart, _Mapping]] = ..., event: _Optional[_Union[Event, _Mapping]] = ..., gap: _Optional[_Union[Gap, _Mapping]] = ...) -> None: ...

class Profile(_message.Message):
    __slots__ = ("window_start_us", "window_length_s", "time_basis", "segment", "batch", "bins_id", "window_closed", "columns", "second_moments", "clamped_rows")
    WINDOW_START_US_FIELD_NUMBER: _ClassVar[int]
    WINDOW_LENGTH_S_FIELD_NUMBER: _ClassVar[int]
    TIME_BASIS_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    BINS_ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_CLOSED_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SECOND_MOMENTS_FIELD_NUMBER: _ClassVar[int]
    CLAMPED_ROWS_FIELD_NUMBER: _ClassVar[int]
    window_start_us: int
    window_length_s: int
    time_basis: TimeBasis
    segment: str
    batch: str
    bins_id: bytes
    window_closed: bool
    columns: _containers.RepeatedCompositeFieldContainer[ColumnProfile]
    second_moments: SecondMoments
    clamped_rows: int
    def __init__(self, window_start_us: _Optional[int] = ..., window_length_s: _Optional[int] = ..., time_basis: _Optional[_Union[TimeBasis, str]] = ..., segment: _Optional[str] = ..., batch: _Optional[str] = ..., bins_id: _Optional[bytes] = ..., window_closed: bool = ..., columns: _Optional[_Iterable[_Union[ColumnProfile, _Mapping]]] = ..., second_moments: _Optional[_Union[SecondMoments, _Mapping]] = ..., clamped_rows: _Optional[int] = ...) -> None: ...

class ColumnProfile(_message.Message):
    __slots__ = ("name", "kind", "rows", "missing", "non_finite", "invalid", "overflow", "pivot", "sum", "sum_squares", "minimum", "maximum", "bin_counts", "bucket_indexes", "bucket_counts", "category_names", "category_counts", "sketch")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    NON_FINITE_FIELD_NUMBER: _ClassVar[int]
    INVALID_FIELD_NUMBER: _ClassVar[int]
    OVERFLOW_FIELD_NUMBER: _ClassVar[int]
    PIVOT_FIELD_NUMBER: _ClassVar[int]
    SUM_FIELD_NUMBER: _ClassVar[int]
    SUM_SQUARES_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    BIN_COUNTS_FIELD_NUMBER: _ClassVar[int]
    BUCKET_INDEXES_FIELD_NUMBER: _ClassVar[int]
    BUCKET_COUNTS_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_NAMES_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_COUNTS_FIELD_NUMBER: _ClassVar[int]
    SKETCH_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: ColumnKind
    rows: int
    missing: int
    non_finite: int
    invalid: int
    overflow: int
    pivot: float
    sum: float
    sum_squares: float
    minimum: float
    maximum: float
    bin_counts: bytes
    bucket_indexes: bytes
    bucket_counts: bytes
    category_names: _containers.RepeatedScalarFieldContainer[str]
    category_counts: bytes
    sketch: QuantileSketch
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[ColumnKind, str]] = ..., rows: _Optional[int] = ..., missing: _Optional[int] = ..., non_finite: _Optional[int] = ..., invalid: _Optional[int] = ..., overflow: _Optional[int] = ..., pivot: _Optional[float] = ..., sum: _Optional[float] = ..., sum_squares: _Optional[float] = ..., minimum: _Optional[float] = ..., maximum: _Optional[float] = ..., bin_counts: _Optional[bytes] = ..., bucket_indexes: _Optional[bytes] = ..., bucket_counts: _Optional[bytes] = ..., category_names: _Optional[_Iterable[str]] = ..., category_counts: _Optional[bytes] = ..., sketch: _Optional[_Union[QuantileSketch, _Mapping]] = ...) -> None: ...

class QuantileSketch(_message.Message):
    __slots__ = ("count", "points")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    count: int
    points: bytes
    def __init__(self, count: _Optional[int] = ..., points: _Optional[bytes] = ...) -> None: ...

class SecondMoments(_message.Message):
    __slots__ = ("columns", "rows", "sums", "products")
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    SUMS_FIELD_NUMBER: _ClassVar[int]
    PRODUCTS_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedScalarFieldContainer[str]
    rows: int
    sums: bytes
    products: bytes
    def __init__(self, columns: _Optional[_Iterable[str]] = ..., rows: _Optional[int] = ..., sums: _Optional[bytes] = ..., products: _Optional[bytes] = ...) -> None: ...

class Records(_message.Message):
    __slots__ = ("rows", "prediction_ids", "event_times_us", "arrival_times_us", "outputs", "labels", "label_codes", "segment_sets", "segment_set_codes", "request_ids", "batch")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_IDS_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIMES_US_FIELD_NUMBER: _ClassVar[int]
    ARRIVAL_TIMES_US_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    LABEL_CODES_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_SETS_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_SET_CODES_FIELD_NUMBER: _ClassVar[int]
    REQUEST_IDS_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    rows: int
    prediction_ids: bytes
    event_times_us: bytes
    arrival_times_us: bytes
    outputs: _containers.RepeatedCompositeFieldContainer[Output]
    labels: _containers.RepeatedScalarFieldContainer[str]
    label_codes: bytes
    segment_sets: _containers.RepeatedCompositeFieldContainer[SegmentSet]
    segment_set_codes: bytes
    request_ids: _containers.RepeatedScalarFieldContainer[str]
    batch: str
    def __init__(self, rows: _Optional[int] = ..., prediction_ids: _Optional[bytes] = ..., event_times_us: _Optional[bytes] = ..., arrival_times_us: _Optional[bytes] = ..., outputs: _Optional[_Iterable[_Union[Output, _Mapping]]] = ..., labels: _Optional[_Iterable[str]] = ..., label_codes: _Optional[bytes] = ..., segment_sets: _Optional[_Iterable[_Union[SegmentSet, _Mapping]]] = ..., segment_set_codes: _Optional[bytes] = ..., request_ids: _Optional[_Iterable[str]] = ..., batch: _Optional[str] = ...) -> None: ...

class Output(_message.Message):
    __slots__ = ("name", "values")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    name: str
    values: bytes
    def __init__(self, name: _Optional[str] = ..., values: _Optional[bytes] = ...) -> None: ...

class SegmentSet(_message.Message):
    __slots__ = ("segments",)
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    segments: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, segments: _Optional[_Iterable[str]] = ...) -> None: ...

class Actuals(_message.Message):
    __slots__ = ("rows", "prediction_ids", "actual_times_us", "values", "labels", "label_codes")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_IDS_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_TIMES_US_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    LABEL_CODES_FIELD_NUMBER: _ClassVar[int]
    rows: int
    prediction_ids: bytes
    actual_times_us: bytes
    values: bytes
    labels: _containers.RepeatedScalarFieldContainer[str]
    label_codes: bytes
    def __init__(self, rows: _Optional[int] = ..., prediction_ids: _Optional[bytes] = ..., actual_times_us: _Optional[bytes] = ..., values: _Optional[bytes] = ..., labels: _Optional[_Iterable[str]] = ..., label_codes: _Optional[bytes] = ...) -> None: ...

class BaselinePart(_message.Message):
    __slots__ = ("digest", "part", "parts", "origin", "rows", "bins", "profiles", "importance", "outcomes", "moment_blocks")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    BINS_FIELD_NUMBER: _ClassVar[int]
    PROFILES_FIELD_NUMBER: _ClassVar[int]
    IMPORTANCE_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    MOMENT_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    digest: bytes
    part: int
    parts: int
    origin: str
    rows: int
    bins: ReferenceBins
    profiles: _containers.RepeatedCompositeFieldContainer[ColumnProfile]
    importance: _containers.RepeatedCompositeFieldContainer[Importance]
    outcomes: Outcomes
    moment_blocks: _containers.RepeatedCompositeFieldContainer[SecondMoments]
    def __init__(self, digest: _Optional[bytes] = ..., part: _Optional[int] = ..., parts: _Optional[int] = ..., origin: _Optional[str] = ..., rows: _Optional[int] = ..., bins: _Optional[_Union[ReferenceBins, _Mapping]] = ..., profiles: _Optional[_Iterable[_Union[ColumnProfile, _Mapping]]] = ..., importance: _Optional[_Iterable[_Union[Importance, _Mapping]]] = ..., outcomes: _Optional[_Union[Outcomes, _Mapping]] = ..., moment_blocks: _Optional[_Iterable[_Union[SecondMoments, _Mapping]]] = ...) -> None: ...

class Importance(_message.Message):
    __slots__ = ("column", "weight")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    column: str
    weight: float
    def __init__(self, column: _Optional[str] = ..., weight: _Optional[float] = ...) -> None: ...

class Outcomes(_message.Message):
    __slots__ = ("rows", "outputs", "labels", "label_codes", "actual_values", "actual_codes")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    LABEL_CODES_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_VALUES_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_CODES_FIELD_NUMBER: _ClassVar[int]
    rows: int
    outputs: _containers.RepeatedCompositeFieldContainer[Output]
    labels: _containers.RepeatedScalarFieldContainer[str]
    label_codes: bytes
    actual_values: bytes
    actual_codes: bytes
    def __init__(self, rows: _Optional[int] = ..., outputs: _Optional[_Iterable[_Union[Output, _Mapping]]] = ..., labels: _Optional[_Iterable[str]] = ..., label_codes: _Optional[bytes] = ..., actual_values: _Optional[bytes] = ..., actual_codes: _Optional[bytes] = ...) -> None: ...

class ReferenceBins(_message.Message):
    __slots__ = ("bins_id", "columns")
    BINS_ID_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    bins_id: bytes
    columns: _containers.RepeatedCompositeFieldContainer[ColumnBins]
    def __init__(self, bins_id: _Optional[bytes] = ..., columns: _Optional[_Iterable[_Union[ColumnBins, _Mapping]]] = ...) -> None: ...

class ColumnBins(_message.Message):
    __slots__ = ("name", "kind", "has_values", "minimum", "maximum", "edges", "points", "stated", "pivot", "deviation", "categories", "rest", "high_cardinality")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    HAS_VALUES_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    EDGES_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    STATED_FIELD_NUMBER: _ClassVar[int]
    PIVOT_FIELD_NUMBER: _ClassVar[int]
    DEVIATION_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    REST_FIELD_NUMBER: _ClassVar[int]
    HIGH_CARDINALITY_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: ColumnKind
    has_values: bool
    minimum: float
    maximum: float
    edges: bytes
    points: bytes
    stated: bool
    pivot: float
    deviation: float
    categories: _containers.RepeatedScalarFieldContainer[str]
    rest: _containers.RepeatedScalarFieldContainer[str]
    high_cardinality: bool
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[ColumnKind, str]] = ..., has_values: bool = ..., minimum: _Optional[float] = ..., maximum: _Optional[float] = ..., edges: _Optional[bytes] = ..., points: _Optional[bytes] = ..., stated: bool = ..., pivot: _Optional[float] = ..., deviation: _Optional[float] = ..., categories: _Optional[_Iterable[str]] = ..., rest: _Optional[_Iterable[str]] = ..., high_cardinality: bool = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("name", "text", "at_us", "attributes", "proposal")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    AT_US_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    PROPOSAL_FIELD_NUMBER: _ClassVar[int]
    name: str
    text: str
    at_us: int
    attributes: _containers.ScalarMap[str, str]
    proposal: DeploymentProposal
    def __init__(self, name: _Optional[str] = ..., text: _Optional[str] = ..., at_us: _Optional[int] = ..., attributes: _Optional[_Mapping[str, str]] = ..., proposal: _Optional[_Union[DeploymentProposal, _Mapping]] = ...) -> None: ...

class DeploymentProposal(_message.Message):
    __slots__ = ("task", "positive_class", "classes", "time_zone", "segment_columns", "alerts")
    TASK_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_CLASS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ALERTS_FIELD_NUMBER: _ClassVar[int]
    task: str
    positive_class: str
    classes: _containers.RepeatedScalarFieldContainer[str]
    time_zone: str
    segment_columns: _containers.RepeatedScalarFieldContainer[str]
    alerts: str
    def __init__(self, task: _Optional[str] = ..., positive_class: _Optional[str] = ..., classes: _Optional[_Iterable[str]] = ..., time_zone: _Optional[str] = ..., segment_columns: _Optional[_Iterable[str]] = ..., alerts: _Optional[str] = ...) -> None: ...

class Gap(_message.Message):
    __slots__ = ("first_seq", "last_seq", "reason", "rows")
    FIRST_SEQ_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQ_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    first_seq: int
    last_seq: int
    reason: str
    rows: int
    def __init__(self, first_seq: _Optional[int] = ..., last_seq: _Optional[int] = ..., reason: _Optional[str] = ..., rows: _Optional[int] = ...) -> None: ...
