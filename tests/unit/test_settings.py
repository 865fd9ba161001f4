"""What a device's settings make of its asset's flex-model and flex-context."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.device.settings import (
    DeviceSettings,
    StateOfChargeUnknownError,
)
from custom_components.flexmeasures.plan.energy_units import TemperatureRange

SETTINGS = {
    "power_sensor": 10,
    "soc_unit": "kWh",
    "schedule_duration": 86400,
    "update_interval": 3600,
    "automatic_scheduling": False,
}
MEASURED = {"sensor": 11, "exclude-source-types": ["scheduler"]}
STORED = {"soc-min": "1 kWh", "soc-max": "10 kWh", "state-of-charge": MEASURED}


def settings(**changes: Any) -> DeviceSettings:
    """Read the settings of a device."""
    return DeviceSettings.from_subentry(SETTINGS | changes)


def test_only_what_was_set_is_known() -> None:
    assert settings() == DeviceSettings(
        power_sensor=10,
        consumption_price_sensor=None,
        production_price_sensor=None,
        soc_sensor=None,
        soc_unit="kWh",
        soc_min=None,
        soc_max=None,
        capacity=None,
        temperatures=None,
        soc_entity=None,
        soc_max_age=timedelta(hours=1),
        schedule_duration=timedelta(hours=24),
        update_interval=timedelta(hours=1),
        update_interval_charging=timedelta(minutes=15),
        update_interval_climate=timedelta(minutes=5),
        charging_entity=None,
        climate_entity=None,
        automatic_scheduling=False,
        soc_deviation=None,
        trigger_entities=(),
        ready_by_calendar=None,
        s2=False,
    )


def test_everything_set_is_read() -> None:
    assert settings(
        consumption_price_sensor=1,
        production_price_sensor=3,
        soc_sensor=11,
        soc_unit="MWh",
        soc_min=0.001,
        soc_max=0.01,
        automatic_scheduling=True,
        rm_discharge_sensor=12,
        capacity=12,
        empty_temperature=40,
        full_temperature=60,
        soc_entity="sensor.soc",
        soc_max_age=60,
        update_interval_charging=120,
        update_interval_climate=180,
        charging_entity="binary_sensor.charging",
        climate_entity="climate.home",
        soc_deviation=0.5,
        trigger_entities=["binary_sensor.plug"],
        ready_by_calendar="calendar.car",
        s2={"id": "1", "token_hash": "2"},
    ) == DeviceSettings(
        power_sensor=10,
        consumption_price_sensor=1,
        production_price_sensor=3,
        soc_sensor=11,
        soc_unit="MWh",
        soc_min=0.001,
        soc_max=0.01,
        capacity=12,
        temperatures=TemperatureRange(40, 60),
        soc_entity="sensor.soc",
        soc_max_age=timedelta(minutes=1),
        schedule_duration=timedelta(hours=24),
        update_interval=timedelta(hours=1),
        update_interval_charging=timedelta(minutes=2),
        update_interval_climate=timedelta(minutes=3),
        charging_entity="binary_sensor.charging",
        climate_entity="climate.home",
        automatic_scheduling=True,
        soc_deviation=0.5,
        trigger_entities=("binary_sensor.plug",),
        ready_by_calendar="calendar.car",
        s2=True,
    )


def test_the_servers_own_settings_are_not_sent_again() -> None:
    assert settings().flex_model(STORED, {}) == {"sensor": 10}
    assert settings().flex_context({}) == {}


def test_what_was_set_differently_is_sent() -> None:
    device = settings(
        soc_min=2, soc_max=9.5, consumption_price_sensor=1, production_price_sensor=3
    )

    assert device.flex_model(STORED, {}) == {
        "sensor": 10,
        "soc-min": "2 kWh",
        "soc-max": "9.5 kWh",
    }
    assert device.flex_context({}) == {
        "consumption-price": {"sensor": 1},
        "production-price": {"sensor": 3},
    }


def test_zero_is_a_limit() -> None:
    model = settings(soc_min=0).flex_model(STORED, {})

    assert model == {"sensor": 10, "soc-min": "0 kWh"}


@pytest.mark.parametrize(
    ("unit", "energy"),
    [("Wh", "4500.0 Wh"), ("kWh", "4500.0 kWh"), ("MWh", "4500.0 MWh")],
)
def test_energy_has_the_unit_of_the_settings(unit: str, energy: str) -> None:
    assert settings(soc_unit=unit).energy(4500.0) == energy


def test_share_of_the_capacity_is_sent_as_energy() -> None:
    """The server takes no %."""
    device = settings(soc_unit="%", soc_min=10, soc_max=95, capacity=12)

    assert device.flex_model(STORED, {}) == {
        "sensor": 10,
        "soc-min": "1.2 kWh",
        "soc-max": "11.4 kWh",
    }


@pytest.mark.parametrize(
    ("changes", "stored", "measured", "expected"),
    [
        pytest.param({}, STORED, 4.25, "4.25 kWh", id="between the limits"),
        pytest.param({}, STORED, 10.02, "10.02 kWh", id="above the server's maximum"),
        pytest.param({}, STORED, 0.5, "0.5 kWh", id="below the server's minimum"),
        pytest.param({"soc_max": 8}, STORED, 9, "9 kWh", id="above the own maximum"),
        pytest.param(
            {"soc_min": 2000, "soc_unit": "Wh"}, STORED, 1, "1 kWh", id="in Wh"
        ),
        pytest.param({}, {}, 99, "99 kWh", id="no limits"),
        pytest.param(
            {}, {"soc-max": {"sensor": 3}}, 99, "99 kWh", id="limits that change"
        ),
    ],
)
def test_measured_state_of_charge(
    changes: dict[str, Any], stored: dict[str, Any], measured: float, expected: str
) -> None:
    """It is sent as it is, also where the limits say something else."""
    model = settings(**changes).flex_model(stored, {}, measured)

    assert model["soc-at-start"] == expected


def test_state_of_charge_of_a_request_comes_first() -> None:
    model = settings().flex_model(STORED, {"soc-at-start": "3 kWh"}, 4)

    assert model["soc-at-start"] == "3 kWh"


@pytest.mark.parametrize(
    ("changes", "stored", "overrides", "expected"),
    [
        pytest.param(
            {"soc_sensor": 12},
            {},
            {},
            {"sensor": 12, "exclude-source-types": ["scheduler"]},
            id="own sensor: not what the scheduler planned",
        ),
        pytest.param(
            {"soc_sensor": 12},
            STORED,
            {},
            {"sensor": 12, "exclude-source-types": ["scheduler"]},
            id="own sensor comes before the stored one",
        ),
        pytest.param(
            {},
            {"state-of-charge": {"sensor": 11}},
            {},
            MEASURED,
            id="stored without a choice of sources",
        ),
        pytest.param(
            {},
            {"state-of-charge": {"sensor": 11, "default": "0 kWh"}},
            {},
            {**MEASURED, "default": "0 kWh"},
            id="what else is stored stays",
        ),
        pytest.param(
            {"soc_sensor": 12},
            STORED,
            {"state-of-charge": {"sensor": 13}},
            {"sensor": 13, "exclude-source-types": ["scheduler"]},
            id="for one request",
        ),
        pytest.param(
            {},
            {},
            {"state-of-charge": {"sensor": 13, "sources": [4]}},
            {"sensor": 13, "sources": [4]},
            id="for one request, sources chosen",
        ),
        *(
            pytest.param(
                {},
                {"state-of-charge": {"sensor": 11, name: value}},
                {},
                None,
                id=f"stored with {name}",
            )
            for name, value in (
                ("exclude-source-types", ["forecaster"]),
                ("source-types", ["user"]),
                ("sources", [4]),
                ("source-account", [1]),
            )
        ),
        pytest.param(
            {},
            {"state-of-charge": "4 kWh", "soc-max": "9 kWh"},
            {},
            None,
            id="stored as a quantity",
        ),
    ],
)
def test_state_of_charge_is_what_was_measured(
    changes: dict[str, Any],
    stored: dict[str, Any],
    overrides: dict[str, Any],
    expected: dict[str, Any] | None,
) -> None:
    """The scheduler's own plan is never taken for it; a choice of sources is kept."""
    model = settings(**changes).flex_model(stored, overrides)

    assert model.get("state-of-charge") == expected


