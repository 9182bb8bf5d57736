"""CloudEvents 1.0 over HTTP, in binary, structured and batch mode, as KServe's request/response logger sends them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tidegauge.core.windows import to_us
from tidegauge_collector.uploads.errors import UploadRefused

STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
REQUEST, RESPONSE = "org.kubeflow.serving.inference.request", "org.kubeflow.serving.inference.response"
DEFAULT_NAMESPACE = "default"
_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_MAX_ID = 256

Json = Any


@dataclass(frozen=True)
class InferenceEvent:
    """One half of an inference: `data` is the body of the request or of the response."""

    id: str
    is_request: bool
    deployment: str
    endpoint: str
    at_us: int | None
    data: Json
    size_bytes: int


def read_events(headers: Mapping[str, str], body: bytes, deployment: str = "") -> list[InferenceEvent]:
    """The events of a request; those of other types are left out. `deployment` overrides what the events say.

    Raises UploadRefused where they are no CloudEvents, or do not say which deployment they are of.
    """
    if deployment and not _SLUG.fullmatch(deployment):
        raise UploadRefused(
            f"deployment={deployment!r:.140} is no slug: lower-case letters, digits, '.', '_' and '-', at most 128"
        )
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    content = _json(body)
    if kind == BATCH:
        if not isinstance(content, list):
            raise UploadRefused("a batch of CloudEvents is a list of them")
        found = [_structured(one, len(body) // max(1, len(content)), deployment) for one in content]
    elif kind == STRUCTURED:
        found = [_structured(content, len(body), deployment)]
    else:
        attributes = {name[3:].lower(): value for name, value in headers.items() if name.lower().startswith("ce-")}
        found = [_event(attributes, content, len(body), deployment)]
    return [one for one in found if one is not None]


def deployment_of(attributes: Mapping[str, Any]) -> str:
    """`NAME` of an inference service in the namespace `default` (or in none), else `NAMESPACE.NAME`."""
    name, namespace = (str(attributes.get(key) or "") for key in ("inferenceservicename", "namespace"))
    found = name if namespace in {"", DEFAULT_NAMESPACE} else f"{namespace}.{name}"
    if not name or not _SLUG.fullmatch(found):
        raise UploadRefused(
            f"the event's inferenceservicename {name!r:.140} and namespace {namespace!r:.140} name no deployment: "
            "set them, or write ?deployment=… to the logger's url"
        )
    return found


def _json(body: bytes) -> Json:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise UploadRefused(f"the body is not JSON: {problem}") from problem


def _structured(content: Json, size_bytes: int, deployment: str) -> InferenceEvent | None:
    if not isinstance(content, dict):
        raise UploadRefused(f"a CloudEvent is an object, not a {type(content).__name__}")
    data = content.get("data")
    return _event(content, _json(data.encode()) if isinstance(data, str) else data, size_bytes, deployment)


def _event(attributes: Mapping[str, Any], data: Json, size_bytes: int, deployment: str) -> InferenceEvent | None:
    if attributes.get("specversion") not in {"1.0", "0.3"}:
        raise UploadRefused(
            f"CloudEvents specversion {attributes.get('specversion')!r:.40}: send 1.0, with ce- headers or as {STRUCTURED}"
        )
    event_id = str(attributes.get("id") or "")
    if not 0 < len(event_id) <= _MAX_ID:
        raise UploadRefused(f"the event's id has {len(event_id)} characters: 1 to {_MAX_ID}")
    if attributes.get("type") not in {REQUEST, RESPONSE}:
        return None
    return InferenceEvent(
        event_id,
        attributes["type"] == REQUEST,
        deployment or deployment_of(attributes),
        str(attributes.get("endpoint") or ""),
        _time(attributes.get("time")),
        data,
        size_bytes,
    )


def _time(text: Any) -> int | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        return to_us(datetime.fromisoformat(_at_most_microseconds(text)))
    except (ValueError, OverflowError) as problem:
        raise UploadRefused(f"the event's time {text!r:.60}: write RFC 3339") from problem


def _at_most_microseconds(text: str) -> str:
    """Go writes up to nine digits of a second."""
    return re.sub(r"(\.\d{6})\d+", r"\1", text)
