"""What is sent to have a device scheduled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from homeassistant.util import dt as dt_util

from ..api.client import FlexMeasuresApi
from ..api.models import Asset, Sensor
from ..coordinator import ScheduleCoordinator
from ..device.settings import SOC_AT_START, DeviceSettings, StateOfChargeUnknownError
from ..plan.energy_units import energy_quantity
from ..plan.grid import ceil_to_slots, floor_to_grid
from ..plan.window import Window
from .soc_entity import StateOfChargeEntityError, read_soc_entity

SOC_MINIMA = "soc-minima"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRequest:
    """A wish for a schedule; what is left out comes from the device's settings."""

    start: datetime | None = None
    duration: timedelta | None = None
    flex_model: Mapping[str, Any] = field(default_factory=dict)
    flex_context: Mapping[str, Any] = field(default_factory=dict)
    force: bool = True


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A wish in the server's words, on the grid of the device's power sensor."""

    sensor: Sensor
    start: datetime
    duration: timedelta
    flex_model: Mapping[str, Any]
    flex_context: Mapping[str, Any]
    force: bool

    @property
    def end(self) -> datetime:
        """The end of the window."""
        return self.start + self.duration

    def fits(self, other: PreparedRequest) -> bool:
        """Whether one request can hold both."""
        return (
            self.sensor.slot_length == other.sensor.slot_length
            and self.start == other.start
            and self.flex_context == other.flex_context
        )


async def prepare(
    api: FlexMeasuresApi, device: ScheduleCoordinator, request: ScheduleRequest
) -> PreparedRequest:
    """Add what the settings, the user and the device's entities say.

    Raises FlexMeasuresError.
    """
    settings = device.settings
    sensor = await device.reader.sensor()
    asset = await api.get_asset(sensor.asset_id)
    resolution = sensor.slot_length
    start = floor_to_grid(
        request.start or dt_util.utcnow(), resolution, sensor.time_zone
    )
    duration = ceil_to_slots(request.duration or settings.schedule_duration, resolution)
    overrides = {**target_minima(device, sensor, start), **request.flex_model}
    told = None
    if device.controller:
        told = await device.controller.async_flex_model(
            Window(start, resolution, duration), asset.flex_model, overrides
        )
    return PreparedRequest(
        sensor,
        start,
        duration,
        # What does not say how full the device is leaves that to the settings.
        told
        if told and SOC_AT_START in told
        else _flex_model(device, asset, told or overrides),
        settings.flex_context(request.flex_context),
        request.force,
    )


def settings_digest(settings: DeviceSettings) -> str:
    """Tells apart settings that lead to different schedules."""
    relevant = (
        settings.flex_context({}),
        settings.soc_sensor,
        settings.soc_unit,
        settings.soc_min,
        settings.soc_max,
        settings.capacity,
        settings.soc_entity,
        settings.schedule_duration,
    )
    return sha256(repr(relevant).encode()).hexdigest()


def _flex_model(
    device: ScheduleCoordinator, asset: Asset, overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """The flex-model with the state of charge that an entity measures, if one does.

    An entity that does not tell it is no reason to fail if the server knows it too.
    """
    settings = device.settings
    problem: StateOfChargeEntityError | None = None
    soc_kwh = None
    if settings.soc_entity and SOC_AT_START not in overrides:
        try:
            soc_kwh = read_soc_entity(
                device.hass.states.get(settings.soc_entity), settings, dt_util.utcnow()
            )
        except StateOfChargeEntityError as err:
            problem = err
    device.async_set_soc_problem(problem)
    try:
        return settings.flex_model(asset.flex_model, overrides, soc_kwh)
    except StateOfChargeUnknownError as err:
        raise problem or err from None


def target_minima(
    device: ScheduleCoordinator, sensor: Sensor, start: datetime
) -> dict[str, Any]:
    """What the user wants to be ready, and by when, as the server takes it.

    Moved back to the grid: between its points the server looks at nothing.
    """
    target_soc_kwh, ready_by = device.memory.target_soc_kwh, device.memory.ready_by
    if target_soc_kwh is None or ready_by is None or ready_by <= start:
        return {}
    moment = floor_to_grid(ready_by, sensor.slot_length, sensor.time_zone)
    return {
        SOC_MINIMA: [
            {
                "value": energy_quantity(target_soc_kwh),
                "datetime": moment.isoformat(),
            }
        ]
    }
