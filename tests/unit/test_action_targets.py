"""What an action is for: devices, entities, areas, floors and labels."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import voluptuous as vol

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from homeassistant.setup import async_setup_component

from .fake_server import BATTERY_POWER, CONSUMPTION, GARAGE_POWER
from .home import Home, device, meter

BOTH = (BATTERY_POWER, GARAGE_POWER)
OVERRIDE = {"power": 1.5, "duration": "01:00:00"}


@pytest.fixture
async def two(home: Home) -> Home:
    """Two devices and a meter, all with a plan or values."""
    for power_sensor in BOTH:
        home.has_planned(1.0, 2.0, power_sensor=power_sensor)
    await home.set_up(device(), device(GARAGE_POWER), meter())
    return home


def overridden(home: Home) -> list[int]:
    """Give the power sensors of the devices whose setpoint is overridden."""
    return [
        power_sensor
        for power_sensor in BOTH
        if home.value("sensor", "setpoint", power_sensor) == "1.5"
    ]


def meter_id(home: Home) -> str:
    """Give the id of the meter's device."""
    found = dr.async_get(home.hass).async_get_device_by_identifier(
        (DOMAIN, f"meter_{CONSUMPTION}"), home.entry.entry_id
    )
    assert found
    return found.id


def put_in_area(home: Home, name: str, *power_sensors: int) -> str:
    """Put devices into an area, and give its id."""
    area = ar.async_get(home.hass).async_get_or_create(name)
    for power_sensor in power_sensors:
        dr.async_get(home.hass).async_update_device(
            home.device_id(power_sensor), area_id=area.id
        )
    return area.id


async def override(home: Home, **target: Any) -> None:
    """Call an action."""
    await home.hass.services.async_call(
        "flexmeasures", "override", {**OVERRIDE}, blocking=True, target=target
    )


async def test_device(two: Home) -> None:
    await override(two, device_id=two.device_id(GARAGE_POWER))

    assert overridden(two) == [GARAGE_POWER]


async def test_several_devices(two: Home) -> None:
    await override(two, device_id=[two.device_id(each) for each in BOTH])

    assert overridden(two) == [*BOTH]


async def test_device_in_the_data(two: Home) -> None:
    """As before there were targets."""
    await two.hass.services.async_call(
        "flexmeasures",
        "override",
        {**OVERRIDE, "device_id": two.device_id()},
        blocking=True,
    )

    assert overridden(two) == [BATTERY_POWER]


async def test_entity(two: Home) -> None:
    await override(two, entity_id=two.entity_id(GARAGE_POWER))

    assert overridden(two) == [GARAGE_POWER]


async def test_group_of_entities(two: Home) -> None:
    assert await async_setup_component(
        two.hass,
        "group",
        {"group": {"all": {"entities": [two.entity_id(each) for each in BOTH]}}},
    )
    await two.settle()

    await override(two, entity_id="group.all")

    assert overridden(two) == [*BOTH]


async def test_area(two: Home) -> None:
    """What else is there, like a meter, is left in peace."""
    area = put_in_area(two, "Garage", GARAGE_POWER)
    dr.async_get(two.hass).async_update_device(meter_id(two), area_id=area)

    await override(two, area_id=area)

    assert overridden(two) == [GARAGE_POWER]


async def test_area_of_an_entity(two: Home) -> None:
    """It may be elsewhere than its device."""
    area = put_in_area(two, "Hall")
    er.async_get(two.hass).async_update_entity(
        two.entity("select", "mode"), area_id=area
    )

    await override(two, area_id=area)

    assert overridden(two) == [BATTERY_POWER]


async def test_floor_and_label(two: Home) -> None:
    floor = fr.async_get(two.hass).async_create("Ground")
    area = put_in_area(two, "Garage", GARAGE_POWER)
    ar.async_get(two.hass).async_update(area, floor_id=floor.floor_id)
    label = lr.async_get(two.hass).async_create("Flexible")
    dr.async_get(two.hass).async_update_device(two.device_id(), labels={label.label_id})

    await override(two, floor_id=floor.floor_id)
    assert overridden(two) == [GARAGE_POWER]

    await override(two, label_id=label.label_id)
    assert overridden(two) == [*BOTH]


async def test_each_once(two: Home) -> None:
    """However often it is chosen."""
    area = put_in_area(two, "Garage", GARAGE_POWER)

    answer = await two.call(
        "get_schedule",
        area_id=area,
        device_id=two.device_id(GARAGE_POWER),
        entity_id=two.entity_id(GARAGE_POWER),
    )

    assert answer["schedule"]


