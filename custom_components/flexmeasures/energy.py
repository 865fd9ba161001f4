"""The solar forecast for Home Assistant's Energy dashboard."""

from collections.abc import Mapping

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .account import FlexMeasuresConfigEntry


async def async_get_solar_forecast(
    hass: HomeAssistant, config_entry_id: str
) -> dict[str, Mapping[str, float]] | None:
    """Return what the PV sensors of an account are expected to produce; None if it has none."""
    entry: FlexMeasuresConfigEntry | None = hass.config_entries.async_get_entry(
        config_entry_id
    )
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        return None
    wh_hours = await entry.runtime_data.solar_forecast.async_wh_hours()
    return None if wh_hours is None else {"wh_hours": wh_hours}
