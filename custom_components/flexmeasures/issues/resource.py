"""What the user can do something about with an S2 resource manager."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_exception_message
from homeassistant.util import dt as dt_util

from ..const import DOMAIN

if TYPE_CHECKING:
    from ..cem.resource import ManagedResource

# How the ids of the issues begin.
OTHER_DEVICE: Final = "s2_other_device_"
CONTESTED: Final = "s2_contested_"
INSTRUCTIONS_REFUSED: Final = "s2_instructions_refused_"
NOT_PLANNABLE: Final = "s2_not_plannable_"
ALL: Final = (OTHER_DEVICE, CONTESTED, INSTRUCTIONS_REFUSED, NOT_PLANNABLE)

# One refusal may be a coincidence.
_REFUSALS: Final = 3

# A resource manager tells one thing after the other.
_PATIENCE: Final = timedelta(minutes=5)


def not_plannable_at(resource: ManagedResource) -> datetime | None:
    """When what hinders a schedule has lasted long enough to be told; None if nothing does."""
    since = resource.planner.problem_since
    return since + _PATIENCE if since else None


def resource_issues(resource: ManagedResource, docs: str) -> dict[str, dict[str, Any]]:
    """What is wrong now, by id; `docs` is the page that says more."""
    subentry_id = resource.device.subentry.subentry_id
    names = {"device": resource.name}
    issues: dict[str, dict[str, Any]] = {}
    if resource.link.foreign_resource_id is not None:
        issues[f"{OTHER_DEVICE}{subentry_id}"] = {
            "is_fixable": True,
            "severity": ir.IssueSeverity.ERROR,
            "translation_key": "s2_other_device",
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
            "learn_more_url": f"{docs}#s2-devices",
            "severity": ir.IssueSeverity.WARNING,
            "translation_key": "s2_instructions_refused",
            "translation_placeholders": names,
        }
    moment, problem = not_plannable_at(resource), resource.problem
    if problem and moment and moment <= dt_util.utcnow():
        issues[f"{NOT_PLANNABLE}{subentry_id}"] = {
            "is_fixable": False,
            "learn_more_url": f"{docs}#s2-devices",
            "severity": ir.IssueSeverity.WARNING,
            "translation_key": "s2_not_plannable",
            "translation_placeholders": names
            | {
                "reason": async_get_exception_message(
                    DOMAIN, problem.translation_key, problem.placeholders
                )
            },
        }
    return issues
