"""What helps to find out why something does not work; nothing secret."""

from collections.abc import Collection, Iterable
from dataclasses import asdict
from operator import itemgetter
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.loader import async_get_integration
from homeassistant.util import dt as dt_util

from .account import Account, FlexMeasuresConfigEntry
from .api.transport import CLIENT_VERSION
from .cem.resource import ManagedResource
from .const import (
    CONF_S2,
    CONF_S2_TOKEN_HASH,
    DOMAIN,
    SUBENTRY_DEVICE,
    SUBENTRY_FEED,
    SUBENTRY_METER,
)
from .coordinator import ScheduleCoordinator
from .device.entity_references import named_entities
from .plan.series import Series
from .scheduling.queue import ScheduleQueue

_SECRET = (CONF_USERNAME, CONF_PASSWORD, CONF_S2_TOKEN_HASH, "resource_id")
_MOST_ERRORS = 20


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> dict[str, Any]:
    """Return what is known of an account and all its devices, feeds and meters."""
    return await _diagnostics(hass, entry, entry.subentries.values())


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry, device_entry: DeviceEntry
) -> dict[str, Any]:
    """Return what is known of an account and one of its devices, feeds or meters."""
    assert device_entry.config_subentry_id
    subentry = entry.subentries[device_entry.config_subentry_id]
    return await _diagnostics(hass, entry, [subentry])


async def _diagnostics(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    subentries: Collection[ConfigSubentry],
) -> dict[str, Any]:
    devices, feeds, meters = (
        [each for each in subentries if each.subentry_type == kind]
        for kind in (SUBENTRY_DEVICE, SUBENTRY_FEED, SUBENTRY_METER)
    )
    integration = await async_get_integration(hass, DOMAIN)
    # Also there if set-up failed, which is when someone looks here.
    account: Account | None = getattr(entry, "runtime_data", None)
    diagnostics = {
        "versions": {
            "integration": integration.version,
            "server": account.server_version if account else None,
            "flexmeasures_client": CLIENT_VERSION,
        },
        # Its title and unique id may hold the user's name.
        "account": {
            "settings": dict(entry.data),
            "options": dict(entry.options),
            "state": entry.state.value,
            "error": entry.error_reason_translation_key,
        },
        "devices": [_device(hass, device, account) for device in devices],
        "feeds": [_feed(feed, account) for feed in feeds],
        "meters": [_meter(meter, account) for meter in meters],
        "recent_errors": _recent_errors(devices, account) if account else [],
    }
    return async_redact_data(diagnostics, _SECRET)


def _recent_errors(
    devices: Iterable[ConfigSubentry], account: Account
) -> list[dict[str, Any]]:
    """Return the last different errors of devices, the newest last."""
    errors = [
        {"device": device.title, **asdict(error)}
        for device in devices
        if (coordinator := account.coordinators.get(device.subentry_id))
        for error in coordinator.recent_errors
    ]
    return sorted(errors, key=itemgetter("last"))[-_MOST_ERRORS:]


@callback
def _device(
    hass: HomeAssistant, device: ConfigSubentry, account: Account | None
) -> dict[str, Any]:
    facts = {
        "title": device.title,
        # What the user's own actions are told may be secret.
        "settings": async_redact_data(device.data, (CONF_S2, "actions")),
        "entities": {
            entity_id: _entity(hass.states.get(entity_id))
            for entity_id in named_entities(device.data)
        },
    }
    if account and (coordinator := account.coordinators.get(device.subentry_id)):
        facts |= _schedule(coordinator, account.queue)
    if account and (resource := account.resources.get(device.subentry_id)):
        facts["resource_manager"] = _resource_manager(resource)
    if account and (results := account.results.get(device.subentry_id)):
        facts["results"] = results.memory.as_json()
    if account and (follower := account.followers.get(device.subentry_id)):
        problem = follower.problem
        facts["follower"] = {
            "state": follower.state,
            "problem": problem and problem.key,
            **follower.memory.as_json(),
        }
    return facts


@callback
def _meter(meter: ConfigSubentry, account: Account | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"title": meter.title, "settings": dict(meter.data)}
    if account and (coordinator := account.meters.get(meter.subentry_id)):
        memory = coordinator.memory.as_json()
        # What was used on each day.
        del memory["book"]
        facts |= {
            "memory": memory,
            "progress": coordinator.progress,
            "completeness": coordinator.data.bill.completeness,
            "reading": {
                "succeeded": coordinator.last_update_success,
                "error": coordinator.last_exception and str(coordinator.last_exception),
            },
        }
    return facts


