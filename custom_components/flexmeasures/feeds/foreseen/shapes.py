"""Lists of times and values in the shapes that integrations give them, as steps."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
import re
from typing import Any, Final, NamedTuple

from ...api.numbers import believable, number_in
from ..bins import Step
from .errors import NoTimesAndValuesError, SeveralValuesError
from .moments import end_after, moment_in, moments_in

# As they are called apart from case and underscores, those that say most first: a
# `date` beside a `start` is that of the day.
_STARTS: Final = (
    "start",
    "starttime",
    "startsat",
    "timestart",
    "starttimestamp",
    "periodstart",
    "validfrom",
    "from",
    "datetime",
    "timestamp",
    "time",
    "hour",
    "date",
)
_ENDS: Final = (
    "end",
    "endtime",
    "endsat",
    "timeend",
    "endtimestamp",
    "periodend",
    "validto",
    "validuntil",
    "till",
    "until",
    "to",
)
_LIKELY: Final = (
    "value",
    "price",
    "total",
    "valueincvat",
    "priceperkwh",
    "perkwh",
    "pvestimate",
    "temperature",
    "power",
    "watts",
)
"""What the value that is meant may be called where several stand together."""

# What is listed for each day is one list.
_DAY: Final = re.compile(r"_?(today|tomorrow)")

# Of lists in a dictionary in a dictionary...
_DEEPEST: Final = 4


class _Row(NamedTuple):
    """An item of a list, as it is written."""

    start: Any
    end: Any
    values: Mapping[str, Any]


class Span(NamedTuple):
    """What holds from a time on, up to another if that is known."""

    start: datetime
    end: datetime | None
    value: float | None


def value_keys(data: Iterable[Any], time_zone: tzinfo) -> tuple[str, ...]:
    """Return what the values are called that stand together in some data, the likeliest first.

    Empty if there is none; a single empty text if the only values have no name.
    """
    return tuple(_columns(data, time_zone))


def spans_of(
    data: Iterable[Any], time_zone: tzinfo, key: str | None = None
) -> list[Span]:
    """Return what some data say, in the order of time, each time once; raises FeedSourceError.

    `key` is one of `value_keys`; not needed where it is clear which is meant. Times
    without an offset are those of the time zone. Of what is listed twice, the last holds.
    """
    columns = _columns(data, time_zone)
    if not columns:
        raise NoTimesAndValuesError
    if key is None and _is_clear(columns):
        key = next(iter(columns))
    if key is None or key not in columns:
        raise SeveralValuesError(", ".join(columns))
    return columns[key]


def steps_of(spans: Sequence[Span]) -> tuple[Step, ...]:
    """Return what holds when, up to the end, where nothing does; raises FeedSourceError.

    What has no end holds until the next begins, and the last as long as the one before.
    """
    steps: list[Step] = []
    end: datetime | None = None
    for start, until, value in _closed(spans):
        if end is not None and end < start:
            steps.append((end, None))
        steps.append((start, value))
        end = until
    if end is None or all(value is None for _, value in steps):
        raise NoTimesAndValuesError
    return (*steps, (end, None))


def number_of(value: Any) -> float | None:
    """Return a number, also of a text; None if it is none that can be."""
    match value:
        case bool():
            return None
        case int() | float():
            return float(value) if believable(value) else None
        case str():
            return number_in(value)
    return None


def _closed(spans: Sequence[Span]) -> Iterator[tuple[datetime, datetime, float | None]]:
    length: timedelta | None = None
    for span, following in pairwise((*spans, None)):
        assert span is not None
        end = span.end
        if following is not None:
            end = min(end or following.start, following.start)
        elif end is None and length is not None:
            end = span.start + length
        # How long a single value holds that has no end, nobody knows.
        if end is not None:
            length = end - span.start
            yield span.start, end, span.value


def _is_clear(columns: Iterable[str]) -> bool:
    first, *others = columns
    return not others or _plain(first) in _LIKELY


def _columns(data: Iterable[Any], time_zone: tzinfo) -> dict[str, list[Span]]:
    """Return the values by what they are called, the likeliest first."""
    tables: dict[str, list[_Row]] = {}
    for part in data:
        for path, rows in _tables(part, time_zone):
            tables.setdefault(".".join(path), []).extend(rows)
    columns = {
        _name(path if len(tables) > 1 or not key else "", key): column
        for path, rows in tables.items()
        for key, column in _columns_of(rows, time_zone).items()
    }
    return dict(sorted(columns.items(), key=_likelihood))


def _likelihood(column: tuple[str, object]) -> int:
    name = _plain(column[0])
    return _LIKELY.index(name) if name in _LIKELY else len(_LIKELY)


def _name(path: str, key: str) -> str:
    return ".".join(part for part in (path, key) if part)


def _columns_of(rows: Sequence[_Row], time_zone: tzinfo) -> dict[str, list[Span]]:
    """Return what there is for each key that has numbers."""
    starts = [*moments_in((row.start for row in rows), time_zone)]
    keys = dict.fromkeys(
        key
        for row in rows
        for key, value in row.values.items()
        if number_of(value) is not None and _plain(key) not in (*_STARTS, *_ENDS)
    )
    return {
        key: [*_column(zip(starts, rows, strict=True), key, time_zone)] for key in keys
    }


def _column(
    rows: Iterable[tuple[datetime | None, _Row]], key: str, time_zone: tzinfo
) -> Iterator[Span]:
    spans = {
        start: Span(
            start,
            end_after(row.end, start, time_zone),
            number_of(row.values.get(key)),
        )
        for start, row in rows
        if start is not None
    }
    return (spans[start] for start in sorted(spans))


def _tables(
    data: Any, time_zone: tzinfo, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], list[_Row]]]:
    """Give the lists in some data, with the names they stand under."""
    if isinstance(data, Mapping):
        if rows := _rows_of_mapping(data, time_zone):
            yield path, rows
        elif len(path) < _DEEPEST:
            for key, value in data.items():
                name = _DAY.sub("", str(key))
                yield from _tables(value, time_zone, (*path, name) if name else path)
    elif isinstance(data, Sequence) and not isinstance(data, str | bytes):
        rows = [row for item in data if (row := _row_of_item(item, time_zone))]
        if rows:
            yield path, rows


def _rows_of_mapping(data: Mapping[Any, Any], time_zone: tzinfo) -> list[_Row]:
    """Return the rows of values by their times, or of a list of times beside lists of values."""
    if data and all(moment_in(key, time_zone) is not None for key in data):
        return [
            _Row(
                key, None, _named(value) if isinstance(value, Mapping) else {"": value}
            )
            for key, value in data.items()
        ]
    lists = {
        str(key): value
        for key, value in data.items()
        if isinstance(value, list | tuple) and value
    }
    start = _first_of(lists, _STARTS)
    if start is None or moment_in(lists[start][0], time_zone) is None:
        return []
    ends = lists.get(_first_of(lists, _ENDS) or "", ())
    return [
        _Row(
            moment,
            ends[index] if index < len(ends) else None,
            {key: each[index] for key, each in lists.items() if index < len(each)},
        )
        for index, moment in enumerate(lists[start])
    ]


def _row_of_item(item: Any, time_zone: tzinfo) -> _Row | None:
    """Return an item of a list as a row; None if it has no time."""
    match item:
        case Mapping():
            start = _first_of(item, _STARTS)
            if start is None or moment_in(item[start], time_zone) is None:
                return None
            end = _first_of(item, _ENDS)
            return _Row(item[start], end and item[end], _named(item))
        case [start, value] if moment_in(start, time_zone) is not None:
            return _Row(start, None, {"": value})
        case [start, end, value] if moment_in(start, time_zone) is not None:
            return _Row(start, end, {"": value})
    return None


def _named(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in values.items()}


def _first_of(data: Mapping[Any, Any], names: Iterable[str]) -> Any:
    """Return the key that is called by the first of some names."""
    called = {_plain(key): key for key in data}
    return next((called[name] for name in names if name in called), None)


def _plain(key: object) -> str:
    return str(key).replace("_", "").replace(" ", "").lower()
