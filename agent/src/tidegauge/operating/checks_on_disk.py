"""Checks of a spool root from what lies on disk: nothing is sent, nothing is changed."""

import os
import shutil
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tidegauge.operating.census import RootCensus, age_s
from tidegauge.operating.findings import FAIL, OK, WARN, Finding
from tidegauge.spool.epoch import epoch_of
from tidegauge.spool.quarantine import QUARANTINE_NAME

MIB = 1024 * 1024
OLD_S = 3_600.0
SHARED = stat.S_IRWXG | stat.S_IRWXO
_TAKEN_UP = "a changed token_file is taken up within seconds, nothing is lost meanwhile"
_ADVICE = (
    (" expired on ", f"ask the collector's administrator for a new token: {_TAKEN_UP}"),
    (" was revoked on ", f"ask the collector's administrator why, and for a new token: {_TAKEN_UP}"),
    (
        " is unknown here",
        f"is it the token of this collector, and whole? Else ask its administrator for one: {_TAKEN_UP}",
    ),
    ("asks for a token", f"name a file with one in token_file (TIDEGAUGE_TOKEN_FILE): {_TAKEN_UP}"),
    (" may ship for ", f"ask the collector's administrator for a token of this deployment: {_TAKEN_UP}"),
    (" has scope ", f"ask the collector's administrator for a token with scope ingest: {_TAKEN_UP}"),
    (
        "names no agent",
        "ask the collector's administrator for a certificate made by `tidegauge-collector certs client`",
    ),
    ("UNAUTHENTICATED", "renew the token: a changed token_file is taken up within seconds"),
    ("PERMISSION_DENIED", "have the collector's administrator allow this agent, or change the token"),
    ("certificate has expired", "have the collector's certificate renewed: both sides take that up without a restart"),
    ("CERTIFICATE_VERIFY_FAILED", "name the authority of the collector's certificate in ca_file, or have that renewed"),
    ("Hostname Verification", "use the host name that stands in the collector's certificate"),
    ("DEADLINE_EXCEEDED", "look whether a firewall swallows the connection"),
)


def check_root(census: RootCensus, quota_bytes: int) -> list[Finding]:
    """All checks of a root."""
    return [
        _waiting(census),
        *_conservation(census),
        *_carried(census),
        *_quarantine(census),
        _shipper(census),
        _permissions(census.root),
        *_credentials(census),
        _space(census, quota_bytes),
    ]


def advice_for(error: str) -> str:
    """What to do about an error of the connection."""
    return next((advice for sign, advice in _ADVICE if sign in error), "look at the lines about the collector")


def _waiting(census: RootCensus) -> Finding:
    writers = Counter(epoch.writer for epoch in census.epochs)
    who = ", ".join(f"{count} {writer}" for writer, count in sorted(writers.items())) or "no epochs"
    ages = [age for epoch in census.epochs if (age := age_s(epoch.contents.oldest_us)) is not None]
    text = f"{census.spooled:,} frames wait, {census.size_bytes / MIB:.1f} MiB on disk ({who})"
    if max(ages, default=0.0) > OLD_S:
        text += f"; the oldest for {max(ages) / 3600:.1f} h"
        return Finding("spool", WARN, text, "see the lines about shipper and collector: why does nothing leave?")
    return Finding("spool", OK, text)


def _conservation(census: RootCensus) -> Iterator[Finding]:
    dropped, total = Counter[str](), Counter[str]()
    for epoch in census.epochs:
        dropped.update(epoch.dropped)
        for name in ("last_seq", "acknowledged", "carried", "spooled", "quarantined", "unaccounted", "lost"):
            total[name] += getattr(epoch, name)
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(dropped.items()))
    terms = [f"acknowledged {total['acknowledged']:,}", f"spooled {total['spooled']:,}"]
    terms += [f"dropped {sum(dropped.values()):,}" + (f" ({reasons})" if reasons else "")]
    terms += [f"quarantined {total['quarantined']:,}"]
    terms += [f"carried {total['carried']:,}"] if total["carried"] else []
    text = f"created {total['last_seq']:,} = " + " + ".join(terms)
    wrong = [epoch.epoch for epoch in census.epochs if epoch.unaccounted or epoch.acknowledged < 0]
    if wrong:
        yield Finding(
            "conservation",
            FAIL,
            f"{text}, and {total['unaccounted']:,} of which nothing says where they are (epoch {wrong[0]})",
            "run it again; if it stays, keep a copy of the spool and report it",
        )
    elif total["lost"]:
        yield Finding(
            "conservation",
            FAIL,
            f"{text}; {total['lost']:,} frames are gone that nobody gave up",
            "`tidegauge spool verify` says where; the collector is told by itself",
        )
    elif dropped.keys() - {"merged"}:
        yield Finding("conservation", WARN, text, "mend what keeps frames here, or raise spool_quota_bytes")
    else:
        yield Finding("conservation", OK, text)


