"""Meters as sources of the Energy dashboard."""

from typing import Any

import pytest

from custom_components.flexmeasures.meters.energy_dashboard import (
    Change,
    DashboardMeter,
    with_meters,
)
from custom_components.flexmeasures.meters.history.meter_statistics import Kind
from custom_components.flexmeasures.meters.settings import Commodity

ELECTRICITY = DashboardMeter(
    "Home",
    Commodity.ELECTRICITY,
    {
        Kind.CONSUMPTION: "flexmeasures:home_consumption",
        Kind.PRODUCTION: "flexmeasures:home_production",
        Kind.COST: "flexmeasures:home_cost",
        Kind.COMPENSATION: "flexmeasures:home_compensation",
    },
)
GAS = DashboardMeter(
    "Boiler",
    Commodity.GAS,
    {
        Kind.CONSUMPTION: "flexmeasures:boiler_consumption",
        Kind.COST: "flexmeasures:boiler_cost",
    },
)
OWN: dict[str, Any] = {
    "type": "grid",
    "stat_energy_from": "sensor.meter",
    "stat_energy_to": None,
    "stat_cost": None,
    "entity_energy_price": "sensor.price",
    "number_energy_price": None,
    "stat_compensation": None,
    "entity_energy_price_export": None,
    "number_energy_price_export": None,
    "cost_adjustment_day": 0.0,
}
SOLAR: dict[str, Any] = {
    "type": "solar",
    "stat_energy_from": "sensor.roof",
    "config_entry_solar_forecast": ["an entry"],
}


def test_empty_dashboard() -> None:
    """Each meter becomes a source of its own, with its costs and never a price."""
    sources, changes = with_meters([], [ELECTRICITY, GAS])

    assert sources == [
        {
            "type": "grid",
            "name": "Home",
            "stat_energy_from": "flexmeasures:home_consumption",
            "stat_energy_to": "flexmeasures:home_production",
            "stat_cost": "flexmeasures:home_cost",
            "stat_compensation": "flexmeasures:home_compensation",
            "entity_energy_price": None,
            "number_energy_price": None,
            "entity_energy_price_export": None,
            "number_energy_price_export": None,
            "cost_adjustment_day": 0.0,
        },
        {
            "type": "gas",
            "name": "Boiler",
            "stat_energy_from": "flexmeasures:boiler_consumption",
            "stat_cost": "flexmeasures:boiler_cost",
            "entity_energy_price": None,
            "number_energy_price": None,
        },
    ]
    assert [(change.meter, change.is_new) for change in changes] == [
        ("Home", True),
        ("Boiler", True),
    ]


def test_again() -> None:
    """What is there is not added again."""
    sources, _ = with_meters([], [ELECTRICITY, GAS])

    assert with_meters(sources, [ELECTRICITY, GAS]) == (sources, [])


def test_what_the_user_has() -> None:
    """Other sources stay as they are, and where they are."""
    sources, _ = with_meters([OWN, SOLAR], [ELECTRICITY])

    assert sources[:2] == [OWN, SOLAR]
    assert len(sources) == 3


def test_what_the_user_has_chosen_for_a_meter() -> None:
    """Only what is empty in a source of a meter is filled in."""
    chosen = {
        **OWN,
        "entity_energy_price": None,
        "stat_energy_from": "flexmeasures:home_consumption",
        "stat_cost": "sensor.my_own_cost",
    }

    (source,), changes = with_meters([chosen], [ELECTRICITY])

    assert source == {
        **chosen,
        "stat_energy_to": "flexmeasures:home_production",
        "stat_compensation": "flexmeasures:home_compensation",
    }
    assert changes == [
        Change(
            "Home",
            is_new=False,
            statistics={
                "stat_energy_to": "flexmeasures:home_production",
                "stat_compensation": "flexmeasures:home_compensation",
            },
        )
    ]


@pytest.mark.parametrize(
    "place",
    [
        {"type": "battery", "stat_energy_from": "flexmeasures:home_production"},
        {"type": "solar", "stat_energy_from": "flexmeasures:home_production"},
        {**OWN, "stat_energy_to": "flexmeasures:home_production"},
    ],
)
def test_meter_in_another_place(place: dict[str, Any]) -> None:
    """A meter that the user has put elsewhere is not added once more."""
    assert with_meters([place], [ELECTRICITY]) == ([place], [])


def test_what_was_given_is_left_alone() -> None:
    """The sources that are handed in are not changed: they are the dashboard's own."""
    given = [{**OWN, "stat_energy_from": "flexmeasures:home_consumption"}]

    with_meters(given, [ELECTRICITY])

    assert given == [{**OWN, "stat_energy_from": "flexmeasures:home_consumption"}]


def test_what_another_meter_feeds_in() -> None:
    """It earns nothing by this one's compensation."""
    chosen = {
        **OWN,
        "entity_energy_price": None,
        "stat_energy_from": "flexmeasures:home_consumption",
        "stat_energy_to": "sensor.other_export",
        "stat_cost": "sensor.my_own_cost",
    }

    assert with_meters([chosen], [ELECTRICITY]) == ([chosen], [])
