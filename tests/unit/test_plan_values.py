"""What follows from a schedule: energy, blocks, costs, and the state of charge expected."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import isclose
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.flexmeasures.plan.outlook import Outlook
from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.plan.prices import Price, Quantity
from custom_components.flexmeasures.plan.schedule import Action, Block, Schedule
from custom_components.flexmeasures.plan.series import Series

from .quarters import QUARTER, START, quarter, quarters

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def outlook(schedule: Schedule) -> Outlook:
    """Find what follows from a schedule."""
    return Outlook(Plan(schedule), START, UTC)


def hourly(*values: float | None, unit: str = "EUR/kWh") -> Price:
    """Give prices by the hour from START on."""
    price = Price.from_series(Series(START, HOUR, values), unit)
    assert price
    return price


def fixed(amount: float, unit: str = "EUR/kWh") -> Price:
    """Give one price for all times."""
    price = Price.from_quantity(Quantity(amount, unit))
    assert price
    return price


# Schedules of all kinds: time zones and their changes of daylight saving time only
# matter for where a day starts, so every start near such nights is tried.
MOMENTS = st.datetimes(
    datetime(2026, 3, 27),  # noqa: DTZ001
    datetime(2026, 11, 3),  # noqa: DTZ001
    timezones=st.sampled_from(
        [
            UTC,
            ZoneInfo("Europe/Amsterdam"),
            ZoneInfo("America/New_York"),
            ZoneInfo("Australia/Lord_Howe"),
            ZoneInfo("Asia/Kolkata"),
        ]
    ),
).map(lambda moment: moment.replace(second=0, microsecond=0).astimezone(UTC))
RESOLUTIONS = st.sampled_from([5, 15, 30, 60, 24 * 60]).map(
    lambda minutes: timedelta(minutes=minutes)
)
VALUES = st.lists(st.none() | st.sampled_from([-2.0, 0.0, 0.5, 3.0]), max_size=40)
SCHEDULES = st.builds(Schedule.from_values, MOMENTS, RESOLUTIONS, VALUES).filter(bool)


# --- energy


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param(0, 4, 1.0, id="all, production subtracted"),
        pytest.param(0.5, 1, 0.5, id="a part of a slot"),
        pytest.param(0.5, 1.5, 0.25, id="parts of two slots"),
        pytest.param(2, 3, None, id="a gap"),
        pytest.param(1, 4, 0.0, id="over a gap"),
        pytest.param(4, 9, None, id="after the end"),
        pytest.param(-4, 0, None, id="before the start"),
    ],
)
def test_energy(start: float, end: float, expected: float | None) -> None:
    schedule = quarters(4.0, -2.0, None, 2.0)

    assert outlook(schedule).energy(quarter(start), quarter(end)) == expected


@given(SCHEDULES, st.integers(-5, 45), st.integers(0, 45), st.integers(0, 45))
def test_energy_of_parts_adds_up(
    schedule: Schedule, first: int, length: int, more: int
) -> None:
    """However a period is cut, and wherever."""
    start = schedule.start + first * schedule.resolution * 0.4
    middle = start + length * schedule.resolution * 0.7
    end = middle + more * schedule.resolution * 0.3

    found = outlook(schedule)

    def energy(start: datetime, end: datetime) -> float:
        return found.energy(start, end) or 0.0

    whole = energy(start, end)
    assert isclose(whole, energy(start, middle) + energy(middle, end), abs_tol=1e-6)


# --- blocks


def test_blocks() -> None:
    schedule = quarters(4.0, 2.0, -2.0, 0.0, 0.0, -2.0, None, -4.0, 1.0)

    assert list(schedule.blocks()) == [
        Block(quarter(0), quarter(2), Action.CHARGE, 1.5),
        Block(quarter(2), quarter(3), Action.DISCHARGE, 0.5),
        Block(quarter(5), quarter(6), Action.DISCHARGE, 0.5),
        Block(quarter(7), quarter(8), Action.DISCHARGE, 1.0),
        Block(quarter(8), quarter(9), Action.CHARGE, 0.25),
    ]


@pytest.mark.parametrize(
    ("moment", "start", "end"),
    [
        (-1, 1, 3),
        (0, 1, 3),
        (1, 4, 3),
        (2.9, 4, 3),
        (3, 4, 5),
        (4.5, None, 5),
        (5, None, None),
        (9, None, None),
    ],
)
def test_next_charge(moment: float, start: int | None, end: int | None) -> None:
    """Whichever start and end come next: first the end, while one runs."""
    planned = outlook(quarters(-1.0, 1.0, 2.0, 0.0, 3.0, -1.0))
    found = (
        planned.next_charge_start(quarter(moment)),
        planned.next_charge_end(quarter(moment)),
    )

    assert found == (start and quarter(start), end and quarter(end))


def test_nothing_to_charge() -> None:
    planned = outlook(quarters(0.0, -1.0))

    assert planned.next_charge_start(START) is None
    assert planned.next_charge_end(START) is None


@pytest.mark.parametrize(
    ("moment", "slots", "expected"),
    [
        (-2, 0, None),
        (-2, 1.9, None),
        (-2, 2, False),
        (-2, 3, True),
        (0, 0, False),
        (0, 0.9, False),
        (0, 1, True),
        (1, 0, True),
        (2.9, 0, True),
        (3, 0.9, False),
        (3, 1, True),
        (5, 9, False),
        (6, 9, None),
    ],
)
def test_charges_within(moment: float, slots: float, expected: bool | None) -> None:  # noqa: FBT001
    planned = outlook(quarters(-1.0, 1.0, 2.0, 0.0, 3.0, -1.0))

    assert planned.charges_within(quarter(moment), slots * QUARTER) is expected


def test_charges_within_without_a_plan() -> None:
    assert Outlook(Plan(), START, UTC).charges_within(START, DAY) is None


@pytest.mark.parametrize(
    ("moment", "end"), [(0, 2), (1.5, 2), (2, 3), (3, 4), (5, None), (6.5, None)]
)
def test_action_end(moment: float, end: int | None) -> None:
    """What outlasts the schedule has no end that is known."""
    schedule = quarters(4.0, 2.0, 0.0, -1.0, None, 1.0, 2.0)

    assert schedule.action_end(quarter(moment)) == (end and quarter(end))


@given(SCHEDULES)
def test_blocks_are_the_plan(schedule: Schedule) -> None:
    """They lie in order, do not touch their likes, and hold all energy."""
    blocks = list(schedule.blocks())

    for block, following in pairwise(blocks):
        assert block.end <= following.start
        assert block.end < following.start or block.action != following.action
    for block in blocks:
        moment = block.start
        while moment < block.end:
            power = schedule.value_at(moment)
            assert power is not None
            assert Action.of(power) is block.action
            moment += schedule.resolution
        before = schedule.value_at(block.start - schedule.resolution)
        assert before is None or Action.of(before) is not block.action
    signed = {Action.CHARGE: 1, Action.DISCHARGE: -1}
    total = sum(signed[block.action] * block.energy for block in blocks)
    energy = outlook(schedule).energy(schedule.start, schedule.end)
    assert energy is not None
    assert isclose(total, energy, abs_tol=1e-6)


# --- the state of charge in between


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (0, 4.0),
        (0.25, 4.5),
        (1, 6.0),
        (1.5, 6.0),
        (2, None),
        (3, 8.0),
        (3.9, 8.0),
        (4, None),
        (-0.5, None),
    ],
)
def test_interpolated(moment: float, expected: float | None) -> None:
    """Nothing is read into a gap; after the last value it stays."""
    series = Series(START, QUARTER, (4.0, 6.0, None, 8.0))

    assert series.interpolated_at(quarter(moment)) == expected


@given(SCHEDULES, st.floats(-2, 45))
def test_interpolated_lies_between(schedule: Schedule, slots: float) -> None:
    moment = schedule.start + slots * schedule.resolution
    value = schedule.interpolated_at(moment)
    before = schedule.value_at(moment)
    after = schedule.value_at(moment + schedule.resolution)

    assert (value is None) is (before is None)
    if value is not None and before is not None:
        around = sorted([before, before if after is None else after])
        assert around[0] - 1e-9 <= value <= around[1] + 1e-9


# --- prices


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("EUR/kWh", 300.0),
        ("EUR/MWh", 0.3),
        ("SEK/Wh", 300000.0),
        ("kEUR/MWh", 300.0),
        ("MEUR/GWh", 300.0),
        ("EUR/GWh", 0.0003),
        ("EUR/MJ", 1080.0),
        ("EUR/GJ", 1.08),
        ("kSEK/TJ", 1.08),
    ],
)
def test_price_of_a_kwh(unit: str, expected: float) -> None:
    """In each unit that the server's scheduler takes."""
    assert fixed(300, unit).per_kwh_at(START) == pytest.approx(expected)
    assert hourly(300, unit=unit).per_kwh_at(START) == pytest.approx(expected)
    assert fixed(300, unit).currency == unit.partition("/")[0][-3:]


