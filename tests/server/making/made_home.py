"""A home that was made in an account that had nothing, and its schedules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from custom_components.flexmeasures.api.client import FlexMeasuresApi
from custom_components.flexmeasures.flows.home.making.devices import Device, site_order
from custom_components.flexmeasures.flows.home.making.maker import Made, async_make
from custom_components.flexmeasures.flows.home.making.order import (
    AssetOrder,
    HomeOrder,
    SensorOrder,
)
from homeassistant.util import dt as dt_util
from sandbox.flexmeasures.profiles import TIME_ZONE

QUARTER = timedelta(minutes=15)
SLOTS = 12
DURATION = SLOTS * QUARTER
HALF = SLOTS // 2

SITE = site_order("site-1", "My home")
PRICE = SensorOrder("consumption price", "EUR/kWh", QUARTER)
FEED_IN = SensorOrder("feed-in price", "EUR/kWh", QUARTER)


def home_of(*devices: Device, site: AssetOrder | int = SITE) -> HomeOrder:
    """Order a home with devices and with prices of its own."""
    return HomeOrder(
        site,
        {"price": PRICE, "feed_in": FEED_IN},
        {
            "consumption-price": {"sensor": "price"},
            "production-price": {"sensor": "feed_in"},
            "site-power-capacity": "17 kW",
        },
        tuple(device.order() for device in devices),
    )


async def make(api: FlexMeasuresApi, order: HomeOrder) -> Made:
    """Make a home in Amsterdam."""
    return await async_make(
        api,
        order,
        latitude=52.37403123456,
        longitude=4.88969123456,
        time_zone=TIME_ZONE.key,
        progress=lambda _: None,
    )


@dataclass(frozen=True, slots=True)
class Planned:
    """What was planned for a device, by slots."""

    power: list[float]
    """In kW, positive where it consumes."""
    level: list[float]
    """In kWh, at the start of each slot; empty for what has none."""


class MadeHome:
    """A home that was made, of a single device."""

    def __init__(self, api: FlexMeasuresApi, made: Made) -> None:
        """Plan from the next quarter on."""
        self.api = api
        self.made = made
        now = dt_util.utcnow()
        self.start: datetime = (
            now + QUARTER - (now - datetime.min.replace(tzinfo=now.tzinfo)) % QUARTER
        )
        self._known_at = now.replace(microsecond=0) - timedelta(hours=1)

    async def post(self, key: str, values: Sequence[float]) -> None:
        """Store what a sensor says of all slots, or of the first instant.

        Each a second later than the last: the server stores no other value that became
        known in the same one.
        """
        sensor = self.made.sensors[key]
        self._known_at += timedelta(seconds=1)
        posted = await self.api.post_data(
            sensor,
            start=self.start,
            duration=DURATION if sensor.resolution else timedelta(0),
            values=values,
            unit=sensor.unit,
            prior=self._known_at,
        )
        if posted.job:
            await self.api.wait_for_job(posted.job)

    async def prices(
        self, consumption: Sequence[float], feed_in: Sequence[float]
    ) -> None:
        """Publish a price for each half of the time."""
        for key, (first, second) in (("price", consumption), ("feed_in", feed_in)):
            await self.post(key, [first] * HALF + [second] * HALF)

    async def plan(self, **flex_model: Any) -> Planned:
        """Have the device planned the way the integration does."""
        power = self.made.sensors["power"]
        job = await self.api.trigger_schedule(
            power.asset_id,
            start=self.start,
            duration=DURATION,
            flex_model=[
                {"sensor": power.id}
                | {key.replace("_", "-"): value for key, value in flex_model.items()}
            ],
            flex_context={},
            force=True,
        )
        return await self._planned(job)

    async def plan_alone(self) -> Planned:
        """Have the server plan the site without telling it anything of it."""
        answer = await self.api._request(
            "POST",
            f"assets/{self.made.site}/schedules/trigger",
            payload={
                "start": self.start.isoformat(),
                "duration": "PT3H",
                "force-new-job-creation": True,
            },
        )
        return await self._planned(answer["job"])

    async def _planned(self, job: str) -> Planned:
        await self.api.wait_for_job(job)
        return Planned(await self.read("power"), await self.read("level"))

    async def read(self, key: str) -> list[float]:
        """Give what the scheduler wrote to a sensor."""
        sensor = self.made.sensors.get(key)
        if sensor is None:
            return []
        data = await self.api.get_data(
            sensor.id,
            start=self.start,
            duration=DURATION,
            unit=sensor.unit,
            resolution=QUARTER,
            source_type="scheduler",
        )
        assert data
        values = [value for value in data.values if value is not None]
        assert len(values) == SLOTS
        return values
