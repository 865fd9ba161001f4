"""What a real server refuses, and what the user is told."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.api.address import ServerAddress
from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.api.errors import (
    AddressNotAcceptedError,
    NotFlexMeasuresError,
)
from custom_components.flexmeasures.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures.server import FlexMeasuresServer

from .conftest import AddDevice, call, device_of, plan, powers

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

    assert error.translation_key == "price_not_readable"


async def test_another_sensor_that_may_not_be_read(
    hass: HomeAssistant, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    battery = await add_device()
    consumption = {"sensor": server.home.sensor("neighbour_consumption")}

    error = await refusal(
        hass,
        "trigger_schedule",
        device_id=battery.device_id,
        flex_context={"inflexible-consumption": [consumption]},
    )

    assert error.translation_key == "sensor_not_readable"


@pytest.mark.parametrize(
    ("flex_context", "key"),
    [
        ({"consumption-price": {"sensor": 99999}}, "sensor_not_found"),
        ({"production-price": "0.1 USD/kWh"}, "currencies_differ"),
    ],
)
async def test_prices_that_cannot_be_used(
    hass: HomeAssistant, add_device: AddDevice, flex_context: dict[str, Any], key: str
) -> None:
    battery = await add_device()

    error = await refusal(
        hass,
        "trigger_schedule",
        device_id=battery.device_id,
        soc_at_start=5,
        flex_context=flex_context,
    )

    assert error.translation_key == key


async def test_prices_that_are_not_known(
    hass: HomeAssistant, add_device: AddDevice
) -> None:
    battery = await add_device(schedule_duration="PT2H")

    error = await refusal(
        hass,
        "trigger_schedule",
        device_id=battery.device_id,
        start=dt_util.utcnow() + timedelta(days=9),
        soc_at_start=5,
    )

    assert error.translation_key == "prices_unknown"


async def test_no_price_at_all(hass: HomeAssistant, add_device: AddDevice) -> None:
    """Neither an asset nor the settings have one; that is known without asking."""
    cabin = await add_device("cabin_battery_power")
    status = hass.states.get("sensor.cabin_battery_scheduling_status")
    assert status
    assert status.state == "price_not_set"

    error = await refusal(
        hass,
        "trigger_schedule",
        device_id=cabin.device_id,
        soc_at_start=2,
        flex_model={"power-capacity": "5 kW"},
    )

    assert error.translation_key == "price_not_set"


async def test_level_that_was_measured_too_long_ago(
    hass: HomeAssistant, add_device: AddDevice
) -> None:
    garage = await add_device("garage_battery_power", schedule_duration="PT2H")

    error = await refusal(
        hass,
        "trigger_schedule",
        device_id=garage.device_id,
        start=dt_util.utcnow() + timedelta(hours=4),
    )

    assert error.translation_key == "soc_not_recent"
    status = hass.states.get("sensor.garage_battery_scheduling_status")
    assert status
    assert "No recent state-of-charge value found" in status.attributes["reason"]


async def test_level_that_its_entity_does_not_tell(
    hass: HomeAssistant, add_device: AddDevice
) -> None:
    """The entity is why the server has to look for one, and is named."""
    level = "sensor.garage_level"
    attributes = {"unit_of_measurement": "kWh", "friendly_name": "Garage level"}
    hass.states.async_set(level, "3", attributes)
    garage = await add_device(
        "garage_battery_power", schedule_duration="PT2H", soc_entity=level
    )
    hass.states.async_set(level, "unavailable", attributes)

    error = await refusal(
        hass,
        "trigger_schedule",
        device_id=garage.device_id,
        start=dt_util.utcnow() + timedelta(hours=4),
    )

    assert error.translation_key == "soc_entity_unavailable"
    assert error.translation_placeholders == {"entity": "Garage level"}


type AddSensor = Callable[..., Coroutine[Any, Any, int]]


@pytest.fixture
async def add_sensor(
    api: FlexMeasuresApi, server: FlexMeasuresServer
) -> AsyncIterator[AddSensor]:
    """Add a sensor to the cabin's battery; gone at the end of the test."""
    added: list[int] = []

    async def add(name: str, **fields: Any) -> int:
        answer = await api._request(
            "POST",
            "sensors",
            payload={
                "name": name,
                "generic_asset_id": server.home.asset("cabin_battery"),
                "timezone": "Europe/Amsterdam",
                "attributes": "{}",
                **fields,
            },
        )
        sensor_id: int = answer["id"]
        added.append(sensor_id)
        return sensor_id

    yield add
    for sensor_id in added:
        with suppress(NotFlexMeasuresError):  # an answer without content
            await api._request("DELETE", f"sensors/{sensor_id}")


async def test_level_of_intervals(
    hass: HomeAssistant, add_sensor: AddSensor, add_device: AddDevice
) -> None:
    """The server takes none from a sensor that has a resolution."""
    sensor = await add_sensor("levels", unit="kWh", event_resolution="PT15M")
    battery = await add_device()

    error = await refusal(
        hass,
        "trigger_schedule",
        device_id=battery.device_id,
        flex_model={"state-of-charge": {"sensor": sensor}},
    )

    assert error.translation_key == "soc_sensor_not_instantaneous"


