"""What a call of an action is about, and how it is answered."""

from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError
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


def device_of(call: ServiceCall) -> tuple[FlexMeasuresConfigEntry, ConfigSubentry]:
    """Return the device that was named, with its account."""
    entry: FlexMeasuresConfigEntry
    device_entry, entry = async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID]
    )
    assert device_entry.config_subentry_id
    return entry, entry.subentries[device_entry.config_subentry_id]


def response(series: Series | None, key: str, unit: str) -> dict[str, Any]:
    """Return the intervals that have a value, as a response."""
    known = [
        slot
        for slot in (series.as_dicts(dt_util.get_default_time_zone()) if series else ())
        if slot["value"] is not None
    ]
    return {
        ATTR_UNIT: unit,
        ATTR_START: known[0]["start"] if known else None,
        "end": known[-1]["end"] if known else None,
        ATTR_RESOLUTION: iso_duration(series.resolution) if known and series else None,
        key: known,
    }