def _carried(census: RootCensus) -> Iterator[Finding]:
    behind = sum(epoch.spooled for epoch in census.epochs if epoch.carried)
    if behind:
        gone = sum(epoch.carried for epoch in census.epochs)
        text = f"{gone:,} frames went by hand; {behind:,} behind them wait here until the collector has those"
        yield Finding("carried", WARN, text, "import the parcel where there is a link, or export these as well")


def _quarantine(census: RootCensus) -> Iterator[Finding]:
    if census.quarantine_files:
        text = f"{census.quarantine_files} files, {census.quarantine_bytes / MIB:.1f} MiB"
        yield Finding(
            "quarantine", WARN, text, f"read the .reason files in {census.root / QUARANTINE_NAME}, then delete it"
        )


def _shipper(census: RootCensus) -> Finding:
    status, holder = census.status, census.holder
    if holder is None:
        if not census.spooled:
            return Finding("shipper", OK, "none runs, and nothing waits")
        error = f"; the last one said: {status.last_error}" if status and status.last_error else ""
        return Finding(
            "shipper",
            FAIL,
            f"none runs, and {census.spooled:,} frames wait{error}",
            f"run `tidegauge ship --root {census.root}`",
        )
    who = f"process {holder.pid} ({holder.mode}, version {holder.version})"
    if status is None or status.pid != holder.pid:
        return Finding("shipper", WARN, f"{who} says nothing of itself yet", "look again in a few seconds")
    if status.blocked:
        epoch, reason = next(iter(status.blocked.items()))
        return Finding(
            "shipper",
            FAIL,
            f"{who} cannot ship {len(status.blocked)} epochs: {epoch}: {reason}",
            f"when their frames are given up, delete {census.root / epoch}",
        )
    if not status.connected:
        error = status.last_error or "it does not say why"
        return Finding("shipper", FAIL, f"{who} is not connected: {error}", advice_for(error))
    if status.denied:
        epoch, reason = next(iter(status.denied.items()))
        text = f"{who} may not ship {len(status.denied)} of the epochs here: {epoch}: {reason}"
        return Finding("shipper", FAIL, text, advice_for(reason))
    refused = f"; {status.refused_frames:,} frames were refused" if status.refused_frames else ""
    return Finding(
        "shipper", WARN if refused else OK, f"{who} is connected{refused}", "see the quarantine" if refused else ""
    )


def _permissions(root: Path) -> Finding:
    """Whether others can read what waits here, and whether we can write."""
    own = [root, *(path for path in root.iterdir() if epoch_of(path.name))]
    inside = [path for directory in own[1:] if directory.is_dir() for path in directory.iterdir()]
    found = [(path, path.lstat()) for path in (*own, *inside) if os.path.lexists(path)]
    for path, state in found:
        if stat.S_ISLNK(state.st_mode):
            return Finding(
                "permissions",
                FAIL,
                f"{path} is a symbolic link, which is passed over",
                "put what it points to in its place",
            )
        if state.st_mode & SHARED:
            mode = stat.S_IMODE(state.st_mode)
            return Finding(
                "permissions", WARN, f"{path} has mode {mode:o}: others may get at it", f"chmod -R go= {root}"
            )
        if state.st_uid != found[0][1].st_uid:
            return Finding(
                "permissions",
                WARN,
                f"{path} belongs to user {state.st_uid}, {root} to {found[0][1].st_uid}",
                "run agents, shipper and commands as one user",
            )
    if not os.access(root, os.W_OK | os.X_OK):
        return Finding(
            "permissions", FAIL, f"{root} cannot be written by this user", "run this command as the agents' user"
        )
    return Finding("permissions", OK, "private to its user")


def _credentials(census: RootCensus) -> Iterator[Finding]:
    destination = census.destination
    if destination is None:
        advice = f"start an agent once, or `tidegauge ship --root {census.root} --collector URL`"
        yield Finding("collector", FAIL if census.spooled else WARN, str(census.destination_problem), advice)
        return
    for path in destination.files:
        if not os.access(path, os.R_OK):
            yield Finding(
                "credentials",
                FAIL,
                f"{path} is missing or cannot be read",
                "put it there, readable for the agents' user",
            )
        elif path in {destination.key_file, destination.token_file} and Path(path).stat().st_mode & stat.S_IROTH:
            yield Finding("credentials", WARN, f"{path} can be read by everybody on this host", f"chmod o= {path}")


def _space(census: RootCensus, quota_bytes: int) -> Finding:
    usage = shutil.disk_usage(census.root)
    text = f"{usage.free / MIB:,.0f} MiB free; the quota is {quota_bytes / MIB:,.0f} MiB, {census.size_bytes / MIB:,.1f} MiB are used"
    if usage.free < MIB:
        return Finding("space", FAIL, text, "free space on the file system of the spool")
    if usage.free + census.size_bytes < quota_bytes:
        return Finding(
            "space", WARN, text, "the disk is full before the quota is: free space, or lower spool_quota_bytes"
        )
    return Finding("space", OK, text)
