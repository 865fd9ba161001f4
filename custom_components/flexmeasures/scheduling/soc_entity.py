"""The state of charge that a Home Assistant entity measures."""

from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import State

from ..api.errors import FlexMeasuresError
from ..api.numbers import number_in
from ..device.settings import DeviceSettings
from ..plan.energy_units import in_kwh


class StateOfChargeEntityError(FlexMeasuresError):
    """The entity does not tell the state of charge now."""

    def __init__(self, entity_id: str) -> None:
        """Keep the entity."""
        super().__init__(entity_id)
        self.entity_id = entity_id

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return {"entity": self.entity_id}


class StateOfChargeUnavailableError(StateOfChargeEntityError):
    """It has no number for a state, or does not exist."""

    translation_key = "soc_entity_unavailable"


class StateOfChargeStaleError(StateOfChargeEntityError):
    """It has not reported for too long."""

    translation_key = "soc_entity_stale"

    def __init__(self, entity_id: str, age: timedelta) -> None:
        """Keep how long ago it last reported."""
        super().__init__(entity_id)
        self.age = age

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        minutes = self.age // timedelta(minutes=1)
        return {**super().placeholders, "minutes": str(minutes)}


class StateOfChargeUnitError(StateOfChargeEntityError):
    """Its unit is neither one of energy nor % of a known capacity."""

    translation_key = "soc_entity_unit"

    def __init__(self, entity_id: str, unit: str | None) -> None:
        """Keep the unit that it has."""
        super().__init__(entity_id)
        self.unit = unit

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return {**super().placeholders, "unit": self.unit or "-"}


class StateOfChargeImplausibleError(StateOfChargeEntityError):
    """It says more than the device holds, or less than nothing."""

    translation_key = "soc_entity_implausible"

    def __init__(self, entity_id: str, amount: str) -> None:
        """Keep what it says."""
        super().__init__(entity_id)
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
_ROUNDING: Final = 0.01


def read_soc_entity(
    state: State | None,
    settings: DeviceSettings,
    now: datetime,
    *,
    full_kwh: float | None,
) -> float:
    """Return the state of charge in kWh; raises StateOfChargeEntityError.

    `full_kwh` is how much the device holds, if that is known.
    """
    entity_id = settings.soc_entity
    assert entity_id
    if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
        raise StateOfChargeUnavailableError(entity_id)
    if (amount := number_in(state.state)) is None:
        raise StateOfChargeUnavailableError(entity_id)
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    kwh = in_kwh(amount, unit, settings.capacity)
    if kwh is None:
        raise StateOfChargeUnitError(entity_id, unit)
    if (believed := plausible_kwh(kwh, full_kwh)) is None:
        raise StateOfChargeImplausibleError(entity_id, f"{state.state} {unit}")
    if (age := now - state.last_reported) > settings.soc_max_age:
        raise StateOfChargeStaleError(entity_id, age)
    return believed


def plausible_kwh(kwh: float, full_kwh: float | None) -> float | None:
    """Return a state of charge that can be; None for one that cannot.

    What is beyond empty or full by no more than a rounding is empty or full.
    """
    excess = _ROUNDING * (full_kwh or 0.0)
    if kwh < -excess or (full_kwh is not None and kwh > full_kwh + excess):
        return None
    kwh = max(0.0, kwh)
    return kwh if full_kwh is None else min(kwh, full_kwh)