@callback
def _feed(subentry: ConfigSubentry, account: Account | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"title": subentry.title, "settings": dict(subentry.data)}
    if account and (feed := account.feeds.get(subentry.subentry_id)):
        now = dt_util.utcnow()
        facts |= {
            "memory": feed.memory.as_json(),
            "is_recorded": feed.is_recorded,
            "due": feed.due,
            "backlog": feed.backlog(now),
            "completeness": feed.completeness(now),
            "trouble": feed.trouble,
            "message": feed.trouble_message,
            "since": feed.failed_at,
        }
    return facts


def _entity(state: State | None) -> dict[str, Any] | None:
    if state is None:
        return None
    return {
        "state": state.state,
        "unit": state.attributes.get(ATTR_UNIT_OF_MEASUREMENT),
        "last_reported": state.last_reported,
    }


def _schedule(coordinator: ScheduleCoordinator, queue: ScheduleQueue) -> dict[str, Any]:
    """Return how scheduling goes."""
    memory = coordinator.memory.as_json()
    # Nothing but a digest.
    del memory["settings"]
    plan = coordinator.data
    waiting = queue.async_waiting(coordinator)
    return {
        "plan": {
            "power": _coverage(plan.power),
            "state_of_charge": _coverage(plan.soc),
            "has_consumption_price": plan.consumption_price is not None,
            "has_production_price": plan.production_price is not None,
            "covers_now": coordinator.covers_now,
        },
        "memory": memory,
        "setpoint": coordinator.setpoint,
        "reading": {
            "last": coordinator.read_at,
            "interval": coordinator.update_interval
            and coordinator.update_interval.total_seconds(),
            "succeeded": coordinator.last_update_success,
            "missing_sensors": coordinator.missing_sensors,
        },
        "state_of_charge_problem": coordinator.soc_problem
        and str(coordinator.soc_problem),
        "waiting": {"for": waiting[0].name.lower(), "until": waiting[1]}
        if waiting
        else None,
    }


def _resource_manager(resource: ManagedResource) -> dict[str, Any]:
    """Return how it goes with the S2 resource manager of a device, but not which one it is."""
    now = dt_util.utcnow()
    details, memory, sender = resource.details, resource.memory, resource.sender
    upcoming = sender.next(now)
    return {
        "connected": resource.is_connected,
        "details": details
        and {
            "manufacturer": details.manufacturer,
            "model": details.model,
            "firmware_version": details.firmware_version,
            "control_types": sorted(details.control_types),
            "measured_quantities": sorted(details.measured_quantities),
            "instruction_processing_delay": (
                details.instruction_processing_delay.total_seconds()
            ),
            "provides_forecast": details.provides_forecast,
            "currency": details.currency,
        },
        "protocol_version": resource.protocol_version,
        "control_type": {
            "in_force": resource.control_type,
            "chosen": memory.control_type,
            "is_automatic": memory.is_automatic,
            "is_emergency": memory.is_emergency,
            "handed_back": resource.choice.is_handed_back,
        },
        "is_bound": memory.resource_id is not None,
        "other_device": resource.link.foreign_resource_id is not None,
        "contested": resource.link.is_contested,
        "consumed_kwh": memory.consumed_kwh,
        "problem": resource.problem and resource.problem.translation_key,
        "problem_since": resource.problem_since,
        "instructions": {
            "current": [
                {
                    "type": sent.instruction.message_type,
                    "time": sent.instruction.execution_time,
                    "status": sent.progress,
                }
                for sent in sender.current(now)
            ],
            "next": upcoming
            and {
                "type": upcoming.message_type,
                "time": upcoming.execution_time,
                "status": None,
            },
            "refusals_in_a_row": sender.refusals_in_a_row,
        },
        "traffic": resource.traffic.as_dict(),
    }


def _coverage(series: Series | None) -> dict[str, Any] | None:
    """Return the time that is covered, without the values."""
    if series is None:
        return None
    return {
        "start": series.start,
        "end": series.end,
        "resolution": series.resolution.total_seconds(),
        "slots": len(series.values),
        "gaps": series.values.count(None),
    }