@pytest.mark.parametrize("unit", ["EUR/kWh", "EUR/MWh", "kEUR/MWh"])
@given(st.integers(-100_000, 100_000))
def test_price_has_no_more_digits_than_were_given(unit: str, cents: int) -> None:
    divisor = {"EUR/kWh": 1, "EUR/MWh": 1000, "kEUR/MWh": 1}[unit]

    assert fixed(cents / 100, unit).per_kwh_at(START) == cents / 100 / divisor


@pytest.mark.parametrize(
    "unit", ["EUR", "EUR/kW", "kWh", "€/kWh", "EUR/kWh/h", "ct/kWh"]
)
def test_no_energy_price(unit: str) -> None:
    assert Price.from_quantity(Quantity(1, unit)) is None
    assert Price.from_series(Series(START, HOUR, (1.0,)), unit) is None


def test_price_that_is_not_known() -> None:
    price = hourly(0.3, None, 0.2)

    assert price.per_kwh_at(START + HOUR) is None
    assert price.per_kwh_at(START - HOUR) is None


def is_cheap(price: Price, hours: float, length: float, end: int = 4) -> bool | None:
    """Tell whether a time after START is in the cheapest `length` of some hours."""
    return price.is_among_cheapest(
        START + hours * HOUR, length * HOUR, start=START, end=START + end * HOUR
    )


