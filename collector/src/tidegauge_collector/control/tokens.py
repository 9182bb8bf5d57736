"""Tokens as they are stored: never the secret, only its SHA-256. Each method is one transaction.

Changes raise the access revision, by which a collector in another process sees that it must read them again; being used
does not.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from tidegauge_collector.control.tables import AccessRevisionRow, TokenRow

MAX_TOKENS = 10_000
FORGET_AFTER_US = 400 * 86_400 * 1_000_000  # dead tokens are kept so long, so that their holders are told why

_Transaction = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """A stored token; `deployments` are patterns with `*`, `digest` is the SHA-256 of its secret."""

    id: str
    name: str
    scope: str
    deployments: tuple[str, ...]
    digest: bytes
    created_at_us: int
    created_by: str
    expires_at_us: int | None = None
    revoked_at_us: int | None = None
    last_used_at_us: int | None = None
    successor: str | None = None

    def state(self, now_us: int) -> str:
        """`live`, `expired` or `revoked`."""
        if self.revoked_at_us is not None:
            return "revoked"
        return "expired" if self.expires_at_us is not None and self.expires_at_us <= now_us else "live"


class Tokens:
    """The tokens of a control store."""

    def __init__(self, read: _Transaction, write: _Transaction) -> None:
        self._read = read
        self._write = write

    def revision(self) -> int:
        """Rises with every change of a token."""
        with self._read() as session:
            return session.scalars(select(AccessRevisionRow.value)).one()

    def listed(self) -> list[TokenRecord]:
        """All tokens, oldest first."""
        with self._read() as session:
            return [
                _value(row) for row in session.scalars(select(TokenRow).order_by(TokenRow.created_at_us, TokenRow.id))
            ]

    def add(self, record: TokenRecord) -> None:
        """Store a new token; raises ValueError where there are too many."""
        with self._write() as session:
            _add(session, record)

    def rotate(self, old: str, record: TokenRecord, *, old_ends_at_us: int) -> None:
        """Store the successor of a token, which then ends no later than that.

        Raises LookupError where there is no such token, ValueError where it is dead or has a successor already.
        """
        with self._write() as session:
            row = _row(session, old)
            state = _value(row).state(record.created_at_us)
            if state != "live":
                raise ValueError(f"token {old} is {state}: create another")
            if row.successor is not None:
                raise ValueError(f"token {old} was rotated already, into {row.successor}: rotate that one")
            _add(session, record)
            row.successor = record.id
            row.expires_at_us = min(row.expires_at_us or old_ends_at_us, old_ends_at_us)

    def revoke(self, token: str, now_us: int) -> TokenRecord:
        """End a token now and return it; one that was revoked before stays as it is. Raises LookupError."""
        with self._write() as session:
            row = _row(session, token)
            if row.revoked_at_us is None:
                row.revoked_at_us = now_us
                _bump(session)
            return _value(row)

    def note_use(self, used_at_us: Mapping[str, int]) -> None:
        """Store when tokens were last used."""
        with self._write() as session:
            for token, at_us in used_at_us.items():
                session.execute(update(TokenRow).where(TokenRow.id == token).values(last_used_at_us=at_us))


def _add(session: Session, record: TokenRecord) -> None:
    horizon = record.created_at_us - FORGET_AFTER_US
    session.execute(delete(TokenRow).where((TokenRow.revoked_at_us < horizon) | (TokenRow.expires_at_us < horizon)))
    if session.scalars(select(func.count()).select_from(TokenRow)).one() >= MAX_TOKENS:
        raise ValueError(f"there are {MAX_TOKENS} tokens already: dead ones go 400 days after their end")
    session.add(
        TokenRow(
            id=record.id,
            name=record.name,
            scope=record.scope,
            deployments=list(record.deployments),
            digest=record.digest,
            created_at_us=record.created_at_us,
            created_by=record.created_by,
            expires_at_us=record.expires_at_us,
        )
    )
    _bump(session)


def _bump(session: Session) -> None:
    session.execute(update(AccessRevisionRow).values(value=AccessRevisionRow.value + 1))


def _row(session: Session, token: str) -> TokenRow:
    row = session.get(TokenRow, token)
    if row is None:
        raise LookupError(f"there is no token {token}: `tidegauge-collector tokens list` shows their ids")
    return row


def _value(row: TokenRow) -> TokenRecord:
    return TokenRecord(
        id=row.id,
        name=row.name,
        scope=row.scope,
        deployments=tuple(row.deployments),
        digest=row.digest,
        created_at_us=row.created_at_us,
        created_by=row.created_by,
        expires_at_us=row.expires_at_us,
        revoked_at_us=row.revoked_at_us,
        last_used_at_us=row.last_used_at_us,
        successor=row.successor,
    )
