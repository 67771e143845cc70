"""Times as the tables hold them: integer microseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """An aware time as microseconds."""
    return (at - _EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """Microseconds as an aware UTC time."""
    return _EPOCH + timedelta(microseconds=value)
