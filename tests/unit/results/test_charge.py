"""What a car's energy would have cost at once, by arithmetic that anybody can do again."""

from datetime import UTC, datetime
import json

from hypothesis import given, strategies as st
import pytest

from custom_components.flexmeasures.results.charge import Charge
from custom_components.flexmeasures.results.day import Piece

START = datetime(2026, 11, 22, 17, tzinfo=UTC)
FULL = 4.0


def piece(power: float | None, price: float | None, hours: float = 1.0) -> Piece:
    """Give a time of one power and one price."""
    return Piece(
        seconds=hours * 3600,
        power=power,
        planned=None,
        buying=price,
        selling=price,
        currency="EUR",
        ends_slot=False,
    )


def costs(
    *pieces: Piece, most: float | None = FULL, charge: Charge | None = None
) -> tuple[Charge, list[float | None]]:
    """Let times pass, and give what the energy of each would have cost."""
    charge = charge or Charge(START)
    found: list[float | None] = []
    for each in pieces:
        charge, cost = charge.after(each, most)
        found.append(None if cost is None else round(cost, 9))
    return charge, found


def test_car_of_the_docs() -> None:
    """It is plugged in at 0.40, and waits for 0.10 and 0.20.

    docs/savings.md has these numbers.
    """
    charge, at_once = costs(
        piece(0.0, 0.40), piece(0.0, 0.30), piece(3.0, 0.10), piece(3.0, 0.20)
    )

    # 3 kWh at 0.40; then the fourth there, and two more at 0.30.
    assert at_once == [0.0, 0.0, 1.2, 1.0]
    assert sum(filter(None, at_once)) == pytest.approx(4 * 0.40 + 2 * 0.30)
    assert charge.reached == 1.5 * 3600


def test_charging_at_once_saves_nothing() -> None:
    _, at_once = costs(piece(FULL, 0.40), piece(FULL, 0.30), piece(0.0, 0.10))

    assert at_once == [1.6, 1.2, 0.0]


def test_more_than_it_could_charge() -> None:
    """The other charge does not come past the present."""
    charge, at_once = costs(piece(6.0, 0.40), piece(2.0, 0.10))

    assert at_once[0] == 2.4
    assert charge.reached == 1.5 * 3600


def test_what_is_not_known() -> None:
    """Neither without a price of the time when it would have been, nor without the power."""
    _, at_once = costs(piece(0.0, None), piece(4.0, 0.10), piece(4.0, 0.10))
    assert at_once == [0.0, None, 0.4]

    _, at_once = costs(piece(0.0, 0.4), piece(4.0, 0.10), most=None)
    assert at_once == [0.0, None]

    _, at_once = costs(piece(None, 0.4), piece(4.0, 0.10))
    assert at_once == [None, 1.6]


def test_what_it_gives_back() -> None:
    """It would never have been given, and is not bought twice."""
    _, at_once = costs(piece(4.0, 0.10), piece(-2.0, 0.40), piece(3.0, 0.20))

    assert at_once == [0.4, 0.0, pytest.approx(1 * 0.40)]


def test_it_is_remembered() -> None:
    before = [piece(0.0, 0.40), piece(0.0, 0.30), piece(3.0, 0.10)]
    charge, _ = costs(*before)

    again = Charge.from_json(json.loads(json.dumps(charge.as_json())))

    assert again == charge
    after = piece(3.0, 0.20)
    assert costs(after, charge=again)[1] == costs(after, charge=charge)[1]


def test_it_is_not_remembered_for_ever() -> None:
    """What was passed is forgotten, and a car that is never charged is not judged."""
    charge, _ = costs(*(piece(FULL, quarter / 100, 0.25) for quarter in range(99)))
    assert len(charge.prices) == 1

    charge, _ = costs(*(piece(0.0, quarter / 100, 0.25) for quarter in range(200)))
    assert not charge.is_too_long
    stored = json.dumps(charge.as_json(), separators=(",", ":"))
    assert len(stored) < 4000
    charge, _ = costs(piece(0.0, 9.0), charge=charge)
    assert charge.is_too_long


@given(
    st.lists(
        st.tuples(st.floats(0, FULL), st.sampled_from([-0.1, 0.0, 0.1, 0.25, 0.4])),
        min_size=1,
        max_size=40,
    )
)
def test_it_is_the_same_energy(hours: list[tuple[float, float]]) -> None:
    """In sum as if all of it had been charged from the beginning on."""
    _, at_once = costs(*(piece(power, price) for power, price in hours))

    left, expected = sum(power for power, _ in hours), 0.0
    for _, price in hours:
        charged = min(left, FULL)
        expected += charged * price
        left -= charged
    known = [cost for cost in at_once if cost is not None]
    assert len(known) == len(hours)
    assert sum(known) == pytest.approx(expected, abs=1e-6)
