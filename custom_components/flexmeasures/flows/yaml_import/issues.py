"""What is said about the settings in ``configuration.yaml``, as repair issues."""

from collections.abc import Collection, Iterable

from homeassistant.const import CONF_HOST, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ...const import CONF_POWER_SENSOR, CONF_YAML, DOMAIN, PROJECT, SUBENTRY_DEVICE
from ...texts import local_placeholders
from .settings import REQUIRED, YamlProblem

_DOCUMENTATION = f"{PROJECT}/docs/yaml.md"
REMOVED = "yaml_removed_"
"""How the ids of issues about devices that left the YAML begin."""


@callback
def async_report(hass: HomeAssistant, problems: Iterable[YamlProblem]) -> None:
    """Tell what is wrong; forgotten with the next start, which looks anew."""
    for problem in problems:
        is_severe = problem.key in (*REQUIRED, DOMAIN)
        ir.async_create_issue(
            hass,
            DOMAIN,
            _issue_id(problem.number, problem.key),
            is_fixable=False,
            learn_more_url=_DOCUMENTATION,
            severity=ir.IssueSeverity.ERROR if is_severe else ir.IssueSeverity.WARNING,
            translation_key=f"yaml_{problem.error}",
            translation_placeholders=local_placeholders(problem.placeholders),
        )


@callback
def async_withdraw(hass: HomeAssistant, number: int, key: str) -> None:
    """Take back what was told about a key of a mapping."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(number, key))


@callback
def async_report_removed(
    hass: HomeAssistant, devices: Collection[tuple[str, str, int]]
) -> None:
    """Tell which devices came from the YAML and are none of `devices`, which are in it.

    Host, username in lower case and power sensor tell them apart.
    """
    removed = {
        f"{REMOVED}{device.subentry_id}": (entry, device)
        for entry in hass.config_entries.async_entries(DOMAIN)
        for device in entry.get_subentries_of_type(SUBENTRY_DEVICE)
        if CONF_YAML in device.data
        and (
            entry.data[CONF_HOST],
            entry.data[CONF_USERNAME].lower(),
            device.data[CONF_POWER_SENSOR],
        )
        not in devices
    }
    for domain, issue_id in [*ir.async_get(hass).issues]:
        if (
            domain == DOMAIN
            and issue_id.startswith(REMOVED)
            and issue_id not in removed
        ):
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    for issue_id, (entry, device) in removed.items():
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            data={"entry_id": entry.entry_id, "subentry_id": device.subentry_id},
            is_fixable=True,
            learn_more_url=_DOCUMENTATION,
            severity=ir.IssueSeverity.WARNING,
            translation_key="yaml_removed",
            translation_placeholders={
                "device": device.title,
                "power_sensor": str(device.data[CONF_POWER_SENSOR]),
            },
        )


@callback
def async_forget_yaml(hass: HomeAssistant, entry_id: str, subentry_id: str) -> None:
    """Let a device no longer be one that came from the YAML, if there still is one."""
    if (entry := hass.config_entries.async_get_entry(entry_id)) and (
        device := entry.subentries.get(subentry_id)
    ):
        hass.config_entries.async_update_subentry(
            entry,
            device,
            data={key: device.data[key] for key in device.data if key != CONF_YAML},
        )


def _issue_id(number: int, key: str) -> str:
    return f"yaml_{number}_{key}"
