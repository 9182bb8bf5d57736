"""Doctor's look at the entrance: until when the certificate is good, and how many tokens there are."""

from tidegauge_collector.access.certificates import TlsFiles, read_material
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.upkeep.findings import Report

DAY_S = 86_400
SOON_DAYS = 14


def look_at_certificate(report: Report, tls: TlsFiles | None, now_us: int) -> None:
    """The certificate that is configured, if one is."""
    if tls is None:
        report.add("certificate", "ok", "none is configured")
        return
    try:
        days = read_material(tls).seconds_left(now_us) / DAY_S
    except ConfigError as problem:
        report.add("certificate", "bad", str(problem), "mend the files; a running collector takes them up by itself")
        return
    step = "renew it; a running collector takes the new one up by itself"
    if days < 0:
        report.add("certificate", "bad", f"{tls.certificate} expired {-days:.1f} days ago", step)
    elif days < SOON_DAYS:
        report.add("certificate", "warn", f"{tls.certificate} expires in {days:.1f} days", step)
    else:
        report.add("certificate", "ok", f"{tls.certificate} is good for {days:.0f} days")


def count_tokens(report: Report) -> None:
    """How many tokens were made, revoked ones included."""
    made = report.figures.get("control", {}).get("tables", {}).get("tokens", 0)
    report.add("tokens", "ok", f"{made} made; tidegauge-collector tokens list shows them")
