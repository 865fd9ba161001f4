"""What a call of an action is about, and how it is answered."""

from collections.abc import Iterable
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall
from homeassistant.helpers.service import (
    async_get_config_entry,
    async_get_device_and_config_entry,
)
from homeassistant.util import dt as dt_util

from ..account import FlexMeasuresConfigEntry
from ..api.durations import iso_duration
from ..const import DOMAIN
from ..plan.series import Series
from .schemas import ATTR_CONFIG_ENTRY_ID, ATTR_RESOLUTION, ATTR_START, ATTR_UNIT


def account_of(call: ServiceCall) -> FlexMeasuresConfigEntry:
    """Return the account that was named, or the only one."""
    return async_get_config_entry(
        call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
    )


def device_of(call: ServiceCall) -> tuple[FlexMeasuresConfigEntry, ConfigSubentry]:
    """Return the device that was named, with its account."""
    entry: FlexMeasuresConfigEntry
    device_entry, entry = async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID]
    )
    assert device_entry.config_subentry_id
    return entry, entry.subentries[device_entry.config_subentry_id]


def response(series: Iterable[Series], key: str, unit: str) -> dict[str, Any]:
    """Return the intervals that have a value, as a response.

    Several series follow each other, with the same resolution.
    """
    parts = list(series)
    known = [
        slot
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
