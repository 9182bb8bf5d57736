"""The monitors that every deployment has unless its own replace or disable them."""

from dataclasses import replace

from tidegauge_collector.core.monitors import CLOCK_STEP_S, DAY_S, HOUR_S, Monitor

DRIFT = Monitor(
    id="drift",
    name="Data drift",
    metric="psi",
    columns="*",
    comparison="above",
    warning=0.1,
    failing=0.25,
    window_s=DAY_S,
    every_s=DAY_S,
    min_rows=50,
    significance=0.01,
)
ERROR_RATE = Monitor(
    id="error_rate",
    name="Error rate",
    metric="error_rate",
    comparison="above",
    warning=0.01,
    failing=0.05,
    window_s=HOUR_S,
    every_s=HOUR_S,
    min_rows=50,
    significance=0.01,
)
AUC = Monitor(
    id="auc",
    name="AUC against the baseline",
    metric="auc",
    comparison="drop_from_baseline",
    warning=0.05,
    failing=0.10,
    window_s=7 * DAY_S,
    every_s=DAY_S,
    min_rows=30,
    lag_s=7 * DAY_S,
    significance=0.01,
    recover_margin=0.2,
)
ACCURACY = replace(AUC, id="accuracy", name="Accuracy against the baseline", metric="accuracy")

SILENT_AGENTS = Monitor(
    id="silent_agents",
    name="No agent is heard of",
    kind="no_data",
    metric="agents",
    every_s=CLOCK_STEP_S // 5,
    at_least=0,
    recover_after=1,
)
NO_PREDICTIONS = Monitor(
    id="no_predictions",
    name="No predictions",
    kind="no_data",
    metric="predictions",
    every_s=CLOCK_STEP_S,
    silent_for_s=6 * HOUR_S,
    recover_after=1,
)

# `accuracy` stands in for `auc`: whoever measures gives its observations the reason `auc_available` where there is an AUC.
DEFAULT_MONITORS: tuple[Monitor, ...] = (DRIFT, ERROR_RATE, AUC, ACCURACY, SILENT_AGENTS, NO_PREDICTIONS)
