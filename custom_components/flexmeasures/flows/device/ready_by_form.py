"""By when a device has to be ready, behind its gear: what repeats, and how full."""

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

import voluptuous as vol

from homeassistant.helpers.selector import (
    SelectOptionDict,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TimeSelector,
)

from ...coordinator import ScheduleCoordinator
from ...plan.energy_units import from_kwh
from ...plan.ready_by import WEEKDAYS, ReadyBy, WeeklyRule
from ..fields import AmountSelector
from ..wording import Wording

TIME: Final = "ready_by_time"
DAYS: Final = "ready_by_days"
TARGET: Final = "ready_by_target"

_ALL_DAYS: Final = tuple(range(len(WEEKDAYS)))
_DIGITS: Final = 3


class ReadyByForm:
    """Asks what a loaded device is to reach again and again."""

    def __init__(self, coordinator: ScheduleCoordinator, wording: Wording) -> None:
        """Start with what is wished of the device."""
        self._coordinator = coordinator
        self._wording = wording
        self._rule: WeeklyRule | None = None
        self._target_kwh: float | None = None
        self._is_changed = False
        self.errors: dict[str, str] = {}
        """By field."""
        self.placeholders: dict[str, str] = {}
        """Of the errors."""

    def fields(self) -> dict[vol.Marker, Selector[Any]]:
        """Return the fields that ask for it; the target is in the unit of the settings."""
        days = [
            SelectOptionDict(value=day, label=self._wording.text(f"weekday_{day}"))
            for day in WEEKDAYS
        ]
        return {
            vol.Optional(TIME): TimeSelector(),
            vol.Optional(DAYS): SelectSelector(
                SelectSelectorConfig(
                    options=days, multiple=True, mode=SelectSelectorMode.DROPDOWN
                )
            ),
            vol.Optional(TARGET): AmountSelector(self._coordinator.settings.soc_unit),
        }

    def values(self) -> dict[str, Any]:
        """Return what it shows at first; no day stands for every day."""
        wished = self._coordinator.memory.ready_by
        values: dict[str, Any] = {TARGET: self._in_unit(_target_of(wished))}
        if rule := wished.rule:
            values[TIME] = rule.time.isoformat()
            if rule.weekdays != _ALL_DAYS:
                values[DAYS] = [WEEKDAYS[day] for day in rule.weekdays]
        return {key: value for key, value in values.items() if value is not None}

    def read(self, user_input: Mapping[str, Any]) -> None:
        """Read it; `errors` says what is wrong."""
        self.errors, self.placeholders = {}, {}
        self._rule = self._target_kwh = None
        shown = self.values()
        self._is_changed = any(
            user_input.get(key) != shown.get(key) for key in (TIME, DAYS, TARGET)
        )
        at: str | None = user_input.get(TIME)
        days = user_input.get(DAYS, [])
        target: float | None = user_input.get(TARGET)
        if days and not at:
            self.errors[TIME] = "ready_by_time_missing"
        if at:
            weekdays = tuple(sorted({WEEKDAYS.index(day) for day in days}))
            self._rule = WeeklyRule(time.fromisoformat(at), weekdays or _ALL_DAYS)
        if target is not None:
            self._target_kwh = self._read_target(target)
        elif at:
            self.errors[TARGET] = "ready_by_target_missing"

    async def async_apply(self) -> None:
        """Wish it of the device; what is set for once stays as long as nothing is changed."""
        if self._is_changed:
            if self._target_kwh is not None:
                await self._coordinator.async_set_target(self._target_kwh)
            await self._coordinator.async_be_ready_weekly(self._rule)

    def _read_target(self, target: float) -> float | None:
        """Return a target in kWh; None, with an error, for one that cannot be.

        It is compared with the limits as these are shown.
        """
        settings, limits = self._coordinator.settings, self._coordinator.soc_limits
        least, most = self._in_unit(limits.least), self._in_unit(limits.most)
        if least is not None and target < least:
            self._refuse_target("ready_by_target_low", least)
        elif most is not None and target > most:
            self._refuse_target("ready_by_target_high", most)
        if (kwh := settings.in_kwh(target)) is None:
            self.errors[TARGET] = "capacity_required"
        return kwh

    def _refuse_target(self, error: str, limit: float) -> None:
        """Note an error; the limit is in the unit of the settings."""
        unit = self._coordinator.settings.soc_unit
        self.errors[TARGET] = error
        self.placeholders["limit"] = self._wording.amount(limit, unit)

    def _in_unit(self, kwh: float | None) -> float | None:
        """Return an amount in the unit of the settings, with the digits that are shown."""
        if kwh is None:
            return None
        settings = self._coordinator.settings
        amount = from_kwh(kwh, settings.soc_unit, settings.capacity)
        return None if amount is None else round(amount, _DIGITS)


def _target_of(wished: ReadyBy) -> float | None:
    """Return how full the device has to be when what repeats comes."""
    own = wished.rule.target_kwh if wished.rule else None
    return wished.target_kwh if own is None else own
