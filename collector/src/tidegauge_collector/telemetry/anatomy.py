"""What the store is made of: rows and bytes of each table, how far it is folded, what never came. For doctor; plain JSON values."""

from typing import Any

from tidegauge_collector.telemetry.extent import gap_summary, log_position
from tidegauge_collector.telemetry.store import TelemetryStore


def anatomy(store: TelemetryStore) -> dict[str, Any]:
    """Sizes, position and gaps. Reads catalogues and small tables only; raises StoreDamaged where they are damaged."""
    position = log_position(store)
    ((block_bytes, used_blocks, free_blocks),) = store.rows("file_blocks")
    return {
        "tables": [{"table": name, "rows": rows} for name, rows in store.rows("table_rows")],
        "file": {"bytes": block_bytes * (used_blocks + free_blocks), "free_bytes": block_bytes * free_blocks},
        "folded": {"log_epoch": position.log_epoch.hex(), "log_seq": position.log_seq} if position else None,
        "epochs": len(store.index.marks),
        "gaps": [{"reason": one.reason, "numbers": one.numbers, "rows": one.rows} for one in gap_summary(store)],
    }
