"""What is counted of a day, by arithmetic that anybody can do again."""

from datetime import datetime, timedelta

from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.plan.prices import Price
from custom_components.flexmeasures.plan.schedule import Schedule
from custom_components.flexmeasures.plan.series import Series
from custom_components.flexmeasures.results.day import Day, pieces

from ..quarters import START

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

BUYING = Price("EUR", series=Series(START, HOUR, (0.10, 0.20, 0.30, 0.40)))
SELLING = Price("EUR", series=Series(START, HOUR, (0.05, 0.10, 0.15, 0.30)))
MIDNIGHT = START + 24 * HOUR


def plan(*powers: float | None, selling: Price | None = SELLING) -> Plan:
    """Give a plan by the hour."""
    power = Schedule(START, HOUR, powers) if powers else None
    return Plan(power, None, BUYING, selling)


def counted(
    day: Day,
    of: Plan,
    power: float | None,
    minutes: tuple[int, int],
    rise: float | None = None,
) -> Day:
    """Add some minutes of a power, in which the level rises."""
    start, end = (START + minute * MINUTE for minute in minutes)
    parts = list(pieces(of, power, start, end))
    for part in parts:
        day = day.with_piece(part)
    return day if rise is None else day.with_level(parts, rise)


def rounded(value: float | None) -> float | None:
    """Give a number without noise."""
    return None if value is None else round(value, 9)


def saved(day: Day, of: Plan | None = None, minutes: int = 60) -> float | None:
    """Give what was saved some minutes after START."""
    found = day.saved_by_battery(of or Plan(), START + minutes * MINUTE, MIDNIGHT)
    return rounded(found.amount) if found else None


def test_example_of_the_docs() -> None:
    """A battery that takes a bit less than planned for an hour, and rests for another.

    docs/savings.md has these numbers.
    """
    of = plan(2.0, 0.0, 0.0, -1.0)
    day = Day(START)

    day = counted(day, of, 1.8, (0, 60), rise=1.6)
    day = counted(day, of, 0.0, (60, 120), rise=0.0)

    now = START + 2 * HOUR
    assert rounded(day.known_cost) == 0.18
    assert rounded(day.known_cost_off) == round(1.8 * 0.10 - 2 * 0.10, 9) == -0.02
    assert rounded(day.known_off) == 0.2
    found = day.saved_by_battery(of, now, MIDNIGHT)
    assert found
    assert rounded(found.stored) == 1.6
    assert rounded(found.stored_at) == round((0.05 + 0.10 + 0.15 + 0.30) / 4, 9) == 0.15
    assert rounded(found.amount) == round(1.6 * 0.15 - 0.18, 9) == 0.06
    assert day.share(day.measured, now) == 100.0


def test_as_far_as_prices_are_known() -> None:
    """What is stored counts at the mean of the day that is known, before and after."""
    day = counted(Day(START), plan(), 1.0, (0, 60), rise=1.0)

    assert saved(day) == round(0.05 - 0.10, 9)
    two_hours = Price("EUR", series=Series(START, HOUR, (0.05, 0.25)))
    assert saved(day, plan(selling=two_hours)) == round(0.15 - 0.10, 9)
    # Neither does it matter what comes after the day.
    found = day.saved_by_battery(plan(), START + HOUR, START + 2 * HOUR)
    assert found
    assert rounded(found.stored_at) == 0.075


def test_nothing_known_is_not_nothing() -> None:
    day = counted(Day(START), plan(2.0), None, (0, 60), rise=1.0)

    assert day == Day(START)
    assert day.known_cost is day.known_off is saved(day) is None
    assert day.share(day.measured, START + HOUR) == 0.0
    assert day.share(day.measured, START) is None


def test_gaps_are_left_out() -> None:
    day = counted(Day(START), plan(2.0), 2.0, (0, 30), rise=1.0)
    day = counted(day, plan(2.0), None, (30, 60), rise=1.0)

    assert rounded(day.known_cost) == 0.1
    assert rounded(day.stored) == 1.0
    assert day.share(day.measured, START + HOUR) == 50.0


def test_slots_do_not_make_up_for_each_other() -> None:
    """Within a slot what is too much does so for what is too little."""
    of = plan(1.0, 1.0)
    day = counted(Day(START), of, 2.0, (0, 30))
    day = counted(day, of, 0.0, (30, 60))
    assert rounded(day.known_off) == 0.0

    day = counted(day, of, 2.0, (60, 75))
    assert rounded(day.known_off) == 0.25
    day = counted(day, of, 1.0, (75, 120))
    assert rounded(day.known_off) == 0.25


def test_without_a_plan_there_is_only_what_was_done() -> None:
    day = counted(Day(START), plan(), 2.0, (0, 60))

    assert day.known_off is day.known_cost_off is None
    assert rounded(day.known_cost) == 0.2


def test_unknown_prices() -> None:
    """The fourth hour is priced, the fifth is not: without power it costs nothing, though."""
    day = counted(Day(START), plan(), 2.0, (180, 300))
    assert (rounded(day.known_cost), day.priced) == (0.8, 3600)
    assert day.consumed == 4.0

    day = counted(day, plan(), 0.0, (300, 360))
    assert (rounded(day.known_cost), day.priced) == (0.8, 7200)


def test_no_price_at_all() -> None:
    day = counted(Day(START), Plan(), 0.0, (0, 60))

    assert day.known_cost is None


def test_production_that_is_paid_in_another_currency() -> None:
    dollars = Price("USD", fixed=0.5)
    day = counted(Day(START), plan(selling=dollars), -1.0, (0, 60))

    assert day.known_cost is None
    assert day.produced == 1.0


def test_another_currency() -> None:
    """Money of another one is not known any more; energy is."""
    day = counted(Day(START), plan(2.0), 2.0, (0, 30), rise=1.0)
    of = Plan(None, None, Price("SEK", fixed=2.0))
    day = counted(day, of, 2.0, (30, 60), rise=1.0)

    assert (day.currency, rounded(day.known_cost)) == ("SEK", 2.0)
    assert saved(day) == 1.0 * 2.0 - 2.0
    assert day.consumed == 2.0


def test_a_level_that_falls_has_to_be_bought_again() -> None:
    day = counted(Day(START), plan(), -1.0, (0, 60), rise=-1.2)

    assert saved(day) == round(0.05 - 1.2 * 0.10, 9)


def test_no_part_of_what_rose_is_counted_where_one_is_not_priced() -> None:
    day = counted(Day(START), plan(), 1.0, (180, 270), rise=1.5)

    assert saved(day) is None


def test_a_car_against_charging_at_once() -> None:
    """What is not known of either is left out."""
    day = Day(START)
    for minutes, power, at_once in (
        ((0, 60), 2.0, 0.5),
        ((60, 120), 1.0, None),
        ((120, 180), None, 0.5),
    ):
        for part in pieces(plan(), power, *(START + each * MINUTE for each in minutes)):
            day = day.with_piece(part).with_charge(part, at_once)

    found = day.saved_by_car
    assert found
    assert rounded(found.amount) == round(0.5 - 2 * 0.10, 9)
    assert (found.stored, day.judged) == (None, 3600)
    assert Day(START).saved_by_car is None


def test_it_is_remembered() -> None:
    day = counted(Day(START), plan(2.0, -1.0), 1.8, (0, 90), rise=1.0)

    again = Day.from_json(day.as_json())

    assert again.start == datetime.fromisoformat(str(day.as_json()["start"]))
    assert again.as_json() == day.as_json()
    assert len(str(day.as_json())) < 400
