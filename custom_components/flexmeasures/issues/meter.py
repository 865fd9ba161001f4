"""What the user can do something about with a meter."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..meters.coordinator import MeterCoordinator
from ..texts import error_text
from .registry import METER_FAILED, Issues, async_publish


class MeterIssues:
    """Watches one meter."""

    def __init__(self, hass: HomeAssistant, meter: MeterCoordinator) -> None:
        """Wait to be started."""
        self._hass = hass
        self._meter = meter

    @callback
    def async_start(self) -> None:
        """Watch until the meter is unloaded."""
        self._meter.lifetime.async_on_unload(
            self._meter.async_add_listener(self._report)
        )

    @callback
    def async_withdraw(self) -> None:
        """Take it back: the meter is not loaded any more, and not to be mended."""
        async_publish(self._hass, self._meter, (METER_FAILED,), {})

    @callback
    def _report(self) -> None:
        """Publish what is wrong now, or take it back."""
        meter = self._meter
        failure = meter.failure
        issues: Issues = {}
        if failure is not None and not failure.passes:
            issues[f"{METER_FAILED}{meter.subentry.subentry_id}"] = {
                "is_fixable": True,
                "severity": ir.IssueSeverity.ERROR,
                "translation_key": "meter_failed",
                "translation_placeholders": {
                    "meter": meter.subentry.title,
                    "reason": error_text(failure.translation_key, failure.placeholders),
                },
            }
        async_publish(self._hass, meter, (METER_FAILED,), issues)
