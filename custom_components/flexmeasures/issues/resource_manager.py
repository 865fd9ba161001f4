"""What the user can do something about with an S2 resource manager."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..cem.resource import ManagedResource
from ..const import CONF_S2
from ..texts import error_text
from .registry import (
    ATTR_SETTING,
    CONTESTED,
    DOCUMENTATION,
    EXPOSED,
    INSTRUCTIONS_REFUSED,
    NOT_PLANNABLE,
    OTHER_DEVICE,
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
