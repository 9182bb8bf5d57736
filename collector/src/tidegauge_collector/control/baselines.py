"""Baselines of model versions, collected part by part; one of a version is active, the rest are kept as proposed.

A baseline is known by the digest of its content. It counts once all its parts are there. The first complete one of a
version becomes active; one that was given later displaces one that was only made from production.
"""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tidegauge_collector.control import deployments, revisions
from tidegauge_collector.control.tables import BaselinePartRow, BaselineRow, DeploymentRow


@dataclass(frozen=True, slots=True)
class BaselinePart:
    """One of `parts` pieces (numbered from 0) of the baseline that `digest` names; `payload` is opaque here."""

    digest: bytes
    part: int
    parts: int
    payload: bytes
    origin: str
    rows: int
    bins_id: bytes


@dataclass(frozen=True, slots=True)
class BaselineSummary:
    """What is known of a baseline without reading its parts."""

    id: int
    version: str
    digest: bytes
    origin: str
    status: str
    rows: int
    bins_id: bytes
    created_at_us: int


@dataclass(frozen=True, slots=True)
class StoredBaseline:
    """A complete baseline with the payloads of all its parts, in order."""

    version: str
    digest: bytes
    origin: str
    rows: int
    bins_id: bytes
    created_at_us: int
    parts: tuple[bytes, ...]


def add_part(session: Session, deployment: str, version: str, piece: BaselinePart, now_us: int) -> str:
    """Keeps one part, once; returns the baseline's status afterwards: incomplete, active or proposed.

    Raises ValueError where the part contradicts itself, or an incomplete baseline of its digest is cut up otherwise.
    """
    owner = deployments.row_of(session, deployment)
    row = _ensure(session, owner.id, version, piece, now_us)
    if row.status == "incomplete":
        _keep(session, row, piece)
        if _is_complete(session, row):
            _settle(session, owner, row)
    return row.status


def active(session: Session, deployment: str, version: str) -> StoredBaseline | None:
    """The baseline that the version is measured against, or None."""
    row = _active_row(session, deployments.row_of(session, deployment).id, version)
    if row is None:
        return None
    payloads = session.scalars(
        select(BaselinePartRow.payload).where(BaselinePartRow.baseline_id == row.id).order_by(BaselinePartRow.part)
    )
    return StoredBaseline(
        version=row.version,
        digest=row.digest,
        origin=row.origin,
        rows=row.rows,
        bins_id=row.bins_id,
        created_at_us=row.created_at_us,
        parts=tuple(payloads),
    )


def listed(session: Session, deployment: str) -> list[BaselineSummary]:
    """All baselines of a deployment, oldest first."""
    rows = session.scalars(
        select(BaselineRow)
        .where(BaselineRow.deployment_id == deployments.row_of(session, deployment).id)
        .order_by(BaselineRow.id)
    )
    return [
        BaselineSummary(
            row.id, row.version, row.digest, row.origin, row.status, row.rows, row.bins_id, row.created_at_us
        )
        for row in rows
    ]


def _ensure(session: Session, deployment_id: int, version: str, piece: BaselinePart, now_us: int) -> BaselineRow:
    if not 0 <= piece.part < piece.parts:
        raise ValueError(f"baseline {piece.digest.hex()}: part {piece.part} of {piece.parts} cannot be: count from 0")
    if piece.origin not in {"given", "production"}:
        raise ValueError(f"baseline {piece.digest.hex()}: origin {piece.origin!r}: use 'given' or 'production'")
    row = session.scalars(
        select(BaselineRow).where(
            BaselineRow.deployment_id == deployment_id,
            BaselineRow.version == version,
            BaselineRow.digest == piece.digest,
        )
    ).one_or_none()
    if row is None:
        row = BaselineRow(
            deployment_id=deployment_id,
            version=version,
            digest=piece.digest,
            origin=piece.origin,
            status="incomplete",
            parts=piece.parts,
            rows=piece.rows,
            bins_id=piece.bins_id,
            created_at_us=now_us,
        )
        session.add(row)
        session.flush()
    elif row.status == "incomplete" and row.parts != piece.parts:
        raise ValueError(
            f"baseline {piece.digest.hex()} has {row.parts} parts, now part {piece.part} of {piece.parts} came: send all of one cut"
        )
    return row


def _keep(session: Session, row: BaselineRow, piece: BaselinePart) -> None:
    if session.get(BaselinePartRow, (row.id, piece.part)) is None:  # else the digest vouches that it is the same
        session.add(BaselinePartRow(baseline_id=row.id, part=piece.part, payload=piece.payload))
        session.flush()


def _is_complete(session: Session, row: BaselineRow) -> bool:
    return session.scalars(select(func.count()).where(BaselinePartRow.baseline_id == row.id)).one() == row.parts


def _settle(session: Session, owner: DeploymentRow, row: BaselineRow) -> None:
    """Makes a complete baseline active or proposed."""
    standing = _active_row(session, owner.id, row.version)
    if standing is not None and not (standing.origin == "production" and row.origin == "given"):
        row.status = "proposed"
        return
    if standing is not None:
        standing.status = "proposed"
        session.flush()  # before the other becomes active: the database allows one
    row.status = "active"
    revisions.bump(session, owner)


def _active_row(session: Session, deployment_id: int, version: str) -> BaselineRow | None:
    return session.scalars(
        select(BaselineRow).where(
            BaselineRow.deployment_id == deployment_id,
            BaselineRow.version == version,
            BaselineRow.status == "active",
        )
    ).one_or_none()