@pytest.mark.parametrize(
    ("hours", "length", "expected"),
    [
        (0, 2.9, False),
        (0, 3.1, True),
        (1, 0.1, True),
        # The earlier of two that cost the same, and of that as much as is left.
        (2, 1.5, True),
        (2.4, 1.5, True),
        (2.5, 1.5, False),
        (3, 2, False),
        (3, 2.1, True),
        # The hours after the end are none of them.
        (4, 4, None),
        (-1, 4, None),
    ],
)
def test_cheapest(hours: float, length: float, expected: bool | None) -> None:  # noqa: FBT001
    price = hourly(0.3, -0.1, 0.2, 0.2, -0.5)

    assert is_cheap(price, hours, length) is expected


def test_cheapest_of_what_is_known() -> None:
    price = hourly(0.3, None, 0.2)

    assert is_cheap(price, 0, 1) is False
    assert is_cheap(price, 0, 1.1) is True
    assert is_cheap(price, 1, 4) is None
    assert is_cheap(price, 3, 4) is None


def test_cheapest_of_a_fixed_price() -> None:
    """The first hours are as cheap as all others, and are not more than were asked for."""
    assert is_cheap(fixed(1), 1.4, 1.5) is True
    assert is_cheap(fixed(1), 1.5, 1.5) is False


