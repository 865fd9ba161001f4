"""Triggers: what a plan means, and what becomes of it, in the words of automations."""

import abc
from collections.abc import Callable
from typing import Any, ClassVar, Final, cast, override

import voluptuous as vol

from homeassistant.const import (
    ATTR_DEVICE_ID,
    ATTR_ENTITY_ID,
    CONF_OPTIONS,
    CONF_TARGET,
    Platform,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.trigger import (
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import ScheduleCoordinator
from .device.scheduling_event import SchedulingEvent, SchedulingEventType
from .device_target import async_targeted_subentries
from .device_watch import (
    Change,
    DeviceState,
    DeviceWatch,
    Happening,
    Refused,
    Scheduled,
)
from .texts import error_text

CONF_PRICE: Final = "price"

_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
        vol.Required(CONF_OPTIONS, default=dict): {},
    }
)
_PRICE_SCHEMA: Final = _SCHEMA.extend(
    {vol.Required(CONF_OPTIONS): {vol.Required(CONF_PRICE): vol.Coerce(float)}}
)


class _DeviceTrigger(Trigger):
    """Something that happens to a device."""

    _schema: ClassVar[vol.Schema] = _SCHEMA
    _words: ClassVar[str]
    """What traces and the logbook say after the device's name."""

    @override
    @classmethod
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Validate config."""
        return cast(ConfigType, cls._schema(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Keep what it is about."""
        super().__init__(hass, config)
        assert config.target is not None
        self._selection = TargetSelection(config.target)
        self._options = config.options or {}

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Watch the devices."""

        @callback
        def handle(happening: Happening) -> None:
            variables = self._variables(happening)
            if variables is None:
                return
            coordinator = happening.coordinator
            subentry = coordinator.subentry
            # Looked up each time: areas and labels change, and it happens rarely.
            if subentry.subentry_id not in async_targeted_subentries(
                self._hass, self._selection
            ):
                return
            run_action(
                {**_about(self._hass, coordinator), **variables},
                f"{subentry.title} {self._words}",
            )

        watch = DeviceWatch(self._hass, handle)
        watch.async_start()
        return watch.async_stop

    @abc.abstractmethod
    def _variables(self, happening: Happening) -> dict[str, Any] | None:
        """Return what to tell of it; None if it is nothing to trigger on."""


@callback
def _about(hass: HomeAssistant, coordinator: ScheduleCoordinator) -> dict[str, Any]:
    """Return the variables that all triggers have."""
    subentry_id = coordinator.subentry.subentry_id
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, subentry_id), coordinator.config_entry.entry_id
    )
    return {
        ATTR_DEVICE_ID: device.id if device else None,
        ATTR_ENTITY_ID: er.async_get(hass).async_get_entity_id(
            Platform.SENSOR, DOMAIN, f"{subentry_id}_setpoint"
        ),
        "name": coordinator.subentry.title,
        "setpoint": coordinator.setpoint,
    }


def _on_change(
    words: str, happened: Callable[[DeviceState, DeviceState], bool]
) -> type[Trigger]:
    """Make a trigger for something that is another than before."""

    class ChangeTrigger(_DeviceTrigger):
        """Something is another than before."""

        _words = words

        @override
        def _variables(self, happening: Happening) -> dict[str, Any] | None:
            match happening:
                case Change(before=before, after=after) if happened(before, after):
                    return {"previous_setpoint": before.setpoint}
            return None

    return ChangeTrigger


def _on_price(
    words: str, happened: Callable[[float, float, float], bool]
) -> type[Trigger]:
    """Make a trigger for a price that passes a limit: `happened(before, limit, after)`."""

    class PriceTrigger(_DeviceTrigger):
        """The price of what is consumed passes a limit."""

        _schema = _PRICE_SCHEMA
        _words = words

        @override
        def _variables(self, happening: Happening) -> dict[str, Any] | None:
            match happening:
                case Change(
                    before=DeviceState(price=float(before)),
                    after=DeviceState(price=float(after)),
                ) if happened(before, self._options[CONF_PRICE], after):
                    return {
                        "price": after,
                        "previous_price": before,
                        "currency": happening.coordinator.data.currency,
                    }
            return None

    return PriceTrigger


def _on_scheduled(
    words: str,
    kind: SchedulingEventType,
    tell: Callable[[ScheduleCoordinator, SchedulingEvent], dict[str, Any]],
) -> type[Trigger]:
    """Make a trigger for what scheduling comes to."""

    class ScheduledTrigger(_DeviceTrigger):
        """Scheduling has come to something."""

        _words = words

        @override
        def _variables(self, happening: Happening) -> dict[str, Any] | None:
            match happening:
                case Scheduled(
                    coordinator=coordinator, event=SchedulingEvent(type=type_) as event
                ) if type_ is kind:
                    return tell(coordinator, event)
            return None

    return ScheduledTrigger


class _RefusedTrigger(_DeviceTrigger):
    """An S2 device does not do what it was told."""

    _words = "refuses an instruction"

    @override
    def _variables(self, happening: Happening) -> dict[str, Any] | None:
        match happening:
            case Refused(instruction=instruction):
                return {"instruction": instruction}
        return None


def _charges(state: DeviceState) -> bool:
    return state.setpoint is not None and state.setpoint > 0


def _discharges(state: DeviceState) -> bool:
    return state.setpoint is not None and state.setpoint < 0


def _plan(coordinator: ScheduleCoordinator, event: SchedulingEvent) -> dict[str, Any]:
    schedule = coordinator.data.power
    return {"planned_until": dt_util.as_local(schedule.end) if schedule else None}


def _failure(
    coordinator: ScheduleCoordinator, event: SchedulingEvent
) -> dict[str, Any]:
    failure = coordinator.memory.failure
    return {
        **event.details,
        "message": error_text(failure.key, failure.placeholders) if failure else None,
    }


def _missed(coordinator: ScheduleCoordinator, event: SchedulingEvent) -> dict[str, Any]:
    return {"unresolved": event.details["unresolved"]}


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "setpoint_changed": _on_change(
        "has another setpoint",
        lambda before, after: before.setpoint != after.setpoint,
    ),
    "should_start_charging": _on_change(
        "should start charging",
        lambda before, after: _charges(after) and not _charges(before),
    ),
    "should_stop_charging": _on_change(
        "should stop charging",
        lambda before, after: _charges(before) and not _charges(after),
    ),
    "should_start_discharging": _on_change(
        "should start discharging",
        lambda before, after: _discharges(after) and not _discharges(before),
    ),
    "should_stop_discharging": _on_change(
        "should stop discharging",
        lambda before, after: _discharges(before) and not _discharges(after),
    ),
    "no_plan": _on_change(
        "has no plan any more",
        lambda before, after: before.has_plan and not after.has_plan,
    ),
    "override_ended": _on_change(
        "is overridden no more",
        lambda before, after: before.is_overridden and not after.is_overridden,
    ),
    "plan_updated": _on_scheduled(
        "has another plan", SchedulingEventType.UPDATED, _plan
    ),
    "scheduling_failed": _on_scheduled(
        "could not be scheduled", SchedulingEventType.FAILED, _failure
    ),
    "target_will_be_missed": _on_scheduled(
        "will miss a target", SchedulingEventType.TARGETS_UNMET, _missed
    ),
    "price_fell_below": _on_price(
        "has a price that fell",
        lambda before, limit, after: after < limit <= before,
    ),
    "price_rose_above": _on_price(
        "has a price that rose",
        lambda before, limit, after: before <= limit < after,
    ),
    "s2_connected": _on_change(
        "is connected",
        lambda before, after: after.is_connected and not before.is_connected,
    ),
    "s2_refused": _RefusedTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
