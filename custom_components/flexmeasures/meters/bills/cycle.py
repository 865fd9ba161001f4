"""When bills start and end."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class BillPeriod:
    """The days of a bill."""

    start: date
    end: date
    """The first day of the next bill."""


@dataclass(frozen=True, slots=True)
class BillCycle:
    """Bills that follow each other: from a day of the month on, for some months each."""

    start: date
    """The first day of any of them. One of a day that a month lacks starts on its last day."""
    months: int = 1

    def period_of(self, day: date) -> BillPeriod:
        """Return the bill that a day is on."""
        number = _month_number(day)
        if day < self._start_in(number):
            number -= 1
        number -= (number - _month_number(self.start)) % self.months
        return self._period(number)

    def before(self, period: BillPeriod) -> Iterator[BillPeriod]:
        """Yield the bills before one, the latest first; never ends by itself."""
        number = _month_number(period.start)
        while True:
            number -= self.months
            yield self._period(number)

    def _period(self, number: int) -> BillPeriod:
        return BillPeriod(self._start_in(number), self._start_in(number + self.months))

    def _start_in(self, number: int) -> date:
        """Return the first day of a bill in a month."""
        year, month = divmod(number, 12)
        _, last = calendar.monthrange(year, month + 1)
        return date(year, month + 1, min(self.start.day, last))


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1
