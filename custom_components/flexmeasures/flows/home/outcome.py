"""What came of making a home, in words: its first plan, or why there is none yet."""

from collections.abc import Iterator

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from ...account import FlexMeasuresConfigEntry
from ...const import DOMAIN, PROJECT
from ...coordinator import ScheduleCoordinator
from ...texts import Texts, error_text
from .first_plan import plan_in_words
from .making.setting_up import SetUp

_FOLLOWING = f"{PROJECT}/docs/following.md"
_INTEGRATION = f"/config/integrations/integration/{DOMAIN}"


def outcome_in_words(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    texts: Texts,
    set_up: SetUp,
    kind: str,
) -> tuple[str, dict[str, str]]:
    """Return the reason that a flow ends with, and its placeholders.

    `kind` is what owners call such a device, as a key of texts.
    """
    coordinator = entry.runtime_data.coordinators.get(set_up.subentry_id)
    if coordinator is None:
        # It was removed meanwhile.
        return "account_not_loaded", {}
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, set_up.subentry_id), entry.entry_id
    )
    placeholders = {
        "device": coordinator.subentry.title,
        "page": f"/config/devices/device/{device.id}" if device else _INTEGRATION,
    }
    placeholders["missing"] = "\n".join(
        f"- {texts(key, integration=_INTEGRATION, **placeholders)}"
        for key in _missing(coordinator, has_plan=set_up.failure is None)
    )
    if not set_up.is_planned:
        return "waits_for_device", placeholders
    if set_up.follows_server:
        plan = plan_in_words(texts, coordinator, kind) or texts("plan_none_yet")
        return "follows_server", {**placeholders, "plan": plan}
    if set_up.failure is None:
        return "first_plan", {
            **placeholders,
            "plan": plan_in_words(texts, coordinator, kind),
            "following": _FOLLOWING,
        }
    reason = error_text(set_up.failure.translation_key, set_up.failure.placeholders)
    return "no_plan_yet", {**placeholders, "reason": reason}


def _missing(coordinator: ScheduleCoordinator, *, has_plan: bool) -> Iterator[str]:
    """Give what would make plans better, as keys of texts."""
    settings = coordinator.settings
    if coordinator.may_have_level and settings.soc_entity is None:
        yield "level_of_server" if has_plan else "missing_level"
