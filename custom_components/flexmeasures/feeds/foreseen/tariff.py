"""Prices that hold at times of the day, on weekdays and in months."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from homeassistant.const import WEEKDAYS

from ..bins import Step
from .errors import TariffRuleDayError, TariffRulePriceError, TariffRuleTimeError
from .shapes import number_of

RULE_PRICE: Final = "price"
RULE_WEEKDAYS: Final = "weekdays"
RULE_FROM: Final = "from"
RULE_UNTIL: Final = "until"
RULE_MONTHS: Final = "months"
"""The keys of a rule, as the form has it."""

MONTHS: Final = tuple(str(month) for month in range(1, 13))

_DAY: Final = timedelta(days=1)

# Clocks are changed at such times only.
_CLOCK_STEP: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class TariffRule:
    """A price, and when it holds."""

    price: float
    start: time = time()
    end: time = time()
    """If it is not after `start`, on the next day."""
    weekdays: frozenset[int] = frozenset(range(7))
    """On which it starts; Monday is 0."""
    months: frozenset[int] = frozenset(range(1, 13))
    """In which it starts."""

    def holds(self, clock: datetime, weekday_of: Callable[[date], int]) -> bool:
        """Return whether it does when clocks show a time."""
        at, day = clock.time(), clock.date()
        if self.start < self.end:
            is_time = self.start <= at < self.end
        else:
            is_time = at >= self.start or at < self.end
            # What goes on after midnight belongs to the evening.
            day -= timedelta(days=at < self.start)
        return is_time and day.month in self.months and weekday_of(day) in self.weekdays


def read_rules(rules: Iterable[Mapping[str, Any]]) -> tuple[TariffRule, ...]:
    """Read the rules of a tariff as the form has them; raises FeedSourceError.

    Each has a ``price``; ``weekdays`` (``mon`` to ``sun``), ``months`` (``1`` to ``12``),
    ``from`` and ``until`` (times of the day) say when it holds, and may be left out.
    """
    return tuple(_rule(number, rule) for number, rule in enumerate(rules, 1))


def tariff_steps(
    price: float,
    rules: Iterable[TariffRule],
    days: Iterable[date],
    time_zone: tzinfo,
    weekday_of: Callable[[date], int] = date.weekday,
) -> tuple[Step, ...]:
    """Return the prices of days that follow each other; `price` where no rule holds.

    `weekday_of` says as what each day counts, from the day before on.
    """
    rules, days = tuple(rules), tuple(days)
    start = _in_utc(days[0], time(), time_zone)
    end = _in_utc(days[-1] + _DAY, time(), time_zone)
    steps: list[Step] = []
    for moment in sorted(_changes(rules, days, start, end, time_zone)):
        clock = moment.astimezone(time_zone).replace(tzinfo=None)
        value = next(
            (rule.price for rule in rules if rule.holds(clock, weekday_of)), price
        )
        if not steps or steps[-1][1] != value:
            steps.append((moment, value))
    return (*steps, (end, None))


def _changes(
    rules: Iterable[TariffRule],
    days: Iterable[date],
    start: datetime,
    end: datetime,
    time_zone: tzinfo,
) -> set[datetime]:
    """Return all moments from `start` on at which another rule may hold than just before."""
    times = {time(), *(at for rule in rules for at in (rule.start, rule.end))}
    changes = {
        _in_utc(day, at.replace(fold=fold), time_zone)
        for day in days
        for at in times
        for fold in (0, 1)
    }
    steps = (end - start) // _CLOCK_STEP
    changes.update(start + step * _CLOCK_STEP for step in range(steps))
    return {change for change in changes if start <= change < end}


def _in_utc(day: date, at: time, time_zone: tzinfo) -> datetime:
    return datetime.combine(day, at, time_zone).astimezone(UTC)


def _rule(number: int, rule: Mapping[str, Any]) -> TariffRule:
    price = number_of(rule.get(RULE_PRICE))
    if price is None:
        raise TariffRulePriceError(number)
    return TariffRule(
        price,
        _time(number, rule.get(RULE_FROM)),
        _time(number, rule.get(RULE_UNTIL)),
        frozenset(_indices(number, rule.get(RULE_WEEKDAYS), WEEKDAYS, 0)),
        frozenset(_indices(number, rule.get(RULE_MONTHS), MONTHS, 1)),
    )


def _time(number: int, value: Any) -> time:
    """Return a time of the day; midnight if there is none."""
    if not value:
        return time()
    try:
        read = time.fromisoformat(value)
    except TypeError, ValueError:
        raise TariffRuleTimeError(number, str(value)) from None
    return read.replace(tzinfo=None)


def _indices(
    number: int, values: Any, names: Iterable[str], first: int
) -> Iterator[int]:
    """Give the indices of those names that are listed; of all if none is."""
    index_of = {name: index for index, name in enumerate(names, first)}
    for value in values if isinstance(values, list) and values else index_of:
        if str(value) not in index_of:
            raise TariffRuleDayError(number, str(value))
        yield index_of[str(value)]
