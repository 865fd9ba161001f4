"""What the user can do something about, as repair issues."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import CONF_HOST
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.translation import async_get_exception_message

from ..api.errors import (
    CannotConnectError,
    CertificateError,
    NoEncryptionError,
    NotAuthenticatedError,
    NotFlexMeasuresError,
    RateLimitedError,
    ServerError,
    ServerTooOldError,
    UnknownUserError,
    WrongPasswordError,
)
from ..const import CONF_POWER_SENSOR, DOMAIN
from ..device.entity_references import async_is_gone, named_entities
from ..device.store import Failure
from ..scheduling.errors import NOT_PLANNABLE
from . import resource as s2

if TYPE_CHECKING:
    from ..coordinator import ScheduleCoordinator

# How the ids of the issues begin.
SENSOR_GONE = "sensor_gone_"
ENTITY_GONE = "entity_gone_"
SCHEDULING_FAILED = "scheduling_failed_"
SERVER_TOO_OLD = "server_too_old_"
_OWN = (SENSOR_GONE, ENTITY_GONE, SCHEDULING_FAILED, SERVER_TOO_OLD, *s2.ALL)

_DOCUMENTATION = (
    "https://github.com/FlexMeasures/flexmeasures-for-home-assistant"
    "/blob/main/docs/troubleshooting.md"
)

# One failure may be a coincidence.
_ATTEMPTS = 3

# These end by themselves, or are told in another way already.
_NOT_FOR_REPAIRS = NOT_PLANNABLE | {
    error.translation_key
    for error in (
        CannotConnectError,
        CertificateError,
        NoEncryptionError,
        NotAuthenticatedError,
        NotFlexMeasuresError,
        RateLimitedError,
        ServerError,
        UnknownUserError,
        WrongPasswordError,
    )
}

type _Issues = dict[str, dict[str, Any]]
"""By id, what `async_create_issue` takes."""


@callback
def async_report(hass: HomeAssistant, device: ScheduleCoordinator) -> None:
    """Tell what is wrong with a device, and take back what is solved."""
    kinds = [SENSOR_GONE, SCHEDULING_FAILED]
    wanted = {**_gone_sensors(device), **_failed_scheduling(device)}
    # While Home Assistant starts or stops, entities come and go.
    if hass.state is CoreState.running:
        kinds.append(ENTITY_GONE)
        wanted |= _gone_entities(hass, device)
    _tell(hass, device, tuple(kinds), wanted)
    async_report_resource(hass, device)


@callback
def async_report_resource(hass: HomeAssistant, device: ScheduleCoordinator) -> None:
    """Do so for what is wrong with its S2 resource manager, if it has one."""
    resources = device.config_entry.runtime_data.resources
    resource = resources.get(device.subentry.subentry_id)
    wanted = s2.resource_issues(resource, _DOCUMENTATION) if resource else {}
    _tell(hass, device, s2.ALL, wanted)


def _tell(
    hass: HomeAssistant,
    device: ScheduleCoordinator,
    kinds: tuple[str, ...],
    wanted: _Issues,
) -> None:
    """Have no other issues of some kinds about a device than these."""
    subentry_id = device.subentry.subentry_id
    for issue_id, data in _told(hass, kinds):
        if data.get("subentry_id") == subentry_id and issue_id not in wanted:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    for issue_id, details in wanted.items():
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            data={
                "entry_id": device.config_entry.entry_id,
                "subentry_id": subentry_id,
            },
            **details,
        )


@callback
def async_report_server_too_old(
    hass: HomeAssistant, entry: ConfigEntry, err: ServerTooOldError
) -> None:
    """Tell that the server has to be updated."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{SERVER_TOO_OLD}{entry.entry_id}",
        data={"entry_id": entry.entry_id},
        is_fixable=False,
        learn_more_url=f"{_DOCUMENTATION}#the-server-is-too-old",
        severity=ir.IssueSeverity.ERROR,
        translation_key="server_too_old",
        translation_placeholders={"host": entry.data[CONF_HOST], **err.placeholders},
    )


@callback
def async_withdraw_server_too_old(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take it back: the server is new enough."""
    ir.async_delete_issue(hass, DOMAIN, f"{SERVER_TOO_OLD}{entry.entry_id}")


@callback
def async_forget_removed(hass: HomeAssistant) -> None:
    """Take back what is about accounts and devices that are removed or disabled."""

    @callback
    def forget(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        is_gone = change is ConfigEntryChange.REMOVED or entry.disabled_by is not None
        for issue_id, data in _told(hass, _OWN):
            subentry_id = data.get("subentry_id")
            is_of_device = subentry_id is not None
            if data["entry_id"] == entry.entry_id and (
                is_gone or (is_of_device and subentry_id not in entry.subentries)
            ):
                ir.async_delete_issue(hass, DOMAIN, issue_id)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, forget)


def failure_reason(failure: Failure) -> str:
    """Why scheduling failed; in English, as the server's own words are."""
    return async_get_exception_message(DOMAIN, failure.key, dict(failure.placeholders))


def _told(
    hass: HomeAssistant, kinds: tuple[str, ...]
) -> list[tuple[str, Mapping[str, Any]]]:
    """The ids and the data of issues of some kinds."""
    return [
        (issue.issue_id, issue.data)
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        # One of before the restart has no data until it is told again.
        if domain == DOMAIN and issue_id.startswith(kinds) and issue.data
    ]


def _gone_sensors(device: ScheduleCoordinator) -> _Issues:
    return {
        f"{SENSOR_GONE}{device.subentry.subentry_id}_{key}": {
            "is_fixable": True,
            "severity": ir.IssueSeverity.ERROR
            if key == CONF_POWER_SENSOR
            else ir.IssueSeverity.WARNING,
            "translation_key": f"{key}_gone",
            "translation_placeholders": {
                "device": device.subentry.title,
                "sensor": str(sensor_id),
            },
        }
        for key, sensor_id in device.missing_sensors.items()
    }


def _gone_entities(hass: HomeAssistant, device: ScheduleCoordinator) -> _Issues:
    return {
        f"{ENTITY_GONE}{device.subentry.subentry_id}_{entity_id}": {
            "is_fixable": True,
            "severity": ir.IssueSeverity.WARNING,
            "translation_key": "entity_gone",
            "translation_placeholders": {
                "device": device.subentry.title,
                "entity": entity_id,
            },
        }
        for entity_id in named_entities(device.subentry.data)
        if async_is_gone(hass, entity_id)
    }


def _failed_scheduling(device: ScheduleCoordinator) -> _Issues:
    failure = device.memory.failure
    if (
        failure is None
        or failure.in_a_row < _ATTEMPTS
        or failure.key in _NOT_FOR_REPAIRS
        # Says it better.
        or CONF_POWER_SENSOR in device.missing_sensors
    ):
        return {}
    return {
        f"{SCHEDULING_FAILED}{device.subentry.subentry_id}": {
            "is_fixable": True,
            "severity": ir.IssueSeverity.ERROR,
            "translation_key": "scheduling_failed",
            "translation_placeholders": {
                "device": device.subentry.title,
                "times": str(failure.in_a_row),
                "reason": failure_reason(failure),
            },
        }
    }