async def test_several_are_answered_by_device(two: Home) -> None:
    answer = await two.call(
        "get_schedule", device_id=[two.device_id(each) for each in BOTH]
    )

    assert list(answer) == ["devices"]
    assert {*answer["devices"]} == {two.device_id(each) for each in BOTH}
    for each in answer["devices"].values():
        assert each["schedule"]


async def test_one_that_fails_hinders_no_other(two: Home) -> None:
    """What is wrong with which is said."""
    garage = f"/api/v3_0/sensors/{GARAGE_POWER}/data"
    two.server.answer("GET", garage, status=500)

    with pytest.raises(
        HomeAssistantError, match=r"Garage battery: .*HTTP 500"
    ) as error:
        await two.call("get_schedule", device_id=[two.device_id(each) for each in BOTH])

    assert error.value.translation_key == "not_done_for_all"
    assert "Home battery" not in str(error.value)


async def test_all_that_are_wrong(two: Home) -> None:
    """It is whoever called who can mend it."""
    with pytest.raises(ServiceValidationError) as error:
        await two.call(
            "trigger_schedule",
            device_id=[two.device_id(each) for each in BOTH],
            duration={"days": 8},
        )

    assert error.value.translation_key == "not_done_for_all"


async def test_one_of_another_kind(two: Home) -> None:
    """Nothing is done with the others either, as one was chosen by mistake."""
    with pytest.raises(ServiceValidationError) as error:
        await override(two, device_id=[two.device_id(), meter_id(two)])

    assert error.value.translation_key == "meter_has_no_schedule"
    assert overridden(two) == []


@pytest.mark.parametrize("entity", ["sun.sun", "sensor.nowhere"])
async def test_entity_of_something_else(two: Home, entity: str) -> None:
    with pytest.raises(ServiceValidationError, match=entity) as error:
        await override(two, entity_id=entity)

    assert error.value.translation_key == "not_our_entity"


async def test_area_without_anything(two: Home) -> None:
    """An area that is gone, too."""
    for area in (put_in_area(two, "Attic"), "gone"):
        with pytest.raises(ServiceValidationError) as error:
            await override(two, area_id=area)
        assert error.value.translation_key == "nothing_in_target"


async def test_disabled_device_in_an_area(two: Home) -> None:
    """It is left out; by itself it is an error."""
    area = put_in_area(two, "Garage", *BOTH)
    two.disable_device(GARAGE_POWER)
    await two.settle()

    await override(two, area_id=area)

    assert two.value("sensor", "setpoint") == "1.5"
    with pytest.raises(ServiceValidationError) as error:
        await override(two, device_id=two.device_id(GARAGE_POWER))
    assert error.value.translation_key == "device_disabled"


async def test_without_a_target(two: Home) -> None:
    with pytest.raises(vol.Invalid, match="expected a target"):
        await override(two)


async def test_device_without_s2(two: Home) -> None:
    """In an area, it is left in peace; by itself it is an error."""
    area = put_in_area(two, "Garage", GARAGE_POWER)

    for target, key in (
        ({"device_id": two.device_id()}, "s2_not_enabled"),
        ({"area_id": area}, "nothing_in_target"),
    ):
        with pytest.raises(ServiceValidationError) as error:
            await two.hass.services.async_call(
                "flexmeasures",
                "change_control_type",
                {"control_type": "no_selection"},
                blocking=True,
                target=target,
            )
        assert error.value.translation_key == key


async def test_empty_list_is_not_everything(two: Home) -> None:
    """A template that finds nothing does not mean all meters."""
    with pytest.raises(ServiceValidationError) as error:
        await two.call("send_now", device_id=[])

    assert error.value.translation_key == "nothing_in_target"


async def test_editor_offers_them(
    two: Home, hass_ws_client: WebSocketGenerator
) -> None:
    """By target: what can be done with a device, and with a meter."""
    client = await hass_ws_client(two.hass)
    offered: list[set[str]] = []
    for device_id in (two.device_id(), meter_id(two)):
        await client.send_json_auto_id(
            {
                "type": "get_services_for_target",
                "target": {"device_id": [device_id]},
                "expand_group": True,
            }
        )
        answer = await client.receive_json()
        offered.append({*answer["result"]})

    assert {
        f"{DOMAIN}.{action}"
        for action in ("trigger_schedule", "get_schedule", "override", "set_ready_by")
    } <= offered[0]
    assert f"{DOMAIN}.reimport_statistics" in offered[1]
