"""What the intake bears before it says «later». All of it can be set; docs/wire.md says what a sender meets."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeLimits:
    """Limits of one collector. Rates are of one agent (shipper process), quotas of one deployment and UTC day."""

    max_in_flight_bytes: int = 64 * MIB
    max_calls: int = 256
    max_calls_per_peer: int = 64
    agent_frames_per_s: float = 10_000
    agent_bytes_per_s: float = 64 * MIB
    quota_bytes_per_day: int = 20_000 * MIB
    quotas: Mapping[str, int] = field(default_factory=dict)  # bytes a day of single deployments
    min_free_bytes: int = 0  # of the frame log's disk
    max_unfolded_bytes: int = 2_048 * MIB

    def quota(self, deployment: str) -> int:
        """Bytes a day that a deployment may put into the frame log."""
        return self.quotas.get(deployment, self.quota_bytes_per_day)
