"""Reads a device's plan from the server."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import logging
from typing import Any

from homeassistant.const import UnitOfPower
from homeassistant.util import dt as dt_util

from ..api.client import FlexMeasuresApi
from ..api.concurrency import together
from ..api.errors import (
    NotFlexMeasuresError,
    NotFoundError,
    NotPermittedError,
    RejectedError,
)
from ..api.models import Sensor, SensorData
from ..const import (
    CONF_CONSUMPTION_PRICE_SENSOR,
    CONF_PRODUCTION_PRICE_SENSOR,
    CONF_SOC_SENSOR,
)
from ..plan.energy_units import from_kwh, in_kwh
from ..plan.grid import (
    PLAN_ZONE,
    ceil_to_slots,
    floor_to_grid,
    local_midnight,
    whole_slots,
)
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
from .limits import ServerLimits
from .metadata import DeviceMetadata
from .prices import SharedPrices
from .settings import DeviceSettings, StateOfChargeUnknownError, says_level

_LOGGER = logging.getLogger(__name__)

SCHEDULER = "scheduler"

# Planned power is exact enough to the milliwatt, and energy to the milliwatt-hour.
_MILLIWATTS: dict[str, float] = {
    UnitOfPower.WATT: 1e3,
    UnitOfPower.KILO_WATT: 1e6,
    UnitOfPower.MEGA_WATT: 1e9,
}
_DIGITS = 6

type _MissingSensors = dict[str, int]
"""Sensors of the settings that the server no longer has, by their setting."""


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What the server says of a device beside its plan."""

    is_running: bool
    """Whether power was measured in the last slots."""
    limits: ServerLimits
    has_level: bool
    """Whether the flex-model that the server has itself says anything of a state of charge."""
    needs_level: bool
    """Whether a schedule has to be told the state of charge, which the server does not know."""
    is_priced: bool
    """Whether anything says what consumption costs."""
    price_sensor: int | None
    """The sensor that does, if it is one that can be read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the server says of a device at one moment."""

    plan: Plan
    facts: DeviceFacts
    missing_sensors: _MissingSensors


