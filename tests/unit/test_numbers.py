"""Numbers that are none: they are not known, wherever they come from."""

from math import inf, nan
from typing import Any

import pytest

from homeassistant.const import STATE_UNKNOWN
from homeassistant.exceptions import ServiceValidationError

from .fake_server import BATTERY, BATTERY_SOC, PRICE, StoredSchedule
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, device

NONE = (nan, inf, -inf, 1e300)


@pytest.mark.parametrize("value", NONE)
async def test_a_planned_power(home: Home, value: float) -> None:
    """There is none to follow, and the rest of the plan holds."""
    home.has_planned(value, 2.0, value, -1.0)
    await home.set_up()

    assert home.state().state == STATE_UNKNOWN
    assert home.value("sensor", "setpoint") == STATE_UNKNOWN
    assert home.plan() == [2.0, None, -1.0]
    assert home.value("sensor", "planned_energy") == "0.25"

    await home.go_to(SLOT + QUARTER)
    assert home.value("sensor", "setpoint") == "2.0"


@pytest.mark.parametrize("value", NONE)
async def test_a_price(home: Home, value: float) -> None:
    """What energy costs is unknown while a price is."""
    home.has_planned(*[1.0] * 8)
    home.has_prices(value, 100.0)
    await home.set_up()
    assert home.value("sensor", "planned_cost") == STATE_UNKNOWN

    await home.go_to(SLOT + HOUR)

    assert home.value("sensor", "planned_cost") == "0.1"


async def test_a_fixed_price(home: Home) -> None:
    home.has_planned(*[1.0] * 8)
    home.server.set_flex_context(BATTERY, consumption_price="1e999 EUR/kWh")

    await home.set_up()

    assert home.value("sensor", "planned_cost") == STATE_UNKNOWN


@pytest.mark.parametrize("value", NONE)
async def test_an_expected_state_of_charge(home: Home, value: float) -> None:
    home.has_planned(*[1.0] * 4)
    home.server.schedules[BATTERY_SOC] = StoredSchedule(
        SLOT, QUARTER, [value, 4.25, 4.5, value, 5.0], "kWh"
    )
    await home.set_up()
    assert home.value("sensor", "soc_forecast") == STATE_UNKNOWN

    await home.go_to(SLOT + QUARTER)

    assert home.value("sensor", "soc_forecast") == "4.25"


async def test_measurements(home: Home) -> None:
    home.server.data[PRICE] = StoredSchedule(SLOT, HOUR, [80.0, nan, 70.0], "EUR/MWh")
    await home.set_up()

    response = await home.call(
        "get_measurements",
        sensor=PRICE,
        start="2026-11-22T11:00:00+01:00",
        duration="03:00",
    )

    assert [slot["value"] for slot in response["measurements"]] == [80.0, 70.0]


async def test_a_limit_of_the_server(home: Home) -> None:
    """It is as if the server did not say it."""
    home.server.set_flex_model(BATTERY, soc_max=f"{'9' * 400} kWh")
    await home.set_up()

    assert home.attributes("number", "target_soc")["max"] == 1000.0


@pytest.mark.parametrize("value", [nan, "nan", inf, "-inf", "1e999"])
async def test_a_target(home: Home, value: float | str) -> None:
    """It is refused, and the one that was set stays."""
    await home.set_up()
    await home.act("set_value", "number", "target_soc", value=7.5)

    with pytest.raises(ServiceValidationError):
        await home.act("set_value", "number", "target_soc", value=value)

    assert home.value("number", "target_soc") == "7.5"


@pytest.mark.parametrize("state", ["nan", "NaN", "inf", "-Infinity", "1e999"])
async def test_a_charging_entity(home: Home, state: str) -> None:
    """It says nothing, so that the device is not taken for busy."""
    home.hass.states.async_set("sensor.charger", state)
    home.has_planned(*[3.0] * 12)
    settings: dict[str, Any] = {
        "charging_entity": "sensor.charger",
        "update_interval_charging": 900,
    }
    await home.set_up(device(**settings))
    before = len(home.plans_read())

    await home.go_to(NOW + 59 * MINUTE)

    assert len(home.plans_read()) == before
