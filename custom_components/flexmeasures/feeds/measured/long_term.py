"""What the hourly statistics have of an entity, as values of slots: they are kept for ever."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from math import ceil
from typing import Final, Literal

from homeassistant.components.recorder.statistics import (
    get_metadata,
    statistics_during_period,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import DATA_INSTANCE, get_instance
from homeassistant.util import dt as dt_util

from ..entities import async_entity_id
from ..settings import MeasuredSource, Method
from .units import statistic_converter

_HOUR: Final = 3600
_ROUNDING: Final = 1e-6

type _Kind = Literal["mean", "change"]

_KINDS: Final[Mapping[Method, _Kind]] = {
    Method.MEAN: "mean",
    Method.DIFFERENCE: "change",
}


async def async_long_term_values(
    hass: HomeAssistant, source: MeasuredSource, boundaries: Sequence[datetime]
) -> tuple[float | None, ...]:
    """Return the values of the slots between boundaries, in the unit of the source.

    A slot that is shorter than its hour gets the hour's mean, or its part of the hour's
    difference. None: not known, as of all sources without statistics.
    """
    kind = _KINDS.get(source.method)
    entity_id = async_entity_id(hass, source.entity)
    moments = [boundary.timestamp() for boundary in boundaries]
    if (
        kind is None
        or entity_id is None
        or source.attribute
        or DATA_INSTANCE not in hass.data
    ):
        return (None,) * (len(moments) - 1)

    def values() -> tuple[float | None, ...]:
        hours = _hours(hass, source, entity_id, kind, (moments[0], moments[-1]))
        return tuple(
            _difference(hours, start, end)
            if kind == "change"
            else _mean(hours, start, end, source.least_share)
            for start, end in pairwise(moments)
        )

    return await get_instance(hass).async_add_executor_job(values)


def _hours(
    hass: HomeAssistant,
    source: MeasuredSource,
    entity_id: str,
    kind: _Kind,
    period: tuple[float, float],
) -> Mapping[int, float]:
    """Return the values of the hours of a period, by when these start."""
    _, metadata = get_metadata(hass, statistic_ids={entity_id}).get(
        entity_id, (None, None)
    )
    if metadata is None:
        return {}
    unit_class, unit = metadata["unit_class"], metadata["unit_of_measurement"]
    convert = statistic_converter(unit_class, unit, source.unit)
    if convert is None:
        return {}
    rows = statistics_during_period(
        hass,
        # The hour before tells whether the first was observed from its beginning on.
        dt_util.utc_from_timestamp(_hour_of(period[0]) - _HOUR),
        dt_util.utc_from_timestamp(period[1]),
        {entity_id},
        "hour",
        # Not in the unit that the entity is shown in.
        {unit_class: unit} if unit_class and unit else None,
        {kind},
    ).get(entity_id, ())
    starts = {int(row["start"]) for row in rows}
    hours: dict[int, float] = {}
    for row in rows:
        start, value = int(row["start"]), row.get(kind)
        # After hours that are not there, only a part of one was observed; and what a
        # counter has gathered in them would all be in it.
        if value is None or start - _HOUR not in starts:
            continue
        if (converted := convert(value)) is not None:
            hours[start] = converted
    return hours


def _hour_of(moment: float) -> int:
    return int(moment // _HOUR) * _HOUR


def _parts(
    hours: Mapping[int, float], start: float, end: float
) -> list[tuple[float, float]]:
    """Return the values of the hours that a slot touches, and how many seconds it has of each."""
    return [
        (hours[hour], min(end, hour + _HOUR) - max(start, hour))
        for hour in range(_hour_of(start), ceil(end), _HOUR)
        if hour in hours
    ]


def _mean(
    hours: Mapping[int, float], start: float, end: float, least_share: float
) -> float | None:
    parts = _parts(hours, start, end)
    known = sum(seconds for _, seconds in parts)
    if not known or known < (end - start) * least_share - _ROUNDING:
        return None
    return sum(value * seconds for value, seconds in parts) / known


def _difference(hours: Mapping[int, float], start: float, end: float) -> float | None:
    parts = _parts(hours, start, end)
    if sum(seconds for _, seconds in parts) < end - start - _ROUNDING:
        return None
    return sum(value * seconds / _HOUR for value, seconds in parts)
