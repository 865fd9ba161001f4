"""Which account a call of an action is about, and how it is answered."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from homeassistant.core import ServiceCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util

from ..account import FlexMeasuresConfigEntry
from ..api.durations import iso_duration
from ..api.models import Sensor
from ..const import DOMAIN
from ..flows.wording import length
from ..plan.grid import floor_to_grid, whole_slots
from ..plan.horizon import longest_plan
from ..plan.series import Series
from .fields import ATTR_CONFIG_ENTRY_ID, ATTR_RESOLUTION, ATTR_START, ATTR_UNIT

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

# Of a value, from the first that is not 0: more than any meter has, fewer than are noise.
_DIGITS: Final = 12


def account_of(call: ServiceCall) -> FlexMeasuresConfigEntry:
    """Return the account that was named, or the only one."""
    entry_id = call.data.get(ATTR_CONFIG_ENTRY_ID)
    accounts = call.hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    if entry_id is None and len(accounts) > 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="several_accounts",
            translation_placeholders={
                "field": ATTR_CONFIG_ENTRY_ID,
                "accounts": ", ".join(
                    f"{account.entry_id} ({account.title})" for account in accounts
                ),
            },
        )
    return async_get_config_entry(call.hass, DOMAIN, entry_id)


@contextmanager
def about_sensor(sensor_id: int) -> Iterator[None]:
    """Say which of several sensors an error is about."""
    try:
        yield
    except HomeAssistantError as err:
        kind = (
            ServiceValidationError
            if isinstance(err, ServiceValidationError)
            else HomeAssistantError
        )
        raise kind(
            translation_domain=DOMAIN,
            translation_key="error_of_sensor",
            translation_placeholders={"sensor": str(sensor_id), "reason": str(err)},
        ) from err


def check_plannable(duration: timedelta, sensor: Sensor, *, field: str) -> None:
    """Raise ServiceValidationError for more than the server can plan, or forecast."""
    longest = longest_plan(sensor.slot_length)
    if duration > longest:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="duration_too_long",
            translation_placeholders={
                "field": field,
                "duration": length(duration),
                "longest": length(longest),
            },
        )


def answered_slots(
    start: datetime | None,
    duration: timedelta,
    resolution: timedelta,
    *,
    own: timedelta,
    time_zone: tzinfo,
) -> tuple[datetime, timedelta]:
    """Return the slots to answer with: where the first starts, and how long all are.

    Those that the period touches, on the grid of the day. Slots that fill no day or
    lie across full hours, or that do not go with a sensor's `own`, have no grid there:
    as many as fit into the period, from its start on. Without a start, from the
    running slot on.
    """
    has_grid = all(_goes_with(resolution, other) for other in (own, _HOUR, _DAY))
    grid = resolution if has_grid else own
    start = start or floor_to_grid(dt_util.utcnow(), grid, time_zone)
    first, length = whole_slots(start, duration, grid, time_zone)
    return first, max(length // resolution, 1) * resolution


def _goes_with(resolution: timedelta, other: timedelta) -> bool:
    """Return whether one is a whole number of the other."""
    return not (resolution % other and other % resolution)


def response(series: Iterable[Series], key: str, unit: str | None) -> dict[str, Any]:
    """Return the intervals that have a value, as a response.

    Several series follow each other, with the same resolution.
    """
    parts = list(series)
    known = [
        {**slot, "value": _without_noise(slot["value"])}
        for part in parts
        for slot in part.as_dicts(dt_util.get_default_time_zone())
        if slot["value"] is not None
    ]
    return {
        ATTR_UNIT: unit,
        ATTR_START: known[0]["start"] if known else None,
        "end": known[-1]["end"] if known else None,
        ATTR_RESOLUTION: iso_duration(parts[0].resolution) if known else None,
        key: known,
    }


def _without_noise(value: float) -> float:
    """Return a value without the digits that computing in floating point adds.

    As in 4786.5560000000005, of which a server makes W out of kW, or -0.0.
    """
    return float(f"{value:.{_DIGITS}g}") + 0.0
