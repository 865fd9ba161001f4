"""What PV is expected to produce, of any integration that tells the Energy dashboard."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final, override

from homeassistant.components.energy.websocket_api import async_get_energy_platforms
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..bins import Step
from .actions import AskedProvider, async_ask, entity_ids_of, entry_of
from .errors import ProviderGoneError
from .shapes import Span, spans_of

SOLAR: Final = "solar_forecast"
"""Any integration that has a forecast for the Energy dashboard."""

_HOUR: Final = timedelta(hours=1)


class SolarProvider(AskedProvider):
    """The solar forecast of a config entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Keep whose forecast is meant."""
        super().__init__(hass, entry.title)
        self._entry = entry

    @override
    async def _async_ask(self) -> tuple[tuple[Step, ...], str]:
        entry_of(self._hass, self._name, self._entry.entry_id)
        platforms = await async_get_energy_platforms(self._hass)
        if (ask := platforms.get(self._entry.domain)) is None:
            raise ProviderGoneError(self._name)
        answer = await async_ask(self._name, ask(self._hass, self._entry.entry_id))
        energies = answer.get("wh_hours") if answer else None
        spans = spans_of([energies], dt_util.get_default_time_zone())
        return power_steps(spans), UnitOfPower.WATT

    @override
    @callback
    def _entity_ids(self) -> frozenset[str]:
        return entity_ids_of(self._hass, self._entry)


def power_steps(energies: Sequence[Span]) -> tuple[Step, ...]:
    """Return the power (W) that gives some energies (Wh), of an hour at most each.

    Hours of the night are often left out: nothing is produced in them.
    """
    steps: dict[Any, float | None] = {}
    length = _HOUR
    for energy, following in pairwise((*energies, None)):
        assert energy is not None
        if following is not None:
            length = min(_HOUR, following.start - energy.start)
        known = energy.value
        steps[energy.start] = None if known is None else known / (length / _HOUR)
        steps[energy.start + length] = None if following is None else 0.0
    return tuple(steps.items())