@given(
    prices=st.lists(st.sampled_from([-0.1, 0.0, 0.2, 0.3]), min_size=1, max_size=30),
    half_hours=st.integers(1, 70),
)
def test_cheapest_are_as_long_as_was_asked_for(
    prices: list[float], half_hours: int
) -> None:
    """And what is not among them is not cheaper."""
    price, hours = hourly(*prices), len(prices)
    chosen = {
        half: bool(is_cheap(price, half / 2, half_hours / 2, end=hours))
        for half in range(2 * hours)
    }

    assert sum(chosen.values()) == min(half_hours, 2 * hours)
    among = [prices[half // 2] for half, is_chosen in chosen.items() if is_chosen]
    others = [prices[half // 2] for half, is_chosen in chosen.items() if not is_chosen]
    assert max(among) <= min(others, default=1.0)


def test_part_of_a_price() -> None:
    """That of a fixed one is itself."""
    assert hourly(1, 2, 3).within(START + HOUR, START + 2 * HOUR) == Price(
        "EUR", series=Series(START + HOUR, HOUR, (2.0,))
    )
    assert hourly(1).within(START + HOUR, START + 2 * HOUR) == Price("EUR")
    assert fixed(1).within(START, START) == fixed(1)


def plan(
    schedule: Schedule | None,
    consumption: Price | None,
    production: Price | None = None,
) -> Plan:
    """Make a plan with prices."""
    return Plan(schedule, None, consumption, production)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(
            plan(quarters(4.0, 4.0), fixed(0.3), fixed(0.1)), 0.6, id="consumption"
        ),
        pytest.param(
            plan(quarters(-4.0, -4.0), fixed(0.3), fixed(0.1)), -0.2, id="production"
        ),
        pytest.param(plan(quarters(4.0, -4.0), fixed(0.3), fixed(0.1)), 0.2, id="both"),
        pytest.param(
            plan(quarters(4.0, -2.0), fixed(0.3)),
            0.15,
            id="production at the price of consumption",
        ),
        pytest.param(
            plan(quarters(*[1.0] * 8), hourly(0.3, 0.1)), 0.4, id="prices that change"
        ),
        pytest.param(
            plan(
                Schedule(START, 2 * HOUR, (1.0,)),
                Price("EUR", series=Series(START, QUARTER, tuple([0.1, 0.3] * 4))),
            ),
            0.4,
            id="prices that change within a slot",
        ),
        pytest.param(
            plan(quarters(0.0, 0.0), hourly(None, 1.0)), 0.0, id="nothing to pay for"
        ),
        pytest.param(
            plan(quarters(*[1.0] * 5), hourly(0.3)), None, id="a price is missing"
        ),
        pytest.param(plan(quarters(1.0), None, fixed(1)), None, id="no price"),
        pytest.param(plan(None, fixed(1)), None, id="no schedule"),
    ],
)
def test_cost(made: Plan, expected: float | None) -> None:
    cost = Outlook(made, START, UTC).cost(START, START + 4 * HOUR)

    assert cost == (None if expected is None else pytest.approx(expected))


def test_cost_after_the_end() -> None:
    made = plan(quarters(1.0), fixed(0.3))

    assert Outlook(made, START, UTC).cost(START + HOUR, START + 2 * HOUR) is None
    assert made.currency == "EUR"
    assert Plan().currency is None


# --- the plan as a whole


def test_boundaries_of_all_parts() -> None:
    """Whatever begins or ends next."""
    made = Plan(
        power=quarters(1.0, 1.0),
        soc=Series(quarter(-1), QUARTER, (4.0,) * 4),
        consumption_price=hourly(0.3),
        production_price=fixed(0.1),
    )

    moments = []
    moment = quarter(-9)
    while boundary := made.next_boundary(moment):
        moments.append((boundary - START) / QUARTER)
        moment = boundary
    assert moments == [-1, 0, 1, 2, 3, 4]
    assert Plan().next_boundary(START) is None


@given(SCHEDULES, SCHEDULES)
def test_storage_keeps_a_plan(power: Schedule, other: Schedule) -> None:
    soc = Series(other.start, other.resolution, other.values)
    made = Plan(power, soc, Price("EUR", series=soc), fixed(0.1))

    assert Plan.from_json(made.as_json()) == made
    assert Plan.from_json(Plan().as_json()) == Plan()
