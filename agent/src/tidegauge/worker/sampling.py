"""Which rows are kept where `sample` is below 1: by the digest of the prediction id, so that predictions, features and actuals of all
processes and hosts pick the same rows. Rows without an id are spread evenly by their number."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tidegauge.core.ids import ID_BYTES
from tidegauge.worker.rows import Ids, Mask, Rows

_GOLDEN = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: multiples of it fill the circle evenly (Knuth, TAOCP 3, 6.4)


def sampled_ids(ids: Ids, share: float) -> Mask:
    """Which digests (16 bytes each) are within a share of all."""
    words = ids.view(np.dtype("<u8")).reshape(-1, ID_BYTES // 8)[:, 0]
    return _below(words, share)


def sampled_rows(rows: Rows, share: float, first_number: int) -> Mask:
    """Which rows are within a share of all; `first_number` counts the rows before them."""
    numbers = np.arange(first_number, first_number + rows.count, dtype=np.uint64)
    spread = _below(numbers * np.uint64(_GOLDEN), share)
    if rows.ids is None:
        return spread
    by_id = sampled_ids(rows.ids, share)
    return by_id if rows.has_id is None else np.where(rows.has_id, by_id, spread)


def _below(words: npt.NDArray[np.uint64], share: float) -> Mask:
    return words <= np.uint64(min(int(share * 2**64), 2**64 - 1))
