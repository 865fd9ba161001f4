"""A home is made as it was ordered, once, whatever happens meanwhile."""

import asyncio
from collections.abc import Container
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aiohttp import ClientConnectionError
import pytest

from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.api.errors import (
    CannotConnectError,
    NotFoundError,
    NotPermittedError,
    RejectedError,
)
from custom_components.flexmeasures.flows.home.making.order import (
    AssetOrder,
    HomeOrder,
    SensorOrder,
)
from homeassistant.core import HomeAssistant

from ..fake_server import (
    ACCOUNT,
    BATTERY,
    CONSUMPTION,
    FEED_IN,
    HOUSE,
    MEMBER_EMAIL,
    NEIGHBOUR_POWER,
    PRICE,
    REFUSED,
    TIME_ZONE,
    ZONE,
    Answer,
    FakeServer,
    Request,
)
from .login import api_of
from .orders import BATTERY_ORDER, HOME, LOAD, SITE, make

type Json = dict[str, Any]

CREATES = ("POST", "PATCH")
NEW = NEIGHBOUR_POWER + 1
"""The id of the sensor that is made first."""


@pytest.fixture
def api(hass: HomeAssistant, fake_server: FakeServer) -> FlexMeasuresApi:
    return api_of(hass)


@pytest.fixture
def before(fake_server: FakeServer) -> tuple[set[int], set[int]]:
    """What the server has before anything is made."""
    return set(fake_server.assets), set(fake_server.sensors)


def everything(server: FakeServer) -> Any:
    return deepcopy((server.assets, server.sensors))


def changes(server: FakeServer) -> int:
    """How often a change was asked for; a log-in is none."""
    return sum(
        request.method in CREATES and not request.path.endswith("requestAuthToken")
        for request in server.requests
    )


def check_home(
    server: FakeServer,
    before: tuple[set[int], set[int]],
    names: Container[str] = ("Battery",),
) -> None:
    """Check that what was ordered is there, and nothing twice."""
    made = {
        asset["external_id"]: asset
        for key, asset in server.assets.items()
        if key not in before[0]
    }
    assert set(made) == {"site-1", "battery-1"}
    site, battery = made["site-1"], made["battery-1"]
    assert len(server.assets) == len(before[0]) + 2
    assert (site["name"], site["parent_asset_id"]) == ("My home", None)
    assert battery["name"] in names
    assert battery["parent_asset_id"] == site["id"]
    assert site["account_id"] == battery["account_id"] == ACCOUNT
    assert site["generic_asset_type"]["name"] == "building"
    assert battery["generic_asset_type"]["name"] == "battery"
    sensors = {
        (sensor["generic_asset_id"], sensor["name"]): sensor
        for key, sensor in server.sensors.items()
        if key not in before[1]
    }
    assert len(server.sensors) == len(before[1]) + 4
    load = sensors[site["id"], "household consumption"]
    price = sensors[site["id"], "price"]
    power = sensors[battery["id"], "power"]
    level = sensors[battery["id"], "level"]
    assert all(sensor["timezone"] == TIME_ZONE for sensor in sensors.values())
    assert power["attributes"] == {"consumption_is_positive": True}
    assert level["attributes"] == {}
    assert site["flex_context"] == {
        "consumption-price": {"sensor": price["id"]},
        "site-power-capacity": "17 kW",
        "inflexible-consumption": [{"sensor": load["id"]}],
    }
    assert battery["flex_model"] == {
        "soc-min": "1.0 kWh",
        "soc-max": "10 kWh",
        "power-capacity": "5 kW",
        "roundtrip-efficiency": "90%",
        "state-of-charge": {
            "sensor": level["id"],
            "exclude-source-types": ["scheduler"],
        },
        "consumption": {"sensor": power["id"]},
    }


