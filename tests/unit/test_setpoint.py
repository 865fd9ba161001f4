"""What the device has to do now: the plan's power, unless mode or override say otherwise."""

from typing import Any

import pytest
import voluptuous as vol

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.const import STATE_UNKNOWN
from homeassistant.exceptions import ServiceValidationError

from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home

UNTIL = "2026-11-22T11:37:00+01:00"


def shown(home: Home) -> tuple[str, str]:
    """Give the setpoint and what it means."""
    return home.value("sensor", "setpoint"), home.value("sensor", "action")


async def clear(home: Home) -> None:
    """End the override."""
    await home.hass.services.async_call(
        DOMAIN, "clear_override", {"device_id": home.device_id()}, blocking=True
    )


async def test_the_plan_is_followed(home: Home) -> None:
    home.has_planned(2.0, -1.5, 0.0)
    await home.set_up()

    assert shown(home) == ("2.0", "charge")
    await home.go_to(SLOT + QUARTER)
    assert shown(home) == ("-1.5", "discharge")
    await home.go_to(SLOT + 2 * QUARTER)
    assert shown(home) == ("0.0", "idle")
    await home.go_to(SLOT + 3 * QUARTER)
    assert shown(home) == (STATE_UNKNOWN, STATE_UNKNOWN)


async def test_setpoint_is_no_measurement(home: Home) -> None:
    await home.set_up()

    assert home.attributes("sensor", "setpoint") == {
        "device_class": "power",
        "friendly_name": "Home battery",
        "unit_of_measurement": "kW",
    }


@pytest.mark.parametrize(
    ("mode", "setpoint", "action"),
    [
        ("hold", "0.0", "idle"),
        ("off", STATE_UNKNOWN, STATE_UNKNOWN),
        ("automatic", "2.0", "charge"),
    ],
)
async def test_mode(home: Home, mode: str, setpoint: str, action: str) -> None:
    """It changes what is followed, and not the plan."""
    home.has_planned(2.0)
    await home.set_up()

    await home.act("select_option", "select", "mode", option=mode)

    assert home.value("select", "mode") == mode
    assert shown(home) == (setpoint, action)
    assert home.state().state == "2.0"
    assert home.value("binary_sensor", "charging_planned") == "on"


async def test_mode_without_a_plan(home: Home) -> None:
    await home.set_up()

    await home.act("select_option", "select", "mode", option="hold")

    assert shown(home) == ("0.0", "idle")


@pytest.mark.parametrize("mode", ["automatic", "hold", "off"])
@pytest.mark.parametrize(
    "end", [{"until": UNTIL}, {"duration": {"minutes": 30}}, {"duration": "PT30M"}]
)
async def test_override(home: Home, mode: str, end: dict[str, Any]) -> None:
    """It wins in every mode, and ends by itself at any time of a slot."""
    home.has_planned(*[2.0] * 4)
    await home.set_up()
    await home.act("select_option", "select", "mode", option=mode)
    without = shown(home)

    await home.override(power=-3.25, **end)

    assert shown(home) == ("-3.25", "discharge")
    assert home.attributes("sensor", "setpoint")["override_until"] == UNTIL
    assert home.state().state == "2.0"
    await home.go_to(NOW + 30 * MINUTE - MINUTE)
    assert shown(home) == ("-3.25", "discharge")
    await home.go_to(NOW + 30 * MINUTE)
    assert shown(home) == without
    assert "override_until" not in home.attributes("sensor", "setpoint")


async def test_override_without_a_plan(home: Home) -> None:
    await home.set_up()

    await home.override(power=1, duration="00:10:00")

    assert shown(home) == ("1.0", "charge")
    await home.go_to(NOW + 10 * MINUTE)
    assert shown(home) == (STATE_UNKNOWN, STATE_UNKNOWN)


async def test_a_new_override_replaces_the_former(home: Home) -> None:
    home.has_planned(*[2.0] * 8)
    await home.set_up()

    await home.override(power=1, duration="00:10:00")
    await home.override(power=0, duration="01:00:00")

    await home.go_to(NOW + 10 * MINUTE)
    assert shown(home) == ("0.0", "idle")
    await home.go_to(NOW + HOUR)
    assert shown(home) == ("2.0", "charge")


async def test_clear_override(home: Home) -> None:
    home.has_planned(2.0)
    await home.set_up()
    await home.override(power=1, until=UNTIL)

    await clear(home)

    assert shown(home) == ("2.0", "charge")
    await clear(home)
    assert shown(home) == ("2.0", "charge")


async def test_a_new_plan_ends_no_override(home: Home) -> None:
    await home.set_up()
    await home.override(power=1, until=UNTIL)

    await home.act("press", "button", "compute_schedule")

    assert home.state().state == "3.0"
    assert shown(home) == ("1.0", "charge")


async def test_restart(home: Home) -> None:
    """Mode and override hold on, and an override that ended meanwhile does not."""
    home.has_planned(*[2.0] * 8)
    await home.set_up()
    await home.act("select_option", "select", "mode", option="hold")
    await home.override(power=1, until=UNTIL)

    await home.reload()
    assert shown(home) == ("1.0", "charge")
    assert home.value("select", "mode") == "hold"

    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.pass_time(HOUR)
    await home.start()
    assert shown(home) == ("0.0", "idle")
    assert "override_until" not in home.attributes("sensor", "setpoint")


async def test_an_override_in_the_past_is_refused(home: Home) -> None:
    await home.set_up()

    with pytest.raises(ServiceValidationError, match="has passed") as error:
        await home.override(power=1, until="2026-11-22T11:07:00")

    assert error.value.translation_key == "not_in_the_future"
    assert error.value.translation_placeholders == {"time": "11:07"}
    assert shown(home) == (STATE_UNKNOWN, STATE_UNKNOWN)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"power": 1}, id="no end"),
        pytest.param({"power": 1, "until": UNTIL, "duration": "1:0"}, id="two ends"),
        pytest.param({"until": UNTIL}, id="no power"),
        pytest.param({"power": "inf", "until": UNTIL}, id="infinite"),
        pytest.param({"power": 1, "duration": 0}, id="no time"),
        pytest.param({"power": 1, "duration": "P9999999D"}, id="for ever"),
        pytest.param({"power": 1, "until": "soon"}, id="no date"),
    ],
)
async def test_wrong_override(home: Home, data: dict[str, Any]) -> None:
    await home.set_up()

    with pytest.raises(vol.Invalid):
        await home.override(**data)


async def test_override_of_a_device_that_is_not_loaded(home: Home) -> None:
    await home.set_up()
    await home.hass.config_entries.async_unload(home.entry.entry_id)

    with pytest.raises(ServiceValidationError):
        await home.override(power=1, until=UNTIL)


async def test_the_server_is_asked_nothing(home: Home) -> None:
    await home.set_up()
    home.server.requests.clear()

    await home.override(power=1, until=UNTIL)
    await home.act("select_option", "select", "mode", option="off")
    await clear(home)

    assert home.server.requests == []
