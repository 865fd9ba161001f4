"""Fill levels as energy."""

import pytest

from custom_components.flexmeasures.s2.frbc.scale import Effects, Scale
from custom_components.flexmeasures.s2.handler import NotPlannableError
from custom_components.flexmeasures.s2.operation_modes.modes import OperationModeElement
from custom_components.flexmeasures.s2.operation_modes.ranges import Range

from ..devices import element, power

LEVELS = Range(0, 100)


def effects(*points: tuple[float, float, float, float]) -> Effects:
    """Of elements by their fill rates and powers at factor 0 and 1."""
    return Effects.of(
        [
            OperationModeElement.from_wire(
                element((0, 100), (rate0, rate1), power(power0, power1))
            )
            for rate0, rate1, power0, power1 in points
        ]
    )


# The EV of S2's documentation.
EV = effects((0, 0.0054012349, 0, 11627))


@pytest.mark.s2_rule("frbc.rate")
def test_the_best_charging_point_loses_nothing() -> None:
    scale = Scale.of(EV, LEVELS, 40, None)
    assert scale.kwh(100) == pytest.approx(59.8, abs=0.02)
    assert scale.charging_efficiency(EV) == pytest.approx(1)
    assert scale.discharging_efficiency(EV) is None
    assert scale.kw(0.0054012349) == pytest.approx(11.627)


def test_what_charges_worse_loses_more() -> None:
    both = effects((0, 0.01, 0, 1000), (0, 0.01, 0, 2000))
    scale = Scale.of(both, LEVELS, 40, None)
    assert scale.kwh(100) == pytest.approx(1000 / 0.01 / 3.6e6 * 100)
    assert scale.charging_efficiency(both) == pytest.approx(2 / 3)


def test_the_capacity_that_the_user_gives_counts() -> None:
    heat_pump = effects((0.001, 0.003, 500, 2000))
    scale = Scale.of(heat_pump, Range(30, 50), 38, 10)
    assert scale.kwh(50) == pytest.approx(10)
    assert scale.kwh(38) == pytest.approx(4)
    assert scale.charging_efficiency(heat_pump) == pytest.approx(0.004 / 2500 * 1.8e6)


def test_a_level_below_the_range_is_0_kwh() -> None:
    scale = Scale.of(EV, Range(20, 100), 10, 80)
    assert scale.kwh(10) == 0
    assert scale.kwh(100) == pytest.approx(90)


def test_the_best_discharging_point_counts_if_nothing_charges() -> None:
    battery = effects((0, -0.01, 0, -900), (0, -0.01, 0, -1000))
    scale = Scale.of(battery, LEVELS, 40, None)
    assert scale.kw(0.01) == pytest.approx(1)
    assert scale.charging_efficiency(battery) is None
    assert scale.discharging_efficiency(battery) == pytest.approx(0.95)


def test_nothing_is_gained_by_discharging() -> None:
    battery = effects((0, -0.01, 0, -1000), (0, 0.01, 0, 500))
    assert Scale.of(battery, LEVELS, 40, None).discharging_efficiency(battery) == 1


@pytest.mark.parametrize(
    "useless",
    [
        effects((0, 0, 0, 1000)),
        # Some descriptions have discharging fill the storage.
        effects((0, 0.01, 0, -1000)),
        effects((0.01, 0.01, 0, 0)),
        effects((1e-300, 1e-300, 1e300, 1e300)),
        effects(),
    ],
)
def test_a_device_that_does_nothing_to_its_storage_cannot_be_planned(
    useless: Effects,
) -> None:
    with pytest.raises(NotPlannableError) as refusal:
        Scale.of(useless, LEVELS, 40, None)
    assert refusal.value.key == "s2_no_effect"


def test_a_storage_without_room_cannot_be_planned() -> None:
    with pytest.raises(NotPlannableError) as refusal:
        Scale.of(EV, Range(5, 5), 5, 60)
    assert refusal.value.key == "s2_no_fill_levels"
