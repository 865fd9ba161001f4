"""The shapes in which others take a plan: cards, automations, optimizers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from homeassistant.const import UnitOfPower
from homeassistant.util import dt as dt_util

from ..plan.grid import local_midnight
from ..plan.series import Series

type _Slots = Sequence[Mapping[str, Any]]
"""``{start, end, value}`` of each slot that has a value, with local times."""


class ScheduleFormat(StrEnum):
    """A shape, by who made it known."""

    LIST = "list"
    FORECAST = "forecast"
    NORDPOOL = "nordpool"
    SOLCAST = "solcast"
    EMHASS = "emhass"
    WATTS = "watts"

    @property
    def unit(self) -> UnitOfPower | None:
        """The one that its values are always in; None if it may be any."""
        return _UNITS.get(self)

    @property
    def resolution(self) -> timedelta | None:
        """The one that it has unless another is asked for; None if that is the sensor's."""
        return timedelta(minutes=30) if self is ScheduleFormat.SOLCAST else None

    @property
    def period(self) -> tuple[datetime, timedelta] | None:
        """When that begins which it is always about, and how long it is; None if it may be any."""
        if self is not ScheduleFormat.NORDPOOL:
            return None
        now = dt_util.utcnow()
        start = local_midnight(now)
        return start, local_midnight(now, days_later=2) - start


_UNITS: Final = {
    ScheduleFormat.EMHASS: UnitOfPower.WATT,
    ScheduleFormat.SOLCAST: UnitOfPower.KILO_WATT,
    ScheduleFormat.WATTS: UnitOfPower.WATT,
}


def formatted(
    slots: _Slots, schedule: Series | None, shape: ScheduleFormat
) -> dict[str, Any]:
    """Return the slots of a schedule in some shape, by the names that it has for them.

    Consumption is positive, unless a name says that it is about production.
    """
    return _SHAPES[shape](slots, schedule)


def _list(slots: _Slots, _schedule: Series | None) -> dict[str, Any]:
    return {"schedule": slots}


def _forecast(slots: _Slots, _schedule: Series | None) -> dict[str, Any]:
    return {
        "forecast": [{"time": slot["start"], "value": slot["value"]} for slot in slots]
    }


def _nordpool(slots: _Slots, schedule: Series | None) -> dict[str, Any]:
    """Return today's and tomorrow's, and whether all of tomorrow's are there."""
    now = dt_util.utcnow()
    midnight, end = (local_midnight(now, days_later=days) for days in (1, 2))

    def on(day: datetime) -> _Slots:
        date = dt_util.as_local(day).date().isoformat()
        return [slot for slot in slots if slot["start"].startswith(date)]

    tomorrow = on(midnight)
    return {
        "raw_today": on(now),
        "raw_tomorrow": tomorrow,
        "tomorrow_valid": schedule is not None
        and len(tomorrow) * schedule.resolution >= end - midnight,
    }


def _solcast(slots: _Slots, _schedule: Series | None) -> dict[str, Any]:
    return {
        "detailedForecast": [
            {"period_start": slot["start"], "pv_estimate": 0.0 - slot["value"]}
            for slot in slots
        ]
    }


def _emhass(slots: _Slots, schedule: Series | None) -> dict[str, Any]:
    """Return what is consumed and what is produced; None in a gap keeps the others' places."""
    known = iter(slots)
    values: list[float | None] = [
        None if value is None else next(known)["value"]
        for value in (schedule.values if schedule else ())
    ]
    return {
        "load_power_forecast": [
            None if value is None else max(value, 0.0) for value in values
        ],
        "pv_power_forecast": [
            None if value is None else max(0.0 - value, 0.0) for value in values
        ],
    }


def _watts(slots: _Slots, _schedule: Series | None) -> dict[str, Any]:
    return {"watts": {slot["start"]: slot["value"] for slot in slots}}


_SHAPES: Final[
    Mapping[ScheduleFormat, Callable[[_Slots, Series | None], dict[str, Any]]]
] = {
    ScheduleFormat.LIST: _list,
    ScheduleFormat.FORECAST: _forecast,
    ScheduleFormat.NORDPOOL: _nordpool,
    ScheduleFormat.SOLCAST: _solcast,
    ScheduleFormat.EMHASS: _emhass,
    ScheduleFormat.WATTS: _watts,
}
