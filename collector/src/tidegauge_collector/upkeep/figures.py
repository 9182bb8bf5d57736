"""The figures of upkeep for `/metrics`: what was healed, how old the newest backup is, what had to wait."""

from collections import Counter

from tidegauge_collector.upkeep.housekeeping import Housekeeping
from tidegauge_collector.upkeep.incidents import incidents

Family = tuple[str, str, str, list[tuple[dict[str, str], float]]]


def store_families(housekeeping: Housekeeping, now_us: int) -> list[Family]:
    """Incidents by store, the backups, postponed checkpoints; no age where there never was a backup."""
    told = incidents(housekeeping.data)
    by_store = Counter(one.store for one in told)
    holes = Counter(one.store for one in told if one.has_hole)
    taken_us = housekeeping.last_backup_us
    return [
        (
            "tidegauge_store_incidents_total",
            "counter",
            "Damaged or lost stores that a start has healed, and stores put back by hand.",
            [({"store": store}, float(n)) for store, n in sorted(by_store.items())],
        ),
        (
            "tidegauge_store_holes_total",
            "counter",
            "Incidents after which something received may be missing; doctor says from when to when.",
            [({"store": store}, float(n)) for store, n in sorted(holes.items())],
        ),
        (
            "tidegauge_backup_age_seconds",
            "gauge",
            "Age of the newest backup in backup_dir.",
            [({}, (now_us - taken_us) / 1e6)] if taken_us else [],
        ),
        (
            "tidegauge_backup_failures_total",
            "counter",
            "Backups on the timer that were not made.",
            [({}, float(housekeeping.backup_failures))],
        ),
        (
            "tidegauge_checkpoints_postponed_total",
            "counter",
            "Checkpoints that found too little room on the disk.",
            [({}, float(housekeeping.checkpoints_postponed))],
        ),
    ]
