"""Containers whose rows nobody can take out: lazy tables, streams, and those that were made for one library's training.

They are counted as unreadable with the reason; the model's call is not touched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from tidegauge.errors import UsageError
from tidegauge.worker.tables.kind import REASONS, TableKind, Unread, has_all


def _closed(reason: str, *matches: Callable[[type], bool], rows: str = "") -> TableKind:
    def count(container: Any) -> int:
        try:
            return int(getattr(container, rows)()) if rows else 1
        except Exception:  # noqa: BLE001 - e.g. a LightGBM Dataset that was not constructed yet: one call is one row
            return 1

    def read(container: Any) -> NoReturn:
        raise UsageError(f"a {type(container).__name__} is no table: {REASONS[reason]}")

    return TableKind(
        lambda container: any(one(container) for one in matches),
        count=count,
        size_bytes=lambda _container: 0,
        copy=lambda container: Unread(type(container).__name__, count(container), reason),
        part=lambda container, _rows: container,
        read=read,
    )


KINDS = (
    _closed("lazy", has_all("collect", "explain"), has_all("compute", "persist"), has_all("__dask_graph__")),
    _closed("stream", has_all("read_next_batch"), has_all("__next__")),
    _closed("closed", has_all("num_row", "num_col"), rows="num_row"),  # XGBoost's DMatrix, CatBoost's Pool
    _closed("closed", has_all("num_data", "num_feature"), rows="num_data"),  # LightGBM's Dataset
)