class PlanReader:
    """Asks for everything that belongs to the plan of one device."""

    def __init__(
        self,
        api: FlexMeasuresApi,
        metadata: DeviceMetadata,
        prices: SharedPrices,
        settings: DeviceSettings,
    ) -> None:
        """Ask nothing yet."""
        self._api = api
        self._metadata = metadata
        self._prices = prices
        self._settings = settings

    async def read(
        self, *, planned_until: datetime | None, since: datetime, is_of_job: bool
    ) -> Reading:
        """Read everything from the start of today on, or from an earlier `since`.

        The past stays with the plan so that an unchanged one equals itself all day.
        Raises FlexMeasuresError, NotFoundError only for the power sensor.
        """
        sensor = await (
            self._metadata.renewed_power_sensor()
            if is_of_job
            else self._metadata.power_sensor()
        )
        resolution = sensor.slot_length
        now = dt_util.utcnow()
        running = floor_to_grid(now, resolution, PLAN_ZONE)
        start = floor_to_grid(
            min(local_midnight(running), since), resolution, PLAN_ZONE
        )
        ahead = running + ceil_to_slots(self._settings.schedule_duration, resolution)
        duration = ceil_to_slots(max(ahead, planned_until or ahead) - start, resolution)
        await self._metadata.find_site()
        flex_model = await self._metadata.flex_model()
        context = await self._metadata.flex_context()
        price_sensor = price_reference(context.get(CONSUMPTION_PRICE))
        missing: _MissingSensors = {}
        unreadable: set[str] = set()
        power: SensorData | None
        soc: Series | None
        prices: tuple[Price | None, Price | None]
        fuel_prices: Mapping[str, Price]
        is_running: bool
        power, soc, prices, fuel_prices, is_running = await together(
            self._power(sensor, start, duration, UnitOfPower.KILO_WATT),
            self._soc(sensor, start, duration, missing),
            self._both_prices(context, start, duration, missing, unreadable),
            self._fuel_prices(context, start, duration),
            self._is_running(sensor, now),
        )
        return Reading(
            Plan(
                Schedule.from_data(power) if power else None,
                soc,
                *prices,
                fuel_prices,
            ),
            DeviceFacts(
                is_running=is_running,
                limits=ServerLimits.of(flex_model),
                has_level=says_level(flex_model),
                needs_level=self._needs_level(flex_model),
                is_priced=CONSUMPTION_PRICE in context,
                price_sensor=price_sensor
                if isinstance(price_sensor, int)
                and CONF_CONSUMPTION_PRICE_SENSOR not in missing.keys() | unreadable
                else None,
            ),
            missing,
        )

    def _needs_level(self, flex_model: Mapping[str, Any]) -> bool:
        """Return whether the server would have to guess the level to start from."""
        try:
            self._settings.flex_model(flex_model, {})
        except StateOfChargeUnknownError:
            return True
        return False

    async def read_power(
        self,
        *,
        start: datetime | None,
        duration: timedelta | None,
        unit: UnitOfPower,
    ) -> Series | None:
        """Read what the scheduler planned in a period, consumption positive.

        Default period: the running slot and what the settings plan ahead. None if
        nothing is planned. Raises FlexMeasuresError.
        """
        sensor = await self._metadata.power_sensor()
        resolution = sensor.slot_length
        first, length = whole_slots(
            start or floor_to_grid(dt_util.utcnow(), resolution, PLAN_ZONE),
            duration or self._settings.schedule_duration,
            resolution,
            PLAN_ZONE,
        )
        data = await self._power(sensor, first, length, unit)
        return Series.from_data(data) if data else None

    async def _power(
        self, sensor: Sensor, start: datetime, duration: timedelta, unit: UnitOfPower
    ) -> SensorData | None:
        """Read what the scheduler planned, consumption positive; None if it never did."""
        data = await self._api.get_data(
            sensor.id,
            start=start,
            duration=duration,
            # For its own resolution the server need not resample.
            resolution=None if sensor.resolution else sensor.slot_length,
            unit=unit,
            source_type=SCHEDULER,
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
        missing: _MissingSensors,
    ) -> Series | None:
        """Read the state of charge that the scheduler expects, in the settings' unit."""
        sensor_id = await self._metadata.soc_sensor_id()
        if sensor_id is None:
            return None
        full_kwh = await self._metadata.full_kwh()
        resolution = power_sensor.slot_length
        try:
            sensor = await self._metadata.sensor(sensor_id)
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
            [self._in_soc_unit(value, sensor.unit, full_kwh) for value in data.values],
        )

    def _in_soc_unit(
        self, amount: float | None, unit: str, full_kwh: float | None
    ) -> float | None:
        """Return a sensor's state of charge in the settings' unit, None if that can't be."""
        wanted = self._settings.soc_unit
        if amount is None:
            return None
        if unit == wanted:
            return round(amount, _DIGITS)
        kwh = in_kwh(amount, unit, full_kwh)
        found = None if kwh is None else from_kwh(kwh, wanted, self._settings.capacity)
        return None if found is None else round(found, _DIGITS)

    async def _both_prices(
        self,
        context: Mapping[str, Any],
        start: datetime,
        duration: timedelta,
        missing: _MissingSensors,
        unreadable: set[str],
    ) -> tuple[Price | None, Price | None]:
        """Read the price of consumption and the one of production."""
        consumption, production = await together(
            *(
                self._price(
                    context.get(field),
                    start,
                    duration,
                    key,
                    missing,
                    unreadable=unreadable,
                )
                for field, key in (
                    (CONSUMPTION_PRICE, CONF_CONSUMPTION_PRICE_SENSOR),
                    (PRODUCTION_PRICE, CONF_PRODUCTION_PRICE_SENSOR),
                )
            )
        )
        return consumption, production

    async def _fuel_prices(
        self, context: Mapping[str, Any], start: datetime, duration: timedelta
    ) -> dict[str, Price]:
        """Read the prices of other commodities than electricity, as far as they can be."""
        found = {
            str(each.get("commodity")): each.get(CONSUMPTION_PRICE)
            for each in context.get("commodities") or ()
        }
        fuels = [commodity for commodity in found if commodity != "electricity"]
        if not fuels:
            return {}
        prices = await together(
            *(
                self._price(found[fuel], start, duration, fuel, {}, unreadable=set())
                for fuel in fuels
            )
        )
        return {fuel: price for fuel, price in zip(fuels, prices, strict=True) if price}

    async def _price(
        self,
        value: Any,
        start: datetime,
        duration: timedelta,
        key: str,
        missing: _MissingSensors,
        *,
        unreadable: set[str],
    ) -> Price | None:
        """Return a price that a flex-context's field refers to; None if it cannot be told."""
        reference = price_reference(value)
        if reference is None:
            return None
        if isinstance(reference, Quantity):
            return Price.from_quantity(reference)
        try:
            return await self._prices.async_price(reference, start, duration)
        except NotFoundError:
            missing[key] = reference
        except (NotPermittedError, RejectedError) as err:
            _LOGGER.debug("A price could not be read: %s", err)
            unreadable.add(key)
        return None

    async def _is_running(self, sensor: Sensor, now: datetime) -> bool:
        """Return whether someone measured power in the running or the last slot."""
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
