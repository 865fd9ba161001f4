"""Conditions: what is planned for a device, and whether it can be relied on."""

import abc
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Unpack, cast, override

import voluptuous as vol

from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import (
    ATTR_BEHAVIOR,
    BEHAVIOR_ALL,
    BEHAVIOR_ANY,
    Condition,
    ConditionCheckParams,
    ConditionConfig,
)
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from .coordinator import ScheduleCoordinator
from .device_target import async_followed_devices, async_targeted_subentries
from .plan.grid import local_midnight
from .plan.plan import Plan

CONF_HOURS: Final = "hours"
CONF_PERIOD: Final = "period"
CONF_WITHIN: Final = "within"
# The editor tests a condition before its form has filled in anything.
DEFAULT_HOURS: Final = 3.0

PERIOD_PLAN: Final = "plan"
PERIOD_TODAY: Final = "today"


def _schema(options: dict[Any, Any]) -> vol.Schema:
    return vol.Schema(
        {
            vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
            vol.Required(CONF_OPTIONS, default=dict): {
                vol.Required(ATTR_BEHAVIOR, default=BEHAVIOR_ANY): vol.In(
                    [BEHAVIOR_ANY, BEHAVIOR_ALL]
                ),
                **options,
            },
        }
    )


class _DeviceCondition(Condition):
    """Something that is so of any, or of all, of the devices of which it is known."""

    _schema: ClassVar[vol.Schema] = _schema({})

    @classmethod
    @override
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Validate config."""
        return cast(ConfigType, cls._schema(config))

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Keep what it is about."""
        super().__init__(hass, config)
        assert config.target is not None
        assert config.options is not None
        self._selection = TargetSelection(config.target)
        self._options = config.options

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Check the condition."""
        targeted = async_targeted_subentries(self._hass, self._selection)
        answers = [
            answer
            for coordinator, _ in async_followed_devices(self._hass)
            if coordinator.subentry.subentry_id in targeted
            and (answer := self._is_so(coordinator)) is not None
        ]
        if self._options[ATTR_BEHAVIOR] == BEHAVIOR_ALL:
            return bool(answers) and all(answers)
        return any(answers)

    @abc.abstractmethod
    def _is_so(self, coordinator: ScheduleCoordinator) -> bool | None:
        """Return whether it is so of a device; None if that is not known."""


class _ChargingPlanned(_DeviceCondition):
    """The plan has a device charge now, or within a time."""

    _schema = _schema(
        {vol.Optional(CONF_WITHIN, default=timedelta(0)): cv.positive_time_period}
    )

    @override
    def _is_so(self, coordinator: ScheduleCoordinator) -> bool | None:
        return coordinator.outlook.charges_within(
            dt_util.utcnow(), self._options[CONF_WITHIN]
        )


class _PlanUpToDate(_DeviceCondition):
    """A device has a plan for now that is what it should be."""

    @override
    def _is_so(self, coordinator: ScheduleCoordinator) -> bool | None:
        return not coordinator.is_out_of_date


class _TargetsMet(_DeviceCondition):
    """The last schedule of a device reaches all of its targets."""

    @override
    def _is_so(self, coordinator: ScheduleCoordinator) -> bool | None:
        report = coordinator.memory.targets
        return report.are_met if report else None


class _PriceCheap(_DeviceCondition):
    """The price of now is among the lowest of a period."""

    _schema = _schema(
        {
            vol.Optional(CONF_HOURS, default=DEFAULT_HOURS): vol.All(
                vol.Coerce(float), vol.Range(min=0, min_included=False)
            ),
            vol.Optional(CONF_PERIOD, default=PERIOD_TODAY): vol.In(
                [PERIOD_TODAY, PERIOD_PLAN]
            ),
        }
    )

    @override
    def _is_so(self, coordinator: ScheduleCoordinator) -> bool | None:
        plan, now = coordinator.data, dt_util.utcnow()
        if plan.consumption_price is None:
            return None
        start, end = (
            _rest_of(plan, now)
            if self._options[CONF_PERIOD] == PERIOD_PLAN
            else (local_midnight(now), local_midnight(now, days_later=1))
        )
        return plan.consumption_price.is_among_cheapest(
            now, timedelta(hours=self._options[CONF_HOURS]), start=start, end=end
        )


def _rest_of(plan: Plan, now: datetime) -> tuple[datetime, datetime]:
    """Return what begins with the running slot; nothing if there is no plan."""
    if plan.power is None:
        return now, now
    return plan.power.slot_start(now), plan.power.end


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "charging_is_planned": _ChargingPlanned,
    "plan_is_up_to_date": _PlanUpToDate,
    "target_will_be_met": _TargetsMet,
    "price_is_cheap": _PriceCheap,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
