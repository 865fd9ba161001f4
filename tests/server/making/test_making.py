"""What is made on a real server is right, and once only."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.api.errors import NotPermittedError, RejectedError
from custom_components.flexmeasures.api.models import NO_DEVICE
from custom_components.flexmeasures.flows.home.making.devices import (
    Battery,
    Car,
    Device,
    Heat,
    Other,
    S2Device,
    Solar,
)
from custom_components.flexmeasures.flows.home.making.maker import Made
from custom_components.flexmeasures.flows.home.making.order import (
    HomeOrder,
    SensorOrder,
)
from sandbox.flexmeasures.profiles import TIME_ZONE

from .made_home import QUARTER, SITE, home_of, make

BATTERY = Battery(key="battery-1", name="Battery", capacity_kwh=10, power_kw=5)
ALL: tuple[tuple[Device, str], ...] = (
    (BATTERY, "battery"),
    (Car(key="car-1", name="Car", capacity_kwh=60, power_kw=11), "one-way_evse"),
    (
        Car(key="car-2", name="V2G", capacity_kwh=60, power_kw=11, discharges=True),
        "two-way_evse",
    ),
    (
        Heat(
            key="tank-1",
            name="Tank",
            capacity_kwh=8,
            power_kw=2,
            daily_use_kwh=10,
            daily_loss=0.1,
        ),
        "heat-storage",
    ),
    (Solar(key="roof-1", name="Roof", peak_kw=4.2), "solar"),
    (Other(key="other-1", name="Cold store", capacity_kwh=3, power_kw=1), "battery"),
    (S2Device(key="s2-1", name="S2 device"), "battery"),
)


def with_ids(value: Any, made: Made) -> Any:
    """Give a part of an order with the ids that its sensors got."""
    match value:
        case {"sensor": str(key)}:
            return {**value, "sensor": made.sensors[key].id}
        case dict():
            return {name: with_ids(each, made) for name, each in value.items()}
        case _:
            return value


async def stored(api: FlexMeasuresApi) -> tuple[Any, Any]:
    """Give all that the account has."""
    account = (await api.get_rights()).account_id
    return (
        await api._request("GET", "assets", params={"account": str(account)}),
        await api._request("GET", "sensors"),
    )


@pytest.mark.parametrize(
    ("device", "asset_type"), ALL, ids=lambda value: str(value)[:9]
)
async def test_each_kind(
    newcomer: FlexMeasuresApi, device: Device, asset_type: str
) -> None:
    """The server has what was ordered, the way it was ordered; again, nothing changes."""
    order = home_of(device)
    (part,) = order.assets

    made = await make(newcomer, order)

    site = await newcomer.get_asset(made.site)
    asset = await newcomer.get_asset(made.assets[device.key])
    account = (await newcomer.get_rights()).account_id
    assert (site.name, site.type, site.parent_id) == ("My home", "building", None)
    assert (site.account_id, site.external_id) == (account, "site-1")
    assert site.flex_model == NO_DEVICE
    assert site.flex_context == with_ids(dict(order.flex_context), made)
    assert (asset.name, asset.type) == (device.name, asset_type)
    assert (asset.parent_id, asset.account_id) == (site.id, account)
    assert asset.external_id == device.key
    assert asset.flex_model == with_ids(dict(part.flex_model), made)
    on_site = {sensor.id: sensor for sensor in await newcomer.get_sensors(site.id)}
    own = {sensor.id: sensor for sensor in await newcomer.get_sensors(asset.id)}
    assert len(own) == len(part.sensors)
    for key, ordered in {**order.site_sensors, **part.sensors}.items():
        sensor = made.sensors[key]
        assert sensor == (own if key in part.sensors else on_site)[sensor.id]
        assert (sensor.name, sensor.unit) == (ordered.name, ordered.unit)
        assert sensor.resolution == ordered.resolution
        assert sensor.consumption_is_positive is ordered.consumption_is_positive
        assert str(sensor.time_zone) == TIME_ZONE.key
    there = await stored(newcomer)

    assert await make(newcomer, order) == made

    assert await stored(newcomer) == there


async def test_two_at_once(newcomer: FlexMeasuresApi, member: FlexMeasuresApi) -> None:
    """Whoever comes second uses what the first has made."""
    order = home_of(BATTERY)
    await make(newcomer, HomeOrder(SITE))

    first, second = await asyncio.gather(make(newcomer, order), make(member, order))

    assert first == second
    assets, sensors = await stored(newcomer)
    assert len(assets) == 2
    assert len(sensors) == 4


async def test_member(newcomer: FlexMeasuresApi, member: FlexMeasuresApi) -> None:
    """A member makes everything but a site."""
    assert not (await member.get_rights()).may_add_sites
    assert (await newcomer.get_rights()).may_add_sites
    with pytest.raises(NotPermittedError):
        await make(member, home_of(BATTERY))
    site = (await make(newcomer, HomeOrder(SITE))).site

    made = await make(member, home_of(BATTERY, site=site))

    asset = await member.get_asset(made.assets["battery-1"])
    assert asset.parent_id == site
    assert asset.flex_model["consumption"] == {"sensor": made.sensors["power"].id}
    context = (await member.get_asset(site)).flex_context
    assert context["consumption-price"] == {"sensor": made.sensors["price"].id}


async def test_names_that_are_taken(newcomer: FlexMeasuresApi) -> None:
    """By other things, or by a sensor of another kind: they stay as they are."""
    made = await make(newcomer, home_of(BATTERY))
    another = replace(BATTERY, key="battery-2")
    weekly = SensorOrder("consumption price", "EUR/MWh", timedelta(days=7))

    again = await make(
        newcomer,
        HomeOrder(made.site, {"weekly": weekly}, assets=(another.order(),)),
    )

    assert (await newcomer.get_asset(again.assets["battery-2"])).name == "Battery 2"
    assert again.sensors["weekly"].name == "consumption price 2"
    assert again.sensors["power"].name == "power"
    assert await newcomer.get_sensor(made.sensors["price"].id) == made.sensors["price"]


@pytest.mark.parametrize(
    "former",
    [
        ("inflexible-consumption", lambda sensor: {"sensor": sensor}),
        ("inflexible-device-sensors", lambda sensor: sensor),
    ],
    ids=lambda former: former[0],
)
async def test_lists_of_sensors(newcomer: FlexMeasuresApi, former: Any) -> None:
    """More are joined to what the site has, in whichever way it says so."""
    field, spelled = former
    load = SensorOrder("load", "kW", QUARTER, consumption_is_positive=True)
    made = await make(newcomer, HomeOrder(SITE, {"load": load}))
    there = made.sensors["load"].id
    await newcomer.change_asset(made.site, flex_context={field: [spelled(there)]})
    order = HomeOrder(
        made.site,
        {"load": load, "oven": replace(load, name="oven")},
        {"inflexible-consumption": [{"sensor": "load"}, {"sensor": "oven"}]},
    )

    for _ in range(2):
        again = await make(newcomer, order)

        assert (await newcomer.get_asset(made.site)).flex_context == {
            field: [spelled(there), spelled(again.sensors["oven"].id)]
        }


async def test_what_the_server_refuses(newcomer: FlexMeasuresApi) -> None:
    """It is told; what was made until then is found again."""
    order = home_of(BATTERY)
    refused = replace(order, flex_context={"consumption-price": "0.3 EUR/kWh"})

    with pytest.raises(RejectedError, match="Fixed prices"):
        await make(newcomer, refused)
    await make(newcomer, order)

    assets, sensors = await stored(newcomer)
    assert len(assets) == 2
    assert len(sensors) == 4
