"""`/metrics`: the collector's own figures in the Prometheus text format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Sample = tuple[Mapping[str, str], float]


def exposition(families: Iterable[tuple[str, str, str, Iterable[Sample]]]) -> str:
    """Families (name, type, help, samples) as text."""
    lines: list[str] = []
    for name, kind, text, samples in families:
        lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
        lines += [
            f"{name}{_labels(labels)} {value:g}" if value != int(value) else f"{name}{_labels(labels)} {int(value)}"
            for labels, value in samples
        ]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
