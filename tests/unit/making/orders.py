"""Orders of homes."""

from datetime import timedelta

from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.flows.home.making.devices import Battery, site_order
from custom_components.flexmeasures.flows.home.making.maker import Made, async_make
from custom_components.flexmeasures.flows.home.making.order import (
    HomeOrder,
    SensorOrder,
)

from ..fake_server import TIME_ZONE

SITE = site_order("site-1", "My home")
BATTERY_ORDER = Battery(
    key="battery-1", name="Battery", capacity_kwh=10, power_kw=5
).order()
LOAD = SensorOrder(
    "household consumption", "kW", timedelta(minutes=15), consumption_is_positive=True
)
PRICE = SensorOrder("price", "EUR/kWh", timedelta(hours=1))
HOME = HomeOrder(
    SITE,
    {"load": LOAD, "price": PRICE},
    {
        "consumption-price": {"sensor": "price"},
        "site-power-capacity": "17 kW",
        "inflexible-consumption": [{"sensor": "load"}],
    },
    (BATTERY_ORDER,),
)


async def make(
    api: FlexMeasuresApi, order: HomeOrder, progress: list[float] | None = None
) -> Made:
    """Make a home in Amsterdam."""
    told = [] if progress is None else progress
    return await async_make(
        api,
        order,
        latitude=52.374,
        longitude=4.89,
        time_zone=TIME_ZONE,
        progress=told.append,
    )
