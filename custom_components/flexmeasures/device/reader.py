"""Reads a device's plan from the server."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import logging
from typing import Any

from homeassistant.const import UnitOfPower
from homeassistant.util import dt as dt_util

from ..api.catalogue import AccountCatalogue
from ..api.client import FlexMeasuresApi
from ..api.errors import (
    NotFlexMeasuresError,
    NotFoundError,
    NotPermittedError,
    RejectedError,
)
from ..api.models import Asset, Sensor, SensorData
from ..const import (
    CONF_CONSUMPTION_PRICE_SENSOR,
    CONF_PRODUCTION_PRICE_SENSOR,
    CONF_SOC_SENSOR,
)
from ..plan.energy_units import from_kwh, in_kwh, quantity_in_kwh
from ..plan.grid import ceil_to_slots, floor_to_grid, local_midnight
from ..plan.plan import Plan
from ..plan.prices import (
    CONSUMPTION_PRICE,
    PRODUCTION_PRICE,
    Price,
    Quantity,
    price_reference,
)
from ..plan.schedule import Schedule
from ..plan.series import Series
from .settings import STATE_OF_CHARGE, DeviceSettings

_LOGGER = logging.getLogger(__name__)

SCHEDULER = "scheduler"

# Planned power is exact enough to the milliwatt, and energy to the milliwatt-hour.
_MILLIWATTS: dict[str, float] = {
    UnitOfPower.WATT: 1e3,
    UnitOfPower.KILO_WATT: 1e6,
    UnitOfPower.MEGA_WATT: 1e9,
}
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Reading:
    """What the server says of a device at one moment."""

    plan: Plan
    is_running: bool
    """Whether power was measured in the last slots."""
    soc_min_kwh: float | None = None
    """What the server itself says of the device."""
    soc_max_kwh: float | None = None
    missing_sensors: dict[str, int] = field(default_factory=dict)
    """Sensors of the settings that the server no longer has, by their setting."""


class PlanReader:
    """Knows which sensors hold what belongs to a device."""

    def __init__(
        self,
        api: FlexMeasuresApi,
        catalogue: AccountCatalogue,
        settings: DeviceSettings,
    ) -> None:
        """Start with nothing known."""
        self._api = api
        self._catalogue = catalogue
        self._settings = settings
        self._sensor: Sensor | None = None
        self._sensor_may_differ = False
        self.site: int | None = None
        """The asset that holds all devices of the same connection; known once read."""

    async def sensor(self, *, current: bool = False) -> Sensor:
        """The power sensor's metadata: of before the last job, or `current`."""
        if self._sensor is None or (current and self._sensor_may_differ):
            ask = self._api.get_sensor if current else self._catalogue.async_sensor
            self._sensor = await ask(self._settings.power_sensor)
            self._sensor_may_differ = False
        return self._sensor

    def expect_changed_sensor(self) -> None:
        """Read the metadata again: the first schedule makes the server settle the sign."""
        self._sensor_may_differ = True

    async def sensor_by_id(self, sensor_id: int) -> Sensor:
        """Any sensor's metadata; raises FlexMeasuresError."""
        return await self._catalogue.async_sensor(sensor_id)

    async def soc_sensor(self) -> Sensor | None:
        """The state-of-charge sensor of the settings, else of the asset; None if of neither.

        Raises FlexMeasuresError.
        """
        sensor_id = self._soc_sensor_id(await self._asset())
        return None if sensor_id is None else await self.sensor_by_id(sensor_id)

    async def full_kwh(self) -> float | None:
        """What the server itself takes for 100 %; raises FlexMeasuresError."""
        return _full_kwh(await self._asset())

    async def flex_context(self) -> dict[str, Any]:
        """The asset's, its parents' and the settings' flex-context."""
        catalogue = await self._catalogue.async_get()
        stored = catalogue.flex_context(await self.sensor())
        return {**stored, **self._settings.flex_context({})}

    async def flex_model(self) -> Mapping[str, Any]:
        """What the asset says of itself; raises FlexMeasuresError."""
        catalogue = await self._catalogue.async_get()
        return catalogue.flex_model(await self.sensor())

    async def read(self, *, planned_until: datetime | None, since: datetime) -> Reading:
        """Everything from the start of today on, or from an earlier `since`.

        The past stays with the plan so that an unchanged one equals itself all day.
        """
        sensor = await self.sensor()
        resolution = sensor.slot_length
        now = dt_util.utcnow()
        running = floor_to_grid(now, resolution, sensor.time_zone)
        start = floor_to_grid(
            min(local_midnight(running), since), resolution, sensor.time_zone
        )
        ahead = running + ceil_to_slots(self._settings.schedule_duration, resolution)
        duration = ceil_to_slots(max(ahead, planned_until or ahead) - start, resolution)
        catalogue = await self._catalogue.async_get()
        self.site = catalogue.site(sensor)
        flex_model = catalogue.flex_model(sensor)
        missing: dict[str, int] = {}
        power, soc, prices, is_running = await asyncio.gather(
            self.power(
                sensor,
                start=start,
                duration=duration,
                resolution=resolution,
                unit=UnitOfPower.KILO_WATT,
            ),
            self._soc(sensor, start, duration, missing),
            self._prices(start, duration, missing),
            self._is_running(sensor, now),
        )
        return Reading(
            Plan(
                Schedule.from_values(power.start, power.resolution, power.values)
                if power
                else None,
                soc,
                *prices,
            ),
            is_running=is_running,
            soc_min_kwh=quantity_in_kwh(flex_model.get("soc-min")),
            soc_max_kwh=quantity_in_kwh(flex_model.get("soc-max")),
            missing_sensors=missing,
        )

    async def power(
        self,
        sensor: Sensor,
        *,
        start: datetime,
        duration: timedelta,
        resolution: timedelta,
        unit: UnitOfPower,
    ) -> SensorData | None:
        """What the scheduler planned, consumption positive; None if it never did."""
        data, sensor = await asyncio.gather(
            self._api.get_data(
                sensor.id,
                start=start,
                duration=duration,
                # For its own resolution the server need not resample.
                resolution=None if resolution == sensor.resolution else resolution,
                unit=unit,
                source_type=SCHEDULER,
            ),
            self.sensor(current=True),
        )
        if data is None:
            return None
        if (stored := _MILLIWATTS.get(data.unit)) is None:
            raise NotFlexMeasuresError(f"power in {data.unit}")
        wanted = _MILLIWATTS[unit]
        signed = stored if sensor.consumption_is_positive else -stored
        # The solver's values are off by 1e-10, and no state should read "-0.0".
        return replace(
            data,
            unit=unit,
            values=tuple(
                None if value is None else round(value * signed) / wanted
                for value in data.values
            ),
        )

    async def _soc(
        self,
        power_sensor: Sensor,
        start: datetime,
        duration: timedelta,
        missing: dict[str, int],
    ) -> Series | None:
        """The state of charge that the scheduler expects, in the unit of the settings."""
        asset = await self._asset()
        sensor_id = self._soc_sensor_id(asset)
        if sensor_id is None:
            return None
        resolution = power_sensor.slot_length
        try:
            sensor = await self._catalogue.async_sensor(sensor_id)
            data = await self._api.get_data(
                sensor_id,
                start=start,
                # One more than there are slots: what is left when the last one ends.
                duration=duration + resolution,
                resolution=resolution,
                unit=sensor.unit,
                source_type=SCHEDULER,
            )
        except NotFoundError:
            if sensor_id == self._settings.soc_sensor:
                missing[CONF_SOC_SENSOR] = sensor_id
            return None
        except (NotPermittedError, RejectedError) as err:
            _LOGGER.debug("The expected state of charge could not be read: %s", err)
            return None
        if data is None:
            return None
        return Series.from_values(
            data.start,
            data.resolution,
            [self._in_soc_unit(v, sensor.unit, asset) for v in data.values],
        )

    def _in_soc_unit(
        self, amount: float | None, unit: str, asset: Asset | None
    ) -> float | None:
        """A sensor's state of charge in the unit of the settings; None if that is not possible."""
        wanted = self._settings.soc_unit
        if amount is None:
            return None
        if unit == wanted:
            return round(amount, _DIGITS)
        kwh = in_kwh(amount, unit, _full_kwh(asset))
        found = None if kwh is None else from_kwh(kwh, wanted, self._settings.capacity)
        return None if found is None else round(found, _DIGITS)

    async def _asset(self) -> Asset | None:
        """The asset that has the power sensor."""
        catalogue = await self._catalogue.async_get()
        return catalogue.assets.get((await self.sensor()).asset_id)

    def _soc_sensor_id(self, asset: Asset | None) -> int | None:
        return self._settings.soc_sensor or _referred(asset, STATE_OF_CHARGE)

    async def _prices(
        self, start: datetime, duration: timedelta, missing: dict[str, int]
    ) -> tuple[Price | None, Price | None]:
        """Of consumption and of production."""
        context = await self.flex_context()
        consumption, production = await asyncio.gather(
            *(
                self._price(context.get(field), start, duration, key, missing)
                for field, key in (
                    (CONSUMPTION_PRICE, CONF_CONSUMPTION_PRICE_SENSOR),
                    (PRODUCTION_PRICE, CONF_PRODUCTION_PRICE_SENSOR),
                )
            )
        )
        return consumption, production

    async def _price(
        self,
        value: Any,
        start: datetime,
        duration: timedelta,
        key: str,
        missing: dict[str, int],
    ) -> Price | None:
        """A price that a flex-context's field refers to; None if it cannot be told."""
        sensor_id = price_reference(value)
        if sensor_id is None:
            return None
        if isinstance(sensor_id, Quantity):
            return Price.from_quantity(sensor_id)
        try:
            return await self._catalogue.async_price(sensor_id, start, duration)
        except NotFoundError:
            missing[key] = sensor_id
        except (NotPermittedError, RejectedError) as err:
            _LOGGER.debug("A price could not be read: %s", err)
        return None

    async def _is_running(self, sensor: Sensor, now: datetime) -> bool:
        """Whether someone measured power in the running or the last slot."""
        if self._settings.charging_entity:
            return False
        resolution = sensor.slot_length
        data = await self._api.get_data(
            sensor.id,
            start=floor_to_grid(now, resolution, sensor.time_zone) - resolution,
            duration=2 * resolution,
            unit=sensor.unit,
            source_type="user",
        )
        return data is not None and any(data.values)


def _full_kwh(asset: Asset | None) -> float | None:
    """What the server itself takes for 100 %."""
    return quantity_in_kwh(asset.flex_model.get("soc-max")) if asset else None


def _referred(asset: Asset | None, field: str) -> int | None:
    """The sensor that an asset's flex-model names in a field."""
    match asset.flex_model.get(field) if asset else None:
        case {"sensor": int(sensor_id)}:
            return sensor_id
    return None
