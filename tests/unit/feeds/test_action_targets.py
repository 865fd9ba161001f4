"""Measurements and forecasts of the FlexMeasures sensor that a feed sends to: the feed is the target."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import voluptuous as vol

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import area_registry as ar, device_registry as dr

from ..fake_server import BATTERY_SOC, CONSUMPTION, StoredSchedule
from ..home import QUARTER, SLOT, device
from .fed_home import FedHome, feed

GIVEN: dict[str, dict[str, Any]] = {
    "post_measurements": {"values": 1.5, "unit": "kW"},
    "get_measurements": {"start": SLOT - QUARTER, "duration": QUARTER},
    "trigger_forecast": {"horizon": timedelta(hours=1)},
}
ACTIONS = pytest.mark.parametrize("action", GIVEN)


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_before_all: None, enable_custom_integrations: None
) -> None:
    """Start the recorder before Home Assistant."""


@pytest.fixture
async def house(fed: FedHome) -> FedHome:
    """A feed that has sent, and a device."""
    await fed.has_measured(400, 400, 400, 400, 400)
    fed.server.data[CONSUMPTION] = StoredSchedule(SLOT - QUARTER, QUARTER, [0.4])
    await fed.home.set_up(device(), feed())
    return fed


async def test_post(house: FedHome) -> None:
    posted = await house.home.call(
        "post_measurements",
        device_id=house.device_id(),
        start=SLOT - 8 * QUARTER,
        **GIVEN["post_measurements"],
    )

    assert posted["sensor"] == CONSUMPTION
    assert house.posted()[SLOT - 8 * QUARTER] == 1.5


async def test_get_by_an_entity(house: FedHome) -> None:
    response = await house.home.call(
        "get_measurements",
        entity_id=house.state("last_sent").entity_id,
        **GIVEN["get_measurements"],
    )

    assert [slot["value"] for slot in response["measurements"]] == [0.4]


async def test_forecast(house: FedHome) -> None:
    response = await house.home.call(
        "trigger_forecast",
        device_id=house.device_id(),
        **GIVEN["trigger_forecast"],
    )

    assert len(response["forecast"]) == 4


async def test_get_of_an_area(fed: FedHome) -> None:
    """Two feeds are answered by their devices; a device beside them has no part in it."""
    fed.server.data[CONSUMPTION] = StoredSchedule(SLOT - QUARTER, QUARTER, [0.4])
    fed.server.data[BATTERY_SOC] = StoredSchedule(SLOT - QUARTER, QUARTER, [5.0])
    await fed.has_measured(400, 400)
    await fed.home.set_up(device(), feed(), feed(BATTERY_SOC, "Other"))
    area = ar.async_get(fed.hass).async_get_or_create("Garage")
    devices = [fed.device_id(), fed.device_id(BATTERY_SOC)]
    for each in (fed.home.device_id(), *devices):
        dr.async_get(fed.hass).async_update_device(each, area_id=area.id)

    response = await fed.home.call(
        "get_measurements", area_id=area.id, **GIVEN["get_measurements"]
    )

    assert response["devices"].keys() == {*devices}


@ACTIONS
async def test_device_is_no_feed(house: FedHome, action: str) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await house.home.call(action, device_id=house.home.device_id(), **GIVEN[action])

    assert error.value.translation_key == "not_a_feed"


@ACTIONS
async def test_template_that_finds_nothing(house: FedHome, action: str) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await house.home.call(action, device_id=[], **GIVEN[action])

    assert error.value.translation_key == "nothing_in_target"


@ACTIONS
@pytest.mark.parametrize("both", [True, False], ids=["both", "neither"])
async def test_one_of_both(house: FedHome, action: str, *, both: bool) -> None:
    """A sensor by its number, or a feed."""
    which = {"sensor": CONSUMPTION, "device_id": house.device_id()} if both else {}

    with pytest.raises(vol.Invalid, match="sensor"):
        await house.home.call(action, **which, **GIVEN[action])


async def test_editor_offers_them(
    house: FedHome, hass_ws_client: WebSocketGenerator
) -> None:
    """By target, though all entities of a feed are diagnostic."""
    client = await hass_ws_client(house.hass)
    await client.send_json_auto_id(
        {
            "type": "get_services_for_target",
            "target": {"device_id": [house.device_id()]},
            "expand_group": True,
        }
    )
    answer = await client.receive_json()

    assert {f"{DOMAIN}.{action}" for action in (*GIVEN, "send_now", "backfill")} <= {
        *answer["result"]
    }
