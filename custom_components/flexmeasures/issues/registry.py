"""The issues of this integration in Home Assistant's registry of issues."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..const import DOMAIN, PROJECT
from ..coordinator import ScheduleCoordinator
from ..feeds.feed import Feed
from ..meters.coordinator import MeterCoordinator

# How the ids of the issues begin.
SENSOR_GONE: Final = "sensor_gone_"
ENTITY_GONE: Final = "entity_gone_"
LEVEL_SILENT: Final = "level_silent_"
NOT_FOLLOWED: Final = "not_followed_"
TOO_NARROW: Final = "too_narrow_"
SCHEDULING_FAILED: Final = "scheduling_failed_"
NOT_READY: Final = "not_ready_"
SERVER_TOO_OLD: Final = "server_too_old_"
METER_FAILED: Final = "meter_failed_"
FEED_FAILED: Final = "feed_failed_"
FEED_LOST: Final = "feed_lost_"
TOO_MANY_SCHEDULES: Final = "too_many_schedules_"
OTHER_DEVICE: Final = "s2_other_device_"
EXPOSED: Final = "s2_token_exposed_"
CONTESTED: Final = "s2_contested_"
INSTRUCTIONS_REFUSED: Final = "s2_instructions_refused_"
NOT_PLANNABLE: Final = "s2_not_plannable_"
WRONG_CLOCK: Final = "s2_wrong_clock_"
TO_BE_SET: Final = "s2_to_be_set_"
OF_RESOURCES: Final = (
    OTHER_DEVICE,
    EXPOSED,
    CONTESTED,
    INSTRUCTIONS_REFUSED,
    NOT_PLANNABLE,
    WRONG_CLOCK,
    TO_BE_SET,
)
_ALL: Final = (
    SENSOR_GONE,
    ENTITY_GONE,
    LEVEL_SILENT,
    NOT_FOLLOWED,
    TOO_NARROW,
    SCHEDULING_FAILED,
    NOT_READY,
    METER_FAILED,
    FEED_FAILED,
    FEED_LOST,
    SERVER_TOO_OLD,
    TOO_MANY_SCHEDULES,
    *OF_RESOURCES,
)

DOCUMENTATION: Final = f"{PROJECT}/docs/troubleshooting.md"

ATTR_SETTING: Final = "setting"
"""In the data of an issue, and what its fix starts a flow with: the setting to change."""

type Issues = dict[str, dict[str, Any]]
"""By id, what `async_create_issue` takes; its data without the device."""


@callback
def async_publish(
    hass: HomeAssistant,
    coordinator: ScheduleCoordinator | MeterCoordinator | Feed,
    kinds: tuple[str, ...],
    issues: Issues,
) -> None:
    """Have no other issues of some kinds about a device, a feed or a meter than these."""
    subentry_id = coordinator.subentry.subentry_id
    for issue_id, data in _published(hass, kinds):
        if data.get("subentry_id") == subentry_id and issue_id not in issues:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    of_part = {
        "entry_id": coordinator.config_entry.entry_id,
        "subentry_id": subentry_id,
    }
    for issue_id, details in issues.items():
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            **{**details, "data": {**of_part, **details.get("data", {})}},
        )


@callback
def async_forget_removed(hass: HomeAssistant) -> None:
    """Take back what is about accounts and devices that are removed or disabled."""

    @callback
    def forget(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        is_gone = change is ConfigEntryChange.REMOVED or entry.disabled_by is not None
        for issue_id, data in _published(hass, _ALL):
            subentry_id = data.get("subentry_id")
            is_of_device = subentry_id is not None
            if data["entry_id"] == entry.entry_id and (
                is_gone or (is_of_device and subentry_id not in entry.subentries)
            ):
                ir.async_delete_issue(hass, DOMAIN, issue_id)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, forget)


def _published(
    hass: HomeAssistant, kinds: tuple[str, ...]
) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the ids and the data of issues of some kinds."""
    return [
        (issue.issue_id, issue.data)
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        # One of before the restart has no data until it is published again.
        if domain == DOMAIN and issue_id.startswith(kinds) and issue.data
    ]
