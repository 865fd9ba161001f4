"""Whether the server computes as many schedules as the devices of an account ask for."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..account import FlexMeasuresConfigEntry
from ..const import CONF_JOINT_SCHEDULING, DOMAIN
from ..coordinator import ScheduleCoordinator
from ..local_format import short_number
from ..scheduling.demand import demand
from .registry import DOCUMENTATION, TOO_MANY_SCHEDULES


class TriggerLimit:
    """Watches how often devices are to be scheduled, and how often the server allows it."""

    def __init__(self, hass: HomeAssistant, entry: FlexMeasuresConfigEntry) -> None:
        """Wait to be started."""
        self._hass = hass
        self._entry = entry

    @callback
    def async_start(self) -> None:
        """Watch until the account is unloaded."""
        self._entry.runtime_data.coordinators.async_for_each(self._follow)
        self.async_report()

    @callback
    def _follow(self, coordinator: ScheduleCoordinator) -> None:
        # Called for all that matters: a switch, the site, and a request that the server
        # has accepted or refused, from which its limit is learned.
        coordinator.lifetime.async_on_unload(
            coordinator.async_add_listener(self.async_report)
        )

    @callback
    def async_report(self) -> None:
        """Publish it if they are too many; take it back if they no longer are."""
        issue_id = f"{TOO_MANY_SCHEDULES}{self._entry.entry_id}"
        account = self._entry.runtime_data
        devices, budget = account.coordinators.values(), account.scheduler.budget
        window = budget.limit.window
        is_joint = self._entry.options.get(CONF_JOINT_SCHEDULING, False)
        wanted = demand(devices, window, is_joint=is_joint)
        if wanted <= budget.automatic:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
            return
        would_help = demand(devices, window, is_joint=True) < wanted
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            data={"entry_id": self._entry.entry_id},
            is_fixable=False,
            learn_more_url=f"{DOCUMENTATION}#more-schedules-than-the-server-computes",
            severity=ir.IssueSeverity.WARNING,
            translation_key="too_many_schedules_of_a_site"
            if would_help
            else "too_many_schedules",
            translation_placeholders={
                "account": self._entry.title,
                "wanted": str(wanted),
                "allowed": str(budget.automatic),
                "minutes": short_number(window.total_seconds() / 60),
            },
        )
