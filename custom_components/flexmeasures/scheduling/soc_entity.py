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


SOC_ENTITY_ERRORS: Final[tuple[type[StateOfChargeEntityError], ...]] = (
    StateOfChargeStaleError,
    StateOfChargeUnavailableError,
    StateOfChargeUnitError,
)


def read_soc_entity(
    state: State | None, settings: DeviceSettings, now: datetime
) -> float:
    """Return the state of charge in kWh; raises StateOfChargeEntityError."""
    entity_id = settings.soc_entity
    assert entity_id
    if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
        raise StateOfChargeUnavailableError(entity_id)
    try:
        amount = float(state.state)
    except ValueError:
        raise StateOfChargeUnavailableError(entity_id) from None
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    kwh = in_kwh(amount, unit, settings.capacity)
    if kwh is None:
        raise StateOfChargeUnitError(entity_id, unit)
    if (age := now - state.last_reported) > settings.soc_max_age:
        raise StateOfChargeStaleError(entity_id, age)
    return kwh
