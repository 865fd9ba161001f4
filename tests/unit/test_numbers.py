"""Numbers that are none: they are not known, wherever they come from."""

from math import inf, nan
from typing import Any

import pytest

from homeassistant.const import STATE_UNKNOWN
from homeassistant.exceptions import ServiceValidationError

from .fake_server import BATTERY, BATTERY_POWER, BATTERY_SOC, PRICE, StoredSchedule
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, automatic, device

SOC = "sensor.battery_soc"
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


def report(home: Home, state: str, unit: str) -> None:
    """Let the battery's own entity say how full it is."""
    home.hass.states.async_set(SOC, state, {"unit_of_measurement": unit})


def sent(home: Home) -> dict[str, Any]:
    """Give the flex-model that was last sent."""
    model: dict[str, Any] = home.wishes[-1]["flex-model"][0]
    return model


@pytest.mark.parametrize(
    ("state", "unit", "reason"),
    [
        ("nan", "kWh", "soc_entity_unavailable"),
        ("inf", "%", "soc_entity_unavailable"),
        ("1e999", "kWh", "soc_entity_unavailable"),
        ("6553.5", "%", "soc_entity_implausible"),
        ("-3276.8", "%", "soc_entity_implausible"),
        ("255", "%", "soc_entity_implausible"),
        ("101.1", "%", "soc_entity_implausible"),
        ("-1.1", "%", "soc_entity_implausible"),
        ("1234", "kWh", "soc_entity_implausible"),
        ("-2", "kWh", "soc_entity_implausible"),
    ],
)
async def test_a_state_of_charge(
    home: Home, caplog: pytest.LogCaptureFixture, state: str, unit: str, reason: str
) -> None:
    """The server's own is used, that is said, and a later one is used again."""
    report(home, state, unit)
    await home.set_up(automatic(soc_entity=SOC, capacity=10))

    assert sent(home) == {"sensor": BATTERY_POWER}
    status = home.attributes("sensor", "scheduling_status")
    assert status["state_of_charge"] == reason
    assert caplog.text.count("is not taken from its entity") == 1

    report(home, "42", "%")
    await home.go_to(NOW + 5 * MINUTE)
    assert sent(home) == {"sensor": BATTERY_POWER, "soc-at-start": "4.2 kWh"}
    status = home.attributes("sensor", "scheduling_status")
    assert status["state_of_charge"] is None


@pytest.mark.parametrize(
    ("settings", "state", "is_plausible"),
    [
        pytest.param({}, "10.1", True, id="a rounding above the server's"),
        pytest.param({}, "10.2", False, id="above the server's"),
        pytest.param({"soc_max": 8}, "9.5", True, id="above the own"),
        pytest.param({"soc_max": 12}, "11.9", True, id="above the server's only"),
        pytest.param({"soc_max": 12}, "12.2", False, id="above both"),
        pytest.param({"capacity": 11}, "10.9", True, id="below the capacity"),
        pytest.param({"capacity": 9}, "9.2", False, id="above the capacity"),
    ],
)
async def test_what_tells_how_much_a_device_holds(
    home: Home,
    settings: dict[str, Any],
    state: str,
    is_plausible: bool,  # noqa: FBT001
) -> None:
    """Its capacity, else the higher maximum."""
    report(home, state, "kWh")
    await home.set_up(automatic(soc_entity=SOC, **settings))

    assert ("soc-at-start" in sent(home)) is is_plausible


async def test_nobody_tells_how_much_a_device_holds(home: Home) -> None:
    home.server.set_flex_model(BATTERY)
    report(home, "1234", "kWh")
    await home.set_up(automatic(soc_entity=SOC))

    assert sent(home)["soc-at-start"] == "1234.0 kWh"


@pytest.mark.parametrize(
    ("state", "level"), [("100.4", "10.0 kWh"), ("-0.4", "0.0 kWh"), ("-0", "0.0 kWh")]
)
async def test_a_rounding_excess_is_the_limit(
    home: Home, state: str, level: str
) -> None:
    report(home, state, "%")
    await home.set_up(automatic(soc_entity=SOC, capacity=10))

    assert sent(home)["soc-at-start"] == level
    status = home.attributes("sensor", "scheduling_status")
    assert status["state_of_charge"] is None


async def test_nobody_else_tells_the_state_of_charge(home: Home) -> None:
    """Then there is no schedule, and the status says why."""
    home.server.set_flex_model(BATTERY, soc_max="10 kWh")
    report(home, "255", "%")

    await home.set_up(automatic(soc_entity=SOC, capacity=10))

    assert home.wishes == []
    assert home.value("sensor", "scheduling_status") == "soc_entity_implausible"
    reason = home.attributes("sensor", "scheduling_status")["reason"]
    assert reason == (
        "battery soc says 255 %, which cannot be the state of charge of this device. "
        "Check the entity, and the capacity in the device settings."
    )


async def test_a_state_of_charge_that_cannot_be_leaves_no_plan(home: Home) -> None:
    """What is not known does not deviate."""
    home.server.planned_values = [0.0]
    home.server.schedules[BATTERY_SOC] = StoredSchedule(SLOT, QUARTER, [4] * 12, "kWh")
    report(home, "4", "kWh")
    await home.set_up(automatic(soc_entity=SOC, soc_deviation=0.5))

    report(home, "6553.5", "kWh")
    await home.go_to(NOW + 10 * MINUTE)

    assert len(home.wishes) == 1
