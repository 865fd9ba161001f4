"""What a real server refuses, and what the user is told."""

from datetime import timedelta
from typing import Any

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures_server import FlexMeasuresServer

from .conftest import AddDevice, call, plan, powers

# Within what is planned: what lies later is not sent.
SOON = (dt_util.utcnow() + timedelta(hours=2)).isoformat()


async def refusal(hass: HomeAssistant, action: str, **data: Any) -> HomeAssistantError:
    """Call an action that fails."""
    with pytest.raises(HomeAssistantError) as error:
        await call(hass, action, **data)
    return error.value


@pytest.mark.parametrize(
    ("flex_model", "reason"),
    [
        ({"soc-foo": "4 kWh"}, "soc-foo: Unknown field."),
        (
            {"soc-targets": [{"value": "4 kW", "datetime": SOON}]},
            "soc-targets.0.value: Cannot convert value `4 kW` to 'MWh'",
        ),
    ],
)
async def test_flex_model_with_a_mistake(
    hass: HomeAssistant, add_device: AddDevice, flex_model: dict[str, Any], reason: str
) -> None:
    """The server's words name the field, without its status code."""
    battery = await add_device()

    error = await refusal(
        hass, "trigger_schedule", device_id=battery.device_id, flex_model=flex_model
    )

    assert isinstance(error, ServiceValidationError)
    assert error.translation_placeholders == {"reason": reason}


async def test_price_that_may_not_be_read(
    hass: HomeAssistant, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    """A sensor of another account in the flex-context."""
    battery = await add_device()
    price = {"sensor": server.home.sensor("neighbour_consumption")}

    error = await refusal(
        hass,
        "trigger_schedule",
        device_id=battery.device_id,
        flex_context={"consumption-price": price},
    )

    assert error.translation_key == "not_permitted"


async def test_state_of_charge_above_the_maximum(
    hass: HomeAssistant, add_device: AddDevice
) -> None:
    """No schedule is feasible, and the plan there was is kept."""
    battery = await add_device(schedule_duration="PT2H")
    response = await call(
        hass, "trigger_schedule", device_id=battery.device_id, soc_at_start=5
    )

    error = await refusal(
        hass, "trigger_schedule", device_id=battery.device_id, soc_at_start=50
    )

    assert error.translation_key == "infeasible"
    assert plan(hass, battery).attributes["schedule"] == response["schedule"]


async def test_selling_for_more_than_buying(
    hass: HomeAssistant, add_device: AddDevice
) -> None:
    """The error names the first time, and both prices."""
    battery = await add_device(schedule_duration="PT2H")
    # Prices are hourly: at a quarter past, the running hour's price counts.
    start = dt_util.now().replace(minute=15, second=0, microsecond=0)

    error = await refusal(
        hass,
        "trigger_schedule",
        device_id=battery.device_id,
        start=start,
        soc_at_start=5,
        flex_context={"production-price": "0.9 EUR/kWh"},
    )

    assert error.translation_key == "infeasible_prices"
    assert error.translation_placeholders
    assert error.translation_placeholders["time"] == f"{start:%Y-%m-%d %H:%M}"
    assert error.translation_placeholders["production_price"] == "0.9 EUR/kWh"
    assert error.translation_placeholders["consumption_price"].endswith("EUR/kWh")


async def test_asset_without_a_power_capacity(
    hass: HomeAssistant, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    """A job that fails on the server tells why, without its traceback."""
    cabin = await add_device(
        "cabin_battery_power", consumption_price_sensor=server.home.sensor("price")
    )

    error = await refusal(
        hass, "trigger_schedule", device_id=cabin.device_id, soc_at_start=2
    )

    assert error.translation_key == "job_failed"
    assert error.translation_placeholders
    assert "Power capacity" in error.translation_placeholders["reason"]
    assert "\n" not in error.translation_placeholders["reason"]


async def test_storage_without_a_known_state_of_charge(
    hass: HomeAssistant, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    """Nothing is guessed."""
    cabin = await add_device(
        "cabin_battery_power",
        consumption_price_sensor=server.home.sensor("price"),
        soc_max=8,
    )

    error = await refusal(hass, "trigger_schedule", device_id=cabin.device_id)

    assert isinstance(error, ServiceValidationError)
    assert error.translation_key == "state_of_charge_unknown"


@pytest.mark.parametrize(
    ("sensor", "key"), [("neighbour_power", "not_permitted"), (None, "not_found")]
)
@pytest.mark.parametrize("action", ["get_measurements", "post_measurements"])
async def test_sensors_of_others_and_of_nobody(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    add_device: AddDevice,
    action: str,
    sensor: str | None,
    key: str,
) -> None:
    """A sensor of another account, and one that does not exist."""
    await add_device()
    data = {"start": "2026-01-01T00:00:00+00:00", "duration": "PT15M"}
    if action == "post_measurements":
        data |= {"values": "1", "unit": "kW"}

    error = await refusal(
        hass, action, sensor=server.home.sensor(sensor) if sensor else 99999, **data
    )

    assert isinstance(error, ServiceValidationError)
    assert error.translation_key == key


async def test_measurements_in_a_wrong_unit(
    hass: HomeAssistant, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    """The server says which unit it wants."""
    await add_device()

    error = await refusal(
        hass,
        "post_measurements",
        sensor=server.home.sensor("grid_import"),
        start="2026-01-01T00:00:00+00:00",
        duration="PT15M",
        values=[20],
        unit="°C",
    )

    assert error.translation_placeholders
    assert "kW" in error.translation_placeholders["reason"]


async def test_same_request_twice(hass: HomeAssistant, add_device: AddDevice) -> None:
    """Without force, the server answers with the job that it had; with force, with a new one."""
    battery = await add_device(schedule_duration="PT2H")
    request = {"device_id": battery.device_id, "soc_at_start": 6.5, "wait": False}
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)

    async def job(*, force: bool) -> str:
        response = await call(
            hass, "trigger_schedule", **request, start=start, force=force
        )
        await hass.async_block_till_done(wait_background_tasks=True)
        identifier: str = response["job"]
        return identifier

    first = await job(force=False)

    assert await job(force=False) == first
    assert await job(force=True) != first


async def test_infeasible_job_is_not_remembered(
    hass: HomeAssistant, add_device: AddDevice
) -> None:
    """A wrong request does not spoil the next right one."""
    battery = await add_device(schedule_duration="PT2H")
    await refusal(
        hass, "trigger_schedule", device_id=battery.device_id, soc_at_start=60
    )

    response = await call(
        hass, "trigger_schedule", device_id=battery.device_id, soc_at_start=6
    )

    assert len(powers(response)) == 8
