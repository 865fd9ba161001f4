"""What is added to a server, and who may."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.api.errors import (
    FlexMeasuresError,
    NotFlexMeasuresError,
    NotPermittedError,
    RejectedError,
    ServerError,
)
from custom_components.flexmeasures.api.models import Asset, Rights
from homeassistant.core import HomeAssistant

from ..fake_server import (
    ACCOUNT,
    BATTERY,
    BATTERY_CHARGING,
    BATTERY_POWER,
    BATTERY_SOC,
    HOUSE,
    MEMBER_EMAIL,
    NEIGHBOUR_ACCOUNT,
    NEIGHBOUR_HOUSE,
    TIME_ZONE,
    FakeServer,
)
from .login import api_of

QUARTER = timedelta(minutes=15)


@pytest.fixture
def api(hass: HomeAssistant, fake_server: FakeServer) -> FlexMeasuresApi:
    return api_of(hass)


async def create_asset(api: FlexMeasuresApi, **changes: Any) -> Asset:
    order: dict[str, Any] = {
        "name": "Car",
        "type_id": 3,
        "account_id": ACCOUNT,
        "parent_id": HOUSE,
        "external_id": "car-1",
        "latitude": 52.373056789,
        "longitude": 4.892222222,
    }
    return await api.create_asset(**order | changes)


@pytest.mark.parametrize(
    ("user", "may_add_sites"),
    [({}, True), ({"username": MEMBER_EMAIL}, False)],
)
async def test_rights(
    hass: HomeAssistant,
    fake_server: FakeServer,
    user: dict[str, str],
    may_add_sites: bool,  # noqa: FBT001
) -> None:
    """Whether before or after the log-in, and without a change on the server."""
    api = api_of(hass, **user)

    assert await api.get_rights() == Rights(ACCOUNT, may_add_sites=may_add_sites)
    assert await api.get_rights() == Rights(ACCOUNT, may_add_sites=may_add_sites)
    asked = [request.method for request in fake_server.requests]
    assert asked == ["POST", *["GET"] * 4]


async def test_what_there_is(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    fake_server.assets[BATTERY]["external_id"] = "battery-1"

    types = await api.get_asset_types()
    assets = {asset.id: asset for asset in await api.get_assets(ACCOUNT)}
    sensors = await api.get_sensors(BATTERY)

    assert types["battery"] == 5
    assert all(asset.account_id == ACCOUNT for asset in assets.values())
    assert assets[BATTERY].external_id == "battery-1"
    assert assets[HOUSE].external_id is None
    assert {sensor.id for sensor in sensors} == {
        BATTERY_POWER,
        BATTERY_SOC,
        BATTERY_CHARGING,
    }


async def test_sensors_of_the_parts_are_not_those_of_the_whole(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    assert {sensor.asset_id for sensor in await api.get_sensors(HOUSE)} == {HOUSE}


async def test_asset_is_added(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    asset = await create_asset(api)

    assert asset == Asset(
        id=max(fake_server.assets),
        name="Car",
        account_id=ACCOUNT,
        parent_id=HOUSE,
        flex_model={},
        flex_context={},
        type="one-way_evse",
        external_id="car-1",
    )
    stored = fake_server.assets[asset.id]
    # More decimals the server refuses.
    assert (stored["latitude"], stored["longitude"]) == (52.3730568, 4.8922222)


async def test_site_is_added(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    asset = await create_asset(api, parent_id=None)

    assert asset.parent_id is None
    assert "parent_asset_id" not in fake_server.requests[-1].json


@pytest.mark.parametrize(
    ("name", "unit", "resolution", "attributes", "told"),
    [
        ("power", "kW", QUARTER, {"consumption_is_positive": True}, "PT15M"),
        ("level", "kWh", timedelta(0), {}, "PT0S"),
    ],
)
async def test_sensor_is_added(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    name: str,
    unit: str,
    resolution: timedelta,
    attributes: dict[str, Any],
    told: str,
) -> None:
    sensor = await api.create_sensor(
        name,
        asset_id=BATTERY,
        unit=unit,
        resolution=resolution,
        time_zone="Europe/Kyiv",
        attributes=attributes,
    )

    assert sensor == await api.get_sensor(sensor.id)
    assert (sensor.name, sensor.unit, sensor.asset_id) == (name, unit, BATTERY)
    assert sensor.resolution == resolution
    assert str(sensor.time_zone) == "Europe/Kyiv"
    assert sensor.consumption_is_positive is bool(attributes)
    assert fake_server.sensors[sensor.id]["event_resolution"] == told


async def test_asset_is_changed(api: FlexMeasuresApi, fake_server: FakeServer) -> None:
    await api.change_asset(BATTERY, flex_model={"soc-max": "8 kWh"})
    await api.change_asset(HOUSE, flex_context={})

    assert (await api.get_asset(BATTERY)).flex_model == {"soc-max": "8 kWh"}
    assert (await api.get_asset(HOUSE)).flex_context == {}
    assert fake_server.requests_to("PATCH", "/api/v3_0/assets/*")[0].json == {
        "flex_model": {"soc-max": "8 kWh"}
    }


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda api: create_asset(api, parent_id=None), NotPermittedError),
        (lambda api: create_asset(api, parent_id=NEIGHBOUR_HOUSE), NotPermittedError),
        (lambda api: create_asset(api, account_id=NEIGHBOUR_ACCOUNT), RejectedError),
        (lambda api: api.get_assets(NEIGHBOUR_ACCOUNT), NotPermittedError),
        (
            lambda api: api.change_asset(NEIGHBOUR_HOUSE, flex_model={}),
            NotPermittedError,
        ),
        (lambda api: create_asset(api, name="Home battery"), RejectedError),
    ],
)
async def test_what_a_member_may_not(
    hass: HomeAssistant,
    fake_server: FakeServer,
    call: Callable[[FlexMeasuresApi], Awaitable[Any]],
    error: type[FlexMeasuresError],
) -> None:
    with pytest.raises(error):
        await call(api_of(hass, username=MEMBER_EMAIL))


async def test_what_only_the_database_refuses(
    api: FlexMeasuresApi, fake_server: FakeServer
) -> None:
    """The statement that it tells is not for anybody's eyes."""
    fake_server.assets[BATTERY]["external_id"] = "car-1"

    with pytest.raises(ServerError) as caught:
        await create_asset(api)

    assert "SQL" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("users/1", lambda api: api.get_rights()),
        ("assets/types", lambda api: api.get_asset_types()),
        ("assets", lambda api: api.get_assets(ACCOUNT)),
        ("sensors", lambda api: api.get_sensors(BATTERY)),
        ("assets", create_asset),
        (
            "sensors",
            lambda api: api.create_sensor(
                "power",
                asset_id=BATTERY,
                unit="kW",
                resolution=QUARTER,
                time_zone=TIME_ZONE,
                attributes={},
            ),
        ),
    ],
)
async def test_unexpected_answers(
    api: FlexMeasuresApi,
    fake_server: FakeServer,
    path: str,
    call: Callable[[FlexMeasuresApi], Awaitable[Any]],
) -> None:
    for method in ("GET", "POST"):
        fake_server.answer(method, f"/api/v3_0/{path}", json=["?"])

    with pytest.raises(NotFlexMeasuresError, match="unexpected answer"):
        await call(api)