async def test_home_is_made(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    before: tuple[set[int], set[int]],
) -> None:
    progress: list[float] = []

    made = await make(api, HOME, progress)

    check_home(fake_server, before)
    assert fake_server.assets[made.site]["external_id"] == "site-1"
    assert made.assets["site-1"] == made.site
    assert fake_server.assets[made.assets["battery-1"]]["name"] == "Battery"
    assert set(made.sensors) == {"load", "price", "power", "level"}
    assert made.sensors["power"] == await api.get_sensor(made.sensors["power"].id)
    # Two assets, four sensors, two flex-models and a flex-context.
    assert progress == pytest.approx([step / 9 for step in range(1, 10)])


async def test_made_again_nothing_changes(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """Also by somebody else, who may not add a site."""
    made = await make(api_of(hass), HOME)
    there, asked = everything(fake_server), changes(fake_server)

    again = await make(api_of(hass, username=MEMBER_EMAIL), HOME)

    assert again == made
    assert everything(fake_server) == there
    assert changes(fake_server) == asked


async def count_requests(hass: HomeAssistant, server: FakeServer) -> int:
    """Make a home on a server, and forget it; return how many requests that took."""
    assets, sensors = dict(server.assets), dict(server.sensors)
    await make(api_of(hass), HOME)
    server.assets, server.sensors = assets, sensors
    count = len(server.requests)
    server.requests.clear()
    return count


@pytest.mark.parametrize("acts", [False, True], ids=["not_done", "done"])
async def test_stopped_at_any_request(
    hass: HomeAssistant,
    fake_server: FakeServer,
    before: tuple[set[int], set[int]],
    acts: bool,  # noqa: FBT001
) -> None:
    """The server dies, before or after it did what it was asked; later all goes on."""
    assets, sensors = dict(fake_server.assets), dict(fake_server.sensors)
    for last in range(1, await count_requests(hass, fake_server) + 1):

        async def die(_: Request, answer: Answer, last: int = last) -> Answer:
            if len(fake_server.requests) == last - (not acts):
                fake_server.fail(REFUSED)
                if acts:
                    return Answer(exception=ClientConnectionError())
            return answer

        fake_server.on_answer = die
        if not acts and last == 1:
            fake_server.fail(REFUSED)
        with pytest.raises(CannotConnectError):
            await make(api_of(hass), HOME)
        fake_server.on_answer = None
        fake_server.recover()

        await make(api_of(hass), HOME)

        check_home(fake_server, before)
        fake_server.assets, fake_server.sensors = dict(assets), dict(sensors)
        fake_server.requests.clear()


async def test_answers_that_get_lost(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    before: tuple[set[int], set[int]],
) -> None:
    """What the server did and could not say is looked up at once."""

    async def lose(request: Request, answer: Answer) -> Answer:
        if request.method == "POST" and answer.status == 201:
            return Answer(exception=ClientConnectionError())
        return answer

    fake_server.on_answer = lose

    await make(api, HOME)

    check_home(fake_server, before)


@pytest.mark.parametrize("name", ["Battery", "Accumulator"])
@pytest.mark.parametrize("turns", range(1, 12))
async def test_two_at_once(
    hass: HomeAssistant,
    fake_server: FakeServer,
    before: tuple[set[int], set[int]],
    turns: int,
    name: str,
) -> None:
    """The second one comes ever later behind the first, and may call things otherwise."""
    other = replace(HOME, assets=(replace(BATTERY_ORDER, name=name),))

    async def take_turns(_: Request, answer: Answer) -> Answer:
        await asyncio.sleep(0)
        return answer

    async def later() -> None:
        for _ in range(turns * 2):
            await asyncio.sleep(0)
        await make(api_of(hass), other)

    fake_server.on_answer = take_turns

    await asyncio.gather(make(api_of(hass), HOME), later())

    check_home(fake_server, before, {"Battery", name})


async def test_member_without_a_site(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    there = everything(fake_server)

    with pytest.raises(NotPermittedError):
        await make(api_of(hass, username=MEMBER_EMAIL), HOME)

    assert everything(fake_server) == there


async def test_member_with_a_site(hass: HomeAssistant, fake_server: FakeServer) -> None:
    order = replace(HOME, site=HOUSE)

    made = await make(api_of(hass, username=MEMBER_EMAIL), order)

    assert made.site == HOUSE
    assert set(made.assets) == {"battery-1"}
    battery = fake_server.assets[made.assets["battery-1"]]
    assert battery["parent_asset_id"] == HOUSE
    assert made.sensors["price"].asset_id == HOUSE


async def test_site_that_is_nobodys(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    with pytest.raises(NotPermittedError):
        await make(api, replace(HOME, site=ZONE))


async def test_site_that_is_gone(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    with pytest.raises(NotFoundError):
        await make(api, replace(HOME, site=999))


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (["Battery"], "Battery 2"),
        (["Battery", "Battery 2"], "Battery 3"),
        (["Battery 2"], "Battery"),
    ],
)
async def test_names_of_assets_that_are_taken(
    api: FlexMeasuresApi, fake_server: FakeServer, names: list[str], name: str
) -> None:
    for number, taken in enumerate(names, 100):
        fake_server.assets[number] = fake_server.assets[BATTERY] | {
            "id": number,
            "name": taken,
            "parent_asset_id": HOUSE,
        }

    for _ in range(2):
        made = await make(api, HomeOrder(HOUSE, assets=(BATTERY_ORDER,)))
        assert fake_server.assets[made.assets["battery-1"]]["name"] == name


async def test_name_of_another_site(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    """One that is a part of something else has no name of this one's."""
    fake_server.assets[BATTERY]["name"] = "My home"
    first = await make(api, HomeOrder(SITE))
    second = await make(api, HomeOrder(replace(SITE, key="site-2")))

    assert fake_server.assets[first.site]["name"] == "My home"
    assert fake_server.assets[second.site]["name"] == "My home 2"


async def test_names_that_are_too_long(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    long = replace(BATTERY_ORDER, name="x" * 100)
    orders = (long, replace(long, key="battery-2", sensors={}, flex_model={}))

    made = await make(api, HomeOrder(HOUSE, assets=orders))

    first, second = (fake_server.assets[made.assets[order.key]] for order in orders)
    assert first["name"] == "x" * 80
    assert second["name"] == "x" * 78 + " 2"


@pytest.mark.parametrize(
    ("unit", "resolution"), [("W", "PT15M"), ("kW", "PT5M"), ("kW", "P0D")]
)
async def test_sensor_of_another_kind(
    api: FlexMeasuresApi, fake_server: FakeServer, unit: str, resolution: str
) -> None:
    """It stays as it is; the one that was made in its place is found again."""
    name = LOAD.name
    other = fake_server.add_sensor(200, name, unit, resolution, HOUSE)
    fake_server.sensors[CONSUMPTION]["name"] = "something else"
    stays = dict(fake_server.sensors[other])

    for _ in range(2):
        made = await make(api, HomeOrder(HOUSE, {"load": LOAD}))
        assert made.sensors["load"].name == f"{name} 2"

    assert fake_server.sensors[other] == stays
    assert max(fake_server.sensors) == other + 1


async def test_sensor_that_is_there(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    made = await make(api, HomeOrder(HOUSE, {"load": LOAD}))

    assert made.sensors["load"].id == CONSUMPTION
    assert changes(fake_server) == 0


async def test_fields_are_replaced(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    """Those that nobody orders stay."""
    made = await make(api, HOME)
    battery = fake_server.assets[made.assets["battery-1"]]
    battery["flex_model"] |= {"prefer-charging-sooner": False, "soc-usage": ["1 kW"]}
    order = replace(
        BATTERY_ORDER, flex_model={"soc-max": "8 kWh", "soc-usage": ["2 kW"]}
    )

    await make(api, replace(HOME, assets=(order,)))

    assert battery["flex_model"]["soc-max"] == "8 kWh"
    assert battery["flex_model"]["soc-usage"] == ["2 kW"]
    assert battery["flex_model"]["prefer-charging-sooner"] is False
    assert battery["flex_model"]["power-capacity"] == "5 kW"


@pytest.mark.parametrize(
    ("stored", "fields", "expected"),
    [
        (
            {"inflexible-consumption": [{"sensor": PRICE, "source-types": ["user"]}]},
            {"inflexible-consumption": [{"sensor": "new"}]},
            {
                "inflexible-consumption": [
                    {"sensor": PRICE, "source-types": ["user"]},
                    {"sensor": NEW},
                ]
            },
        ),
        (
            {"inflexible-production": [PRICE]},
            {
                "inflexible-consumption": [{"sensor": "new"}, {"sensor": PRICE}],
                "inflexible-production": [{"sensor": FEED_IN}],
            },
            {
                "inflexible-consumption": [{"sensor": NEW}],
                "inflexible-production": [PRICE, {"sensor": FEED_IN}],
            },
        ),
        (
            {"inflexible-device-sensors": [PRICE]},
            {
                "inflexible-consumption": [{"sensor": "new"}],
                "inflexible-production": [{"sensor": FEED_IN}, {"sensor": PRICE}],
            },
            {"inflexible-device-sensors": [PRICE, NEW, FEED_IN]},
        ),
        (
            {"site-power-capacity": "17 kW", "production-price": {"sensor": FEED_IN}},
            {"site-power-capacity": "25 kW", "relax-constraints": True},
            {
                "site-power-capacity": "25 kW",
                "production-price": {"sensor": FEED_IN},
                "relax-constraints": True,
            },
        ),
    ],
)
async def test_flex_context_is_joined(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    stored: Json,
    fields: Json,
    expected: Json,
) -> None:
    """No sensor is listed twice; the server refuses the former list beside the others."""
    fake_server.assets[HOUSE]["flex_context"] = stored
    new = SensorOrder("new", "kW", timedelta(minutes=15))
    order = HomeOrder(HOUSE, {"new": new}, fields)

    for _ in range(2):
        made = await make(api, order)

        assert made.sensors["new"].id == NEW
        assert fake_server.assets[HOUSE]["flex_context"] == expected
    assert changes(fake_server) == 2


async def test_ids_stay(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    """Sensors that the server has already, and lists of them."""
    order = AssetOrder(
        "tank-1",
        "Tank",
        "heat-storage",
        {},
        {"soc-usage": [{"sensor": CONSUMPTION}, "1 kW"], "soc-max": "1 kWh"},
    )

    made = await make(api, HomeOrder(HOUSE, assets=(order,)))

    assert fake_server.assets[made.assets["tank-1"]]["flex_model"] == order.flex_model


async def test_kind_that_the_server_does_not_know(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    order = replace(BATTERY_ORDER, type="flywheel")

    with pytest.raises(NotFoundError, match="flywheel"):
        await make(api, HomeOrder(HOUSE, assets=(order,)))


def test_keys_of_two_things() -> None:
    other = replace(BATTERY_ORDER, key="battery-2")

    with pytest.raises(ValueError, match="power"):
        HomeOrder(HOUSE, assets=(BATTERY_ORDER, other))
    with pytest.raises(ValueError, match="site-1"):
        HomeOrder(SITE, assets=(replace(BATTERY_ORDER, key="site-1"),))


async def test_refusal_that_stays(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    """What is refused for another reason than that it is there is told."""
    message = {"message": {"json": {"unit": ["Unit 'kW' cannot be handled."]}}}
    fake_server.answer("POST", "/api/v3_0/sensors", status=422, json=message)

    with pytest.raises(RejectedError, match="cannot be handled"):
        await make(api, HOME)

    assert len(fake_server.requests_to("POST", "/api/v3_0/sensors")) == 1
