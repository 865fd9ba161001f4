"""The state of charge that a Home Assistant entity measures."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.const import PERCENTAGE, STATE_UNAVAILABLE
from homeassistant.core import State
from homeassistant.util import dt as dt_util

from ..api.errors import FlexMeasuresError
from ..api.numbers import number_in
from ..coordinator import ScheduleCoordinator
from ..device.entity_references import async_entity_name
from ..device.level_entity import level_text, level_unit
from ..device.settings import DeviceSettings
from ..plan.energy_units import in_kwh, is_temperature, readable


class StateOfChargeEntityError(FlexMeasuresError):
    """The entity does not tell the state of charge now."""

    def __init__(self, entity: str) -> None:
        """Keep the entity's name."""
        super().__init__(entity)
        self.entity = entity

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return {"entity": self.entity}


class StateOfChargeUnavailableError(StateOfChargeEntityError):
    """It has no number for a state, or does not exist."""

    translation_key = "soc_entity_unavailable"


class StateOfChargeStaleError(StateOfChargeEntityError):
    """It has not reported for too long, though energy has flowed since."""

    translation_key = "soc_entity_stale"

    def __init__(self, entity: str, age: timedelta) -> None:
        """Keep how long ago it last reported."""
        super().__init__(entity)
        self.age = age

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        minutes = self.age // timedelta(minutes=1)
        return {**super().placeholders, "minutes": str(minutes)}


class StateOfChargeUnitError(StateOfChargeEntityError):
    """Its unit is neither one of energy, nor one of which it is known what full is."""

    translation_key = "soc_entity_unit"
    needs_user = True

    def __init__(self, entity: str, unit: str | None) -> None:
        """Keep the unit that it has."""
        super().__init__(entity)
        self.unit = unit

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return {**super().placeholders, "unit": self.unit or "-"}


class StateOfChargeImplausibleError(StateOfChargeEntityError):
    """It says more than the device holds, or less than nothing."""

    translation_key = "soc_entity_implausible"

    def __init__(self, entity: str, amount: str) -> None:
        """Keep what it says."""
        super().__init__(entity)
        self.amount = amount

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return {**super().placeholders, "amount": self.amount}


SOC_ENTITY_ERRORS: Final[tuple[type[StateOfChargeEntityError], ...]] = (
    StateOfChargeImplausibleError,
    StateOfChargeStaleError,
    StateOfChargeUnavailableError,
    StateOfChargeUnitError,
)

# Of what a device holds: an entity may round, and count from a bit more or less.
ROUNDING: Final = 0.01


def read_soc_entity(
    state: State,
    settings: DeviceSettings,
    now: datetime,
    *,
    full_kwh: float | None,
    temperature_unit: str,
    moved_since: Callable[[datetime], float],
) -> float:
    """Return the state of charge in kWh; raises StateOfChargeEntityError.

    `full_kwh` is how much the device holds, if that is known; `temperature_unit` the one
    that Home Assistant shows; `moved_since` tells how many kWh went in and out of it since
    a moment. What has rested since the entity last reported has nothing to report: most
    integrations only do so when something changes.
    """
    entity = state.name
    if state.state == STATE_UNAVAILABLE:
        raise StateOfChargeUnavailableError(entity)
    said, unit = level_text(state), level_unit(state, temperature_unit)
    if (amount := number_in(said)) is None:
        raise StateOfChargeUnavailableError(entity)
    if unit and is_temperature(unit) and (temperatures := settings.temperatures):
        if (share := temperatures.share(amount, unit)) is None:
            raise StateOfChargeImplausibleError(entity, readable(amount, unit))
        kwh = in_kwh(100 * share, PERCENTAGE, settings.capacity)
    else:
        kwh = in_kwh(amount, unit, settings.capacity)
    if kwh is None:
        raise StateOfChargeUnitError(entity, unit)
    if (believed := plausible_kwh(kwh, full_kwh)) is None:
        assert unit
        raise StateOfChargeImplausibleError(entity, readable(amount, unit))
    age = now - state.last_reported
    if age > settings.soc_max_age and not _rests(
        moved_since(state.last_reported), full_kwh
    ):
        raise StateOfChargeStaleError(entity, age)
    return believed


def level_state(coordinator: ScheduleCoordinator) -> State:
    """Return the state of the entity that measures a device's state of charge.

    Raises StateOfChargeUnavailableError if it has none. The device has such an entity.
    """
    hass, entity_id = coordinator.hass, coordinator.settings.soc_entity
    assert entity_id
    if (state := hass.states.get(entity_id)) is None:
        raise StateOfChargeUnavailableError(async_entity_name(hass, entity_id))
    return state


def present_level(coordinator: ScheduleCoordinator) -> float:
    """Return the state of charge that a device's entity measures now, in kWh.

    Raises StateOfChargeEntityError. The device has such an entity.
    """
    return read_soc_entity(
        level_state(coordinator),
        coordinator.settings,
        dt_util.utcnow(),
        full_kwh=coordinator.full_kwh,
        temperature_unit=coordinator.hass.config.units.temperature_unit,
        moved_since=coordinator.moved_since,
    )


def present_problem(
    coordinator: ScheduleCoordinator,
) -> StateOfChargeEntityError | None:
    """Return why a device's entity does not tell the state of charge now, if it has one."""
    if coordinator.settings.soc_entity is None:
        return None
    try:
        present_level(coordinator)
    except StateOfChargeEntityError as err:
        return err
    return None


def _rests(moved_kwh: float, full_kwh: float | None) -> bool:
    """Return whether so little energy has moved that the level shows nothing of it."""
    return moved_kwh <= ROUNDING * (full_kwh or 0.0)


def plausible_kwh(kwh: float, full_kwh: float | None) -> float | None:
    """Return a state of charge that can be; None for one that cannot.

    What is beyond empty or full by no more than a rounding is empty or full.
    """
    excess = ROUNDING * (full_kwh or 0.0)
    if kwh < -excess or (full_kwh is not None and kwh > full_kwh + excess):
        return None
    kwh = max(0.0, kwh)
    return kwh if full_kwh is None else min(kwh, full_kwh)
