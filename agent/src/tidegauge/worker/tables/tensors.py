"""Tensors of PyTorch, TensorFlow, JAX and whatever else tells its numbers by numpy's protocol.

Only what is in the host's memory is read: a copy of a tensor on a device would wait until the device has computed it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.errors import UsageError
from tidegauge.worker.tables.kind import REASONS, TableKind, Unread, WideRows

HOST_DEVICES = frozenset({1, 3, 11})  # DLPack's kDLCPU, kDLCUDAHost, kDLROCMHost
MAX_FEATURES_OF_TENSOR = 512
"""Rows of a wider tensor are embeddings: a vector each."""
_ELSEWHERE = ("GPU", "TPU", "CUDA", "XLA", "MPS")


def to_array(tensor: Any) -> npt.NDArray[Any]:
    """The tensor's numbers, maybe sharing its memory. UsageError where they are not in the host's memory, or no numbers."""
    if _is_elsewhere(tensor):
        raise UsageError(f"a {type(tensor).__name__} is no table: {REASONS['device']}")
    if hasattr(tensor, "detach"):
        tensor = tensor.detach()
    try:
        return _known(np.asarray(tensor.numpy() if hasattr(tensor, "numpy") else tensor))
    except Exception as error:  # noqa: BLE001 - whatever its own conversion raises: a type without a counterpart, a symbolic tensor
        return _known(_widened(tensor, error))


def _widened(tensor: Any, error: Exception) -> npt.NDArray[Any]:
    """Of a floating type that numpy does not have (bfloat16): as float32."""
    try:
        return np.asarray(tensor.float().numpy())
    except Exception:  # noqa: BLE001 - see to_array
        raise UsageError(f"a {type(tensor).__name__} is no table: {error}") from error


def _known(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An array of a type of numpy's own: an extension's (TensorFlow's bfloat16) becomes float32."""
    return array.astype(np.float32) if array.dtype.kind == "V" and not array.dtype.names else array


def _is_elsewhere(tensor: Any) -> bool:
    try:
        device = getattr(tensor, "device", "")
        if any(name in str(device).upper() for name in _ELSEWHERE):
            return True
        tells = getattr(tensor, "__dlpack_device__", None)
        return tells is not None and int(tells()[0]) not in HOST_DEVICES
    except Exception:  # noqa: BLE001 - it does not tell; its conversion will
        return False


def _shape(tensor: Any) -> tuple[int, ...]:
    try:
        return tuple(int(n) for n in tensor.shape)
    except Exception:  # noqa: BLE001 - no shape, or one that is not known yet
        return ()


def _count(tensor: Any) -> int:
    shape = _shape(tensor)
    return shape[0] if len(shape) >= 2 else 1


def _size_bytes(tensor: Any) -> int:
    itemsize = getattr(tensor, "itemsize", 8)
    return math.prod(_shape(tensor)) * (itemsize if isinstance(itemsize, int) else 8)


def _marked(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    is_wide = array.ndim == 2 and array.shape[1] > MAX_FEATURES_OF_TENSOR
    return array.view(WideRows) if is_wide else array


def _copy(tensor: Any) -> Any:
    if _is_elsewhere(tensor):
        return Unread(type(tensor).__name__, _count(tensor), "device")
    try:
        return _marked(np.array(to_array(tensor)))
    except UsageError:
        return Unread(type(tensor).__name__, _count(tensor))


KINDS = (
    TableKind(
        lambda container: (
            hasattr(container, "__array__") or (hasattr(container, "numpy") and hasattr(container, "shape"))
        ),
        count=_count,
        size_bytes=_size_bytes,
        copy=_copy,
        part=lambda tensor, rows: tensor[rows],
        read=lambda tensor: _marked(to_array(tensor)),
    ),
)
