"""What the user can do something about with an S2 resource manager."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..cem.resource import ManagedResource
from ..const import CONF_S2, PROJECT
from ..texts import error_text
from .registry import (
    ATTR_SETTING,
    CONTESTED,
    DOCUMENTATION,
    EXPOSED,
    INSTRUCTIONS_REFUSED,
    NOT_PLANNABLE,
    OTHER_DEVICE,
    TO_BE_SET,
    WRONG_CLOCK,
    Issues,
)

# One refusal may be a coincidence.
_REFUSALS: Final = 3

# A resource manager reports one thing after the other.
_PATIENCE: Final = timedelta(minutes=5)


def not_plannable_at(resource: ManagedResource) -> datetime | None:
    """Return when what hinders a schedule has lasted too long; None if nothing does."""
    since = resource.problem_since
    return since + _PATIENCE if since else None


def _to_be_set(resource: ManagedResource) -> str | None:
    """Return what the user has to set before a device follows plans; None if nothing.

    One thing at a time, once it was connected.
    """
    coordinator, memory = resource.coordinator, resource.memory
    if memory.resource_id is None:
        return None
    if memory.control_type is None:
        # One that is automatic is found by itself.
        return None if resource.is_automatic else "s2_choose_control_type"
    if not resource.is_to_be_controlled:
        return None
    if resource.is_given_energy and (
        coordinator.memory.upcoming is None
        or coordinator.memory.upcoming.target_kwh is None
    ):
        return "s2_set_energy_to_use"
    is_scheduled = (
        coordinator.settings.automatic_scheduling
        or coordinator.data.power is not None
        or resource.is_planned_here
    )
    return None if is_scheduled else "s2_schedule_automatically"


def resource_issues(resource: ManagedResource) -> Issues:
    """Return an issue for each thing that is wrong now."""
    subentry_id = resource.coordinator.subentry.subentry_id
    names = {"device": resource.name}
    issues: Issues = {}
    if resource.link.foreign_resource_id is not None:
        issues[f"{OTHER_DEVICE}{subentry_id}"] = {
            "is_fixable": True,
            "severity": ir.IssueSeverity.ERROR,
            "translation_key": "s2_other_device",
            "translation_placeholders": names,
        }
    if resource.is_token_void:
        issues[f"{EXPOSED}{subentry_id}"] = {
            "data": {ATTR_SETTING: CONF_S2},
            "is_fixable": True,
            "severity": ir.IssueSeverity.ERROR,
            "translation_key": "s2_token_exposed",
            "translation_placeholders": names,
        }
    if resource.link.is_contested:
        issues[f"{CONTESTED}{subentry_id}"] = {
            "is_fixable": True,
            "severity": ir.IssueSeverity.ERROR,
            "translation_key": "s2_contested",
            "translation_placeholders": names,
        }
    if resource.sender.refusals_in_a_row >= _REFUSALS:
        issues[f"{INSTRUCTIONS_REFUSED}{subentry_id}"] = {
            "is_fixable": False,
            "learn_more_url": f"{DOCUMENTATION}#s2-devices",
            "severity": ir.IssueSeverity.WARNING,
            "translation_key": "s2_instructions_refused",
            "translation_placeholders": names,
        }
    if (offset := resource.clock.offset) is not None:
        is_ahead = offset > timedelta(0)
        issues[f"{WRONG_CLOCK}{subentry_id}"] = {
            "is_fixable": False,
            "learn_more_url": f"{DOCUMENTATION}#s2-devices",
            "severity": ir.IssueSeverity.WARNING,
            "translation_key": "s2_clock_ahead" if is_ahead else "s2_clock_behind",
            "translation_placeholders": names
            | {"minutes": str(round(abs(offset) / timedelta(minutes=1)))},
        }
    if key := _to_be_set(resource):
        issues[f"{TO_BE_SET}{subentry_id}"] = {
            "is_fixable": False,
            "learn_more_url": f"{PROJECT}/docs/s2.md#connect-a-device",
            "severity": ir.IssueSeverity.WARNING,
            "translation_key": key,
            "translation_placeholders": names,
        }
    moment, problem = not_plannable_at(resource), resource.problem
    if problem and moment and moment <= dt_util.utcnow():
        issues[f"{NOT_PLANNABLE}{subentry_id}"] = {
            "is_fixable": False,
            "learn_more_url": f"{DOCUMENTATION}#s2-devices",
            "severity": ir.IssueSeverity.WARNING,
            "translation_key": "s2_not_plannable",
            "translation_placeholders": names
            | {"reason": error_text(problem.translation_key, problem.placeholders)},
        }
    return issues