@pytest.mark.parametrize(
    ("unit", "resolution", "data", "key"),
    [
        pytest.param(
            "%",
            "PT0M",
            lambda sensor: {"flex_model": {"state-of-charge": sensor}},
            "soc_max_unknown",
            id="level in % of something unknown",
        ),
        pytest.param(
            "kW",
            "PT0M",
            lambda sensor: {"flex_model": {"state-of-charge": sensor}},
            "sensor_unit",
            id="level in kW",
        ),
        pytest.param(
            "°C",
            "PT15M",
            lambda sensor: {"flex_context": {"inflexible-consumption": [sensor]}},
            "sensor_unit",
            id="consumption in °C",
        ),
        pytest.param(
            "kW",
            "PT15M",
            lambda sensor: {"flex_model": {"power-capacity": sensor}},
            "power_capacity_unknown",
            id="capacity without values",
        ),
    ],
)
async def test_sensor_that_does_not_fit(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    add_sensor: AddSensor,
    add_device: AddDevice,
    unit: str,
    resolution: str,
    data: Callable[[dict[str, int]], dict[str, Any]],
    key: str,
) -> None:
    """What the server says of it is told in words that say what to do."""
    sensor = await add_sensor("unfit", unit=unit, event_resolution=resolution)
    cabin = await add_device(
        "cabin_battery_power",
        consumption_price_sensor=server.home.sensor("price"),
        schedule_duration="PT2H",
    )
    given = data({"sensor": sensor})
    model = {"power-capacity": "5 kW"} | given.pop("flex_model", {})

    error = await refusal(
        hass,
        "trigger_schedule",
        device_id=cabin.device_id,
        soc_at_start=2,
        flex_model=model,
        **given,
    )

    assert error.translation_key == key


async def test_address_that_the_server_is_not_called_by(
    hass: HomeAssistant, server: FlexMeasuresServer
) -> None:
    """Its configuration names the hosts to which it answers."""
    session = async_create_clientsession(hass, headers={"Host": "elsewhere"})
    api = FlexMeasuresApi(session, ServerAddress.parse(server.url), "", "")

    with pytest.raises(AddressNotAcceptedError, match="is not trusted"):
        await api.get_version()


async def test_power_of_moments(
    hass: HomeAssistant,
    server: FlexMeasuresServer,
    add_sensor: AddSensor,
    add_device: AddDevice,
) -> None:
    """The server cannot plan on a sensor that has no resolution."""
    sensor = await add_sensor("moments", unit="kW", event_resolution="PT0M")
    cabin = await add_device(
        "cabin_battery_power", consumption_price_sensor=server.home.sensor("price")
    )
    (subentry,) = cabin.entry.subentries.values()
    hass.config_entries.async_update_subentry(
        cabin.entry, subentry, data={**subentry.data, "power_sensor": sensor}
    )
    await hass.async_block_till_done(wait_background_tasks=True)

    error = await refusal(
        hass,
        "trigger_schedule",
        device_id=device_of(hass, cabin.entry).device_id,
        soc_at_start=2,
        flex_model={"power-capacity": "5 kW"},
    )

    assert error.translation_key == "power_sensor_instantaneous"


# More is used than the battery holds, and than it can charge.
INFEASIBLE: dict[str, Any] = {
    "soc_at_start": 5,
    "flex_model": {"soc-usage": ["50 kW"]},
}


async def test_no_feasible_schedule(hass: HomeAssistant, add_device: AddDevice) -> None:
    """The plan there was is kept."""
    battery = await add_device(schedule_duration="PT2H")
    response = await call(
        hass, "trigger_schedule", device_id=battery.device_id, soc_at_start=5
    )

    error = await refusal(
        hass, "trigger_schedule", device_id=battery.device_id, **INFEASIBLE
    )

    assert error.translation_key == "infeasible"
    assert plan(hass, battery).attributes["schedule"] == response["schedule"]


@pytest.mark.parametrize(
    ("action", "data", "limit"),
    [
        ("trigger_schedule", {"soc_at_start": 50}, "10 kWh"),
        ("override", {"power": 300, "duration": "PT1H"}, "5 kW"),
        ("set_ready_by", {"time": "07:00", "target_soc": 95}, "10 kWh"),
    ],
)
async def test_more_than_the_battery_can(
    hass: HomeAssistant,
    add_device: AddDevice,
    action: str,
    data: dict[str, Any],
    limit: str,
) -> None:
    """The server is not even asked."""
    battery = await add_device(schedule_duration="PT2H")

    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(
            DOMAIN, action, {"device_id": battery.device_id, **data}, blocking=True
        )

    assert error.value.translation_key == "above_most"
    assert error.value.translation_placeholders
    assert error.value.translation_placeholders["limit"] == limit


async def test_level_that_was_measured_above_the_maximum(
    hass: HomeAssistant, server: FlexMeasuresServer, add_device: AddDevice
) -> None:
    """It is looked up on the server, which only says that nothing fits."""
    garage = await add_device("garage_battery_power", schedule_duration="PT2H")
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    start += timedelta(hours=2)
    await call(
        hass,
        "post_measurements",
        sensor=server.home.sensor("garage_battery_soc"),
        start=start,
        values=[7.5],
        unit="kWh",
    )
    server.finish_jobs()

    error = await refusal(
        hass, "trigger_schedule", device_id=garage.device_id, start=start
    )

    assert error.translation_key == "infeasible_level"
    assert error.translation_placeholders
    assert error.translation_placeholders["level"] == "7.5 kWh"


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

    assert error.translation_key == "power_capacity_unknown"
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
    await refusal(hass, "trigger_schedule", device_id=battery.device_id, **INFEASIBLE)

    response = await call(
        hass, "trigger_schedule", device_id=battery.device_id, soc_at_start=6
    )

    assert len(powers(response)) == 8
