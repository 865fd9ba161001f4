"""What is remembered of a meter over a restart."""

from datetime import UTC, date, datetime, timedelta
import json

from hypothesis import given, strategies as st
import pytest

from custom_components.flexmeasures.meters.bills.day_book import Day, DayBook, Total
from custom_components.flexmeasures.meters.memory import Import, MeterMemory

START = datetime(2026, 1, 1, tzinfo=UTC)
ONE = timedelta(days=1)


@pytest.mark.parametrize(
    "memory",
    [
        MeterMemory(),
        MeterMemory(
            book=DayBook({date(2026, 1, 1): Day(Total(1.5, 3600))}, START),
            resolution=900,
            imported_as="in a way",
            since=START,
            under_way=Import(START, START + 10 * ONE, START + 3 * ONE),
            refreshed_at=START + ONE,
            has_forecast=True,
            forecast_at=START + 2 * ONE,
        ),
    ],
)
def test_storage(memory: MeterMemory) -> None:
    """It is the same after a restart."""
    assert MeterMemory.from_json(json.loads(json.dumps(memory.as_json()))) == memory


def days(first: int, last: int) -> tuple[datetime, datetime]:
    """Give a period of days."""
    return START + first * ONE, START + last * ONE


class TestImport:
    """A period that is being read."""

    def test_progress(self) -> None:
        """It is the share of the period that is done."""
        start, end = days(0, 8)
        assert Import.of(start, end).progress == 0
        assert Import(start, end, start + 2 * ONE).progress == 0.25
        assert Import(start, end, end).progress == 1

    def test_more_after_it(self) -> None:
        """What is done of it stays done."""
        start, end = days(0, 8)
        job = Import(start, end, start + 5 * ONE)
        assert job.with_more(*days(6, 9)) == Import(start, START + 9 * ONE, job.reached)
        assert job.with_more(*days(5, 7)) == job

    def test_more_before_it(self) -> None:
        """All from there on is done, for sums go on from what is before."""
        start, end = days(2, 8)
        job = Import(start, end, start + 5 * ONE)
        assert job.with_more(*days(0, 3)) == Import.of(*days(0, 8))
        assert job.with_more(*days(4, 20)) == Import.of(*days(4, 20))

    @given(*[st.integers(0, 30)] * 5)
    def test_nothing_is_left_out(
        self, first: int, length: int, done: int, more: int, count: int
    ) -> None:
        """Each day that was to be done, and is not, will be; and each that is added."""
        start, end = days(first, first + length + 1)
        job = Import(start, end, min(start + done * ONE, end))
        both = job.with_more(*days(more, more + count))
        to_do = {
            START + n * ONE for n in range(70) if job.reached <= START + n * ONE < end
        }
        to_do |= {START + n * ONE for n in range(more, more + count)}
        assert all(both.reached <= day < both.end for day in to_do)
        assert both.start <= both.reached
