"""`tidegauge-collector measure`: metrics of a range, computed now from what is stored, as a table or as JSON. Over REST."""

from __future__ import annotations

import argparse
import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tidegauge_collector.cli.progress import Progress
from tidegauge_collector.cli.remote import Server, add_server, escaped, server_of
from tidegauge_collector.cli.tables import print_table
from tidegauge_collector.cli.times import rfc3339, time_us
from tidegauge_collector.errors import ConfigError

Json = Mapping[str, Any]
STEPS = ("hour", "day", "total", "minute")
PARAMETERS = (
    "column",
    "version",
    "step",
    "group",
    "statistic",
    "reference",
    "favourable",
    "class",
    "threshold",
    "against",
    "exclude",
    "batch",
    "as_of",
)
EPILOG = """examples:
  tidegauge-collector measure --deployment shop --from 2026-11-01 --to 2026-11-08
  tidegauge-collector measure --deployment shop --metric psi --metric ks --column amount --step day
  tidegauge-collector measure --deployment loans --metric selection_rate --group sex --statistic ratio --json
  tidegauge-collector measure --deployment shop --metric auc --segment country=DE --segment country=FR --step day

Without --metric: every metric that has a value here. Nothing is stored and nothing is judged; what monitors would
have said of the same range: `tidegauge-collector monitors backtest`. Metrics: docs/metrics.md.
"""


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    measure = commands.add_parser(
        "measure",
        help="compute metrics of a range from what is stored",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    measure.add_argument("--deployment", required=True, metavar="NAME", help="which deployment")
    measure.add_argument("--from", dest="start", metavar="TIME", help="from when (default the first data)")
    measure.add_argument("--to", dest="end", metavar="TIME", help="until when, not itself (default the last data)")
    measure.add_argument("--metric", action="append", metavar="METRIC", help="this one; may be given again")
    measure.add_argument("--column", metavar="COLUMN", help="of drift metrics (default every feature and prediction)")
    measure.add_argument(
        "--segment", action="append", metavar="COLUMN=VALUE", help="only these rows; may be given again"
    )
    measure.add_argument("--version", metavar="VERSION", help="of which model version (default the newest champion)")
    measure.add_argument("--step", choices=STEPS, help="windows of this length (default total: one for all)")
    measure.add_argument("--group", metavar="GROUP", help="of fairness: a group (sex=F), or an attribute (sex)")
    measure.add_argument("--statistic", choices=("value", "ratio", "difference", "p_value"), help="of a group")
    measure.add_argument("--reference", metavar="GROUP", help="with which group groups are compared")
    measure.add_argument("--favourable", metavar="OUTCOME", help="the outcome that is good for people")
    measure.add_argument("--class", metavar="CLASS", help="of multiclass models: one class against the rest")
    measure.add_argument("--threshold", metavar="SHARE", help="from where on a binary score is positive (default 0.5)")
    measure.add_argument(
        "--against", metavar="WHAT", help="drift against: baseline, trailing:7d, range:START/END or version:NAME"
    )
    measure.add_argument("--exclude", metavar="RANGES", help="START/END,… that are left out of that side")
    measure.add_argument("--batch", metavar="BATCH", help="only rows of this batch")
    measure.add_argument("--as-of", metavar="TIME", help="accuracy, labels and fairness as they were known then")
    measure.add_argument("--json", action="store_true", help="every measurement in full, for scripts")
    add_server(measure)
    measure.set_defaults(run=_measure)


def _measure(parsed: argparse.Namespace) -> int:
    query = _query(parsed)
    server = server_of(parsed)
    catalogue = {one["metric"]: one for one in server.read("/metrics")["items"]}
    metrics = _chosen(parsed.metric, catalogue)
    items = _ask(server, parsed, [(name, _fitting(query, catalogue[name], parsed)) for name in metrics])
    if parsed.metric is None:
        items = [one for one in items if one["value"] is not None]
    if parsed.json:
        print(json.dumps({"items": items, "next": None}, indent=2))
    elif not items:
        print("nothing to measure: no data in this range, or no metric has a value (name one with --metric to see why)")
    else:
        print_table([HEAD, *map(_cells, items)])
    return 0


def _ask(server: Server, parsed: argparse.Namespace, asked: Sequence[tuple[str, dict[str, str]]]) -> list[Json]:
    """The measurements of all metrics in all segments, one question each."""
    path, items = f"/deployments/{escaped(parsed.deployment)}/measurements", list[Json]()
    segments = [{"segment": one} for one in parsed.segment or ()] or [{}]
    progress, done = Progress(), 0
    try:
        for metric, query in asked:
            for segment in segments:
                progress(f"measuring {metric}", done, len(asked) * len(segments))
                items += server.read(path, metric=metric, **query, **segment)["items"]
                done += 1
    finally:
        progress.end()
    return items


def _query(parsed: argparse.Namespace) -> dict[str, str]:
    times = {"start": time_us(parsed.start, "--from"), "end": time_us(parsed.end, "--to")}
    if None not in times.values() and times["start"] >= times["end"]:  # type: ignore[operator]  # neither is None
        raise ConfigError(f"--from {parsed.start} is not before --to {parsed.end}: turn them round")
    found = {name: rfc3339(at_us) for name, at_us in times.items() if at_us is not None}
    return found | {name: value for name in PARAMETERS if (value := getattr(parsed, name)) is not None}


def _chosen(asked: Sequence[str] | None, catalogue: Mapping[str, Json]) -> list[str]:
    if asked is None:
        return list(catalogue)
    for name in asked:
        if name not in catalogue:
            close = difflib.get_close_matches(name, catalogue, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(catalogue)}"
            raise ConfigError(f"--metric {name!r:.80} is no metric: {hint}")
    return list(dict.fromkeys(asked))


def _fitting(query: dict[str, str], metric: Json, parsed: argparse.Namespace) -> dict[str, str]:
    """The query without what says nothing of a metric that nobody named: all of them are asked then."""
    if parsed.metric is not None:
        return query
    left_out = {"column"} if not metric["of_columns"] else set()
    if not metric["against_baseline"]:
        left_out |= {"against", "exclude"}
    if not metric["by_rows"]:
        left_out.add("as_of")
    if not metric["by_batch"]:
        left_out.add("batch")
    if parsed.step == "minute" and not metric["by_arrival"]:
        left_out.add("step")
    return {name: value for name, value in query.items() if name not in left_out}


HEAD = ("METRIC", "COLUMN", "SEGMENT", "FROM", "TO", "VALUE", "BASELINE", "N", "P", "VERDICT", "REASON")


def _cells(one: Json) -> tuple[object, ...]:
    window = one["window"]
    return (
        *(one["metric"], one["column"], one["segment"], _minute(window["start"]), _minute(window["end"])),
        *(_number(one["value"]), _number(one["baseline_value"]), one["n"], _number(one["parameters"].get("p_value"))),
        *(one["verdict"], one["reason"]),
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _minute(text: str) -> str:
    return f"{text[:10]} {text[11:16]}Z"
