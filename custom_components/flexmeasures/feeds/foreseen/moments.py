"""Times, as integrations write them."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, Final

from ...api.numbers import number_in

_YEARS: Final = range(1973, 2100)

# Of these years: other numbers are no times.
_EPOCH_SECONDS: Final = (1e8, 4.1e9)
_EPOCH_MILLISECONDS: Final = (1e11, 4.1e12)


def moment_in(value: Any, time_zone: tzinfo) -> datetime | None:
    """Return the time that a value says, in UTC; None if it says none.

    Dates and times without an offset are those of the time zone. Of a time that a
    clock shows twice, it is the first.
    """
    written = _written(value)
    return None if written is None else _in_utc(written, time_zone)


def moments_in(values: Iterable[Any], time_zone: tzinfo) -> Iterator[datetime | None]:
    """Give the time that each of some values says, as `moment_in` does.

    A time that a clock shows twice is the second one where it comes again.
    """
    seen: set[datetime] = set()
    for value in values:
        written = _written(value)
        if written is None:
            yield None
            continue
        if written.tzinfo is None:
            # As it is anyway for all but that hour of the year.
            written = written.replace(fold=int(written in seen))
            seen.add(written)
        yield _in_utc(written, time_zone)


def end_after(value: Any, start: datetime, time_zone: tzinfo) -> datetime | None:
    """Return when something ends that begins at a time; None if the value does not say it."""
    written = _written(value)
    if written is None:
        return None
    # 02:15 is before the second 02:00 of a night, and after it.
    folds = (0, 1) if written.tzinfo is None else (written.fold,)
    ends = (_in_utc(written.replace(fold=fold), time_zone) for fold in folds)
    return next((end for end in ends if end > start), None)


def _in_utc(written: datetime, time_zone: tzinfo) -> datetime:
    if written.tzinfo is None:
        written = written.replace(tzinfo=time_zone)
    return written.astimezone(UTC)


def _written(value: Any) -> datetime | None:
    """Return the time that a value says, with a time zone if it says so."""
    read = _read(value)
    return read if read is not None and read.year in _YEARS else None


def _read(value: Any) -> datetime | None:
    match value:
        case datetime():
            return value
        case date():
            return datetime.combine(value, time())
        case str():
            number = number_in(value)
            if number is not None and _is_epoch(number):
                return _from_epoch(number)
            with suppress(ValueError):
                return datetime.fromisoformat(value.strip())
        case int() | float() if _is_epoch(value):
            return _from_epoch(value)
    return None


def _is_epoch(number: float) -> bool:
    return any(
        first <= number <= last for first, last in (_EPOCH_SECONDS, _EPOCH_MILLISECONDS)
    )


def _from_epoch(number: float) -> datetime:
    seconds = number / 1000 if number >= _EPOCH_MILLISECONDS[0] else number
    return datetime.fromtimestamp(seconds, UTC)
