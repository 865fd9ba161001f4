"""The actions about schedules, and about what is followed instead of them."""

from dataclasses import asdict
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from homeassistant.const import UnitOfEnergy, UnitOfPower
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from ..account import async_compute, async_trigger
from ..action_errors import check_future, translated_errors
from ..const import DOMAIN
from ..coordinator import ScheduleCoordinator
from ..device.setpoint import Override
from ..device.settings import SOC_AT_START
from ..entity import local_time
from ..plan.ready_by import WEEKDAYS, Occasion, WeeklyRule
from ..plan.reasons import Reason
from ..scheduling.explanations import explained, reason_text
from ..scheduling.request import ScheduleRequest
from .calls import answered_slots, check_plannable, response
from .fields import (
    ATTR_DATETIME,
    ATTR_DURATION,
    ATTR_FLEX_CONTEXT,
    ATTR_FLEX_MODEL,
    ATTR_FORCE,
    ATTR_FORMAT,
    ATTR_POWER,
    ATTR_RESOLUTION,
    ATTR_SOC_AT_START,
    ATTR_SOC_TARGETS,
    ATTR_START,
    ATTR_TARGET_SOC,
    ATTR_TIME,
    ATTR_UNIT,
    ATTR_UNTIL,
    ATTR_VALUE,
    ATTR_WAIT,
    ATTR_WEEKDAYS,
)
from .formats import ScheduleFormat, formatted
from .limits import DeviceLimits, check_power
from .targets import Target

type Device = Target[ScheduleCoordinator]


async def trigger_schedule(call: ServiceCall, device: Device) -> ServiceResponse:
    """Have a schedule computed; wait for it and return it, or return the job at once."""
    entry, coordinator = device.entry, device.part
    subentry_id = coordinator.subentry.subentry_id
    settings = coordinator.settings
    duration: timedelta | None = call.data.get(ATTR_DURATION)
    flex_model: dict[str, Any] = {}
    limits = DeviceLimits(coordinator, call.data[ATTR_FLEX_MODEL])
    if (soc := call.data.get(ATTR_SOC_AT_START)) is not None:
        limits.check_level(ATTR_SOC_AT_START, soc)
        flex_model[SOC_AT_START] = settings.energy(soc)
    if targets := call.data.get(ATTR_SOC_TARGETS):
        for target in targets:
            limits.check_target(ATTR_SOC_TARGETS, target[ATTR_VALUE])
        flex_model["soc-targets"] = [
            {
                key: settings.energy(value) if key == ATTR_VALUE else value.isoformat()
                for key, value in target.items()
            }
            for target in targets
        ]
    limits.check_flex_model()
    request = ScheduleRequest(
        start=call.data.get(ATTR_START),
        duration=duration,
        flex_model=flex_model | call.data[ATTR_FLEX_MODEL],
        flex_context=call.data[ATTR_FLEX_CONTEXT],
        force=call.data[ATTR_FORCE],
    )
    async with translated_errors(call.hass, entry):
        if duration is not None:
            sensor = await coordinator.metadata.power_sensor()
            check_plannable(duration, sensor, field=ATTR_DURATION)
        if not call.data[ATTR_WAIT]:
            job = await async_trigger(entry, subentry_id, request, is_awaited=False)
            return {"job": job.id}
        schedule = await async_compute(entry, subentry_id, request)
    return response([schedule], "schedule", UnitOfPower.KILO_WATT)