def test_a_given_state_of_charge_wins() -> None:
    """Nothing need be known of a sensor then."""
    given = {"soc-at-start": "4 kWh"}
    stored = {"soc-max": "10 kWh", "state-of-charge": {"sensor": 11}}

    assert settings().flex_model(stored, given) == {"sensor": 10, **given}
    assert settings().flex_model({"soc-max": "10 kWh"}, given) == {
        "sensor": 10,
        **given,
    }


@pytest.mark.parametrize(
    ("changes", "stored", "overrides"),
    [
        pytest.param({}, {"soc-max": "10 kWh"}, {}, id="storage by the server"),
        pytest.param({"soc_max": 10}, {}, {}, id="storage by the settings"),
        pytest.param({}, {}, {"soc-targets": []}, id="storage by the request"),
        pytest.param(
            {},
            STORED,
            {"state-of-charge": None},
            id="state of charge taken away",
        ),
    ],
)
def test_unknown_state_of_charge(
    changes: dict[str, Any], stored: dict[str, Any], overrides: dict[str, Any]
) -> None:
    """A storage is never scheduled from a state of charge that nobody told."""
    with pytest.raises(StateOfChargeUnknownError):
        settings(**changes).flex_model(stored, overrides)


def test_what_stores_nothing_needs_no_state_of_charge() -> None:
    stored = {"power-capacity": "3 kW"}

    assert settings().flex_model(stored, {}) == {"sensor": 10}


def test_overrides_win() -> None:
    device = settings(soc_min=2, consumption_price_sensor=1)

    assert device.flex_model(STORED, {"soc-min": "3 kWh"})["soc-min"] == "3 kWh"
    assert device.flex_context({"consumption-price": "0.3 EUR/kWh"}) == {
        "consumption-price": "0.3 EUR/kWh"
    }