async def get_schedule(call: ServiceCall, device: Device) -> ServiceResponse:
    """Return what is planned in a period."""
    coordinator = device.part
    shape: ScheduleFormat = call.data[ATTR_FORMAT]
    unit = call.data[ATTR_UNIT]
    start: datetime | None
    duration: timedelta | None
    start, duration = shape.period or (
        call.data.get(ATTR_START),
        call.data.get(ATTR_DURATION),
    )
    async with translated_errors(call.hass, device.entry):
        sensor = await coordinator.metadata.power_sensor()
        own = sensor.slot_length
        wanted: timedelta = call.data.get(ATTR_RESOLUTION) or shape.resolution or own
        read = partial(coordinator.reader.read_power, unit=unit)
        if wanted == own:
            power = await read(start=start, duration=duration)
        else:
            first, length = answered_slots(
                start,
                duration or coordinator.settings.schedule_duration,
                wanted,
                own=own,
                time_zone=sensor.time_zone,
            )
            power = await read(start=first, duration=length)
            power = power.in_slots(first, length, wanted) if power else None
    answer = response([power] if power else [], "schedule", unit)
    slots = answer.pop("schedule")
    return {**answer, **formatted(slots, power, shape)}


async def get_prices(call: ServiceCall, device: Device) -> ServiceResponse:
    """Return what consumption costs from now on, as far as the plan knows it."""
    price = device.part.data.consumption_price
    series = price.series if price else None
    known = series.since(dt_util.utcnow()) if series else None
    unit = f"{price.currency}/{UnitOfEnergy.KILO_WATT_HOUR}" if price else None
    return {
        **response([known] if known else [], "prices", unit),
        "fixed": price.fixed if price else None,
    }


async def explain(call: ServiceCall, device: Device) -> ServiceResponse:
    """Return what is planned from now on, and why."""
    coordinator = device.part
    return {
        "currency": coordinator.data.currency,
        "soc_unit": coordinator.settings.soc_unit,
        "blocks": [
            {
                "start": local_time(each.start),
                "end": local_time(each.end),
                "action": each.action.value,
                "energy": round(each.energy, 3),
                "reasons": [_explained(coordinator, reason) for reason in each.reasons],
            }
            for each in explained(coordinator)
        ],
    }


def _explained(coordinator: ScheduleCoordinator, reason: Reason) -> dict[str, Any]:
    """Return a reason with its sentence, and the values that it is about."""
    values = {
        key: local_time(value) if isinstance(value, datetime) else round(value, 6)
        for key, value in asdict(reason).items()
        if isinstance(value, datetime | float)
    }
    code = reason.code.value
    return {"code": code, "text": reason_text(coordinator, reason), **values}


async def override(call: ServiceCall, device: Device) -> None:
    """Let the setpoint be another power for some time."""
    coordinator = device.part
    now = dt_util.utcnow()
    until: datetime = call.data.get(ATTR_UNTIL) or now + call.data[ATTR_DURATION]
    check_future(until)
    power: float = call.data[ATTR_POWER]
    check_power(coordinator, ATTR_POWER, power)
    await coordinator.async_set_override(Override(power, until))


async def clear_override(_call: ServiceCall, device: Device) -> None:
    """Let the setpoint follow the mode again."""
    await device.part.async_set_override(None)


async def set_ready_by(call: ServiceCall, device: Device) -> None:
    """Set by when the device has to be ready: once, on days of the week, or not."""
    coordinator = device.part
    moment: datetime | None = call.data.get(ATTR_DATETIME)
    at: time | None = call.data.get(ATTR_TIME)
    if moment is None and at is None:
        await coordinator.async_be_ready_weekly(None)
        return
    target_kwh: float | None = None
    if (target := call.data.get(ATTR_TARGET_SOC)) is not None:
        target_kwh = DeviceLimits(coordinator).check_target(ATTR_TARGET_SOC, target)
    elif coordinator.memory.ready_by.target_kwh is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="target_required",
            translation_placeholders={"field": ATTR_TARGET_SOC},
        )
    if moment is not None:
        check_future(moment)
        await coordinator.async_be_ready_once(Occasion(moment, target_kwh))
    else:
        assert at is not None
        weekdays = map(WEEKDAYS.index, call.data.get(ATTR_WEEKDAYS, WEEKDAYS))
        rule = WeeklyRule(at, tuple(sorted({*weekdays})), target_kwh)
        await coordinator.async_be_ready_weekly(rule)
