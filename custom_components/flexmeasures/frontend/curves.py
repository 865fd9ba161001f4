"""How to read the entities that show what power a device has, and how full it is."""

from collections.abc import Iterator
from typing import Final

from homeassistant.const import PERCENTAGE, UnitOfEnergy, UnitOfPower, UnitOfTemperature
from homeassistant.util.unit_conversion import PowerConverter, TemperatureConverter

from ..device.settings import DeviceSettings
from ..plan.energy_units import COLDEST, HOTTEST, from_kwh
from ..scheduling.soc_entity import ROUNDING

type Curve = list[tuple[float, float]]
"""What is shown and what that means: lines from point to point, beyond which it is nothing."""

_POWER_UNITS: Final = (UnitOfPower.WATT, UnitOfPower.KILO_WATT, UnitOfPower.MEGA_WATT)
_LEVEL_UNITS: Final = (
    UnitOfEnergy.WATT_HOUR,
    UnitOfEnergy.KILO_WATT_HOUR,
    UnitOfEnergy.MEGA_WATT_HOUR,
    PERCENTAGE,
)
_TEMPERATURE_UNITS: Final = (UnitOfTemperature.CELSIUS, UnitOfTemperature.FAHRENHEIT)
_ENDLESS: Final = 1e6
"""In kW or kWh: more than any device has."""
_DIGITS: Final = 6


def power_curves(*, is_inverted: bool) -> dict[str, Curve]:
    """Return how a power is read in kW, consumption positive, by the unit it is shown in.

    `is_inverted`: production is shown as positive.
    """
    least, most = (_ENDLESS, -_ENDLESS) if is_inverted else (-_ENDLESS, _ENDLESS)
    curves: dict[str, Curve] = {}
    for unit in _POWER_UNITS:
        end = PowerConverter.convert(_ENDLESS, UnitOfPower.KILO_WATT, unit)
        curves[unit] = [(-end, least), (end, most)]
    return curves


def level_curves(settings: DeviceSettings, full_kwh: float | None) -> dict[str, Curve]:
    """Return how a level is read in the unit of the settings, by the unit it is shown in.

    By the rules of `read_soc_entity`, without units of which they make nothing.
    `full_kwh` is how much the device holds, if that is known.
    """
    return dict(_curves(settings, full_kwh))


def _curves(
    settings: DeviceSettings, full_kwh: float | None
) -> Iterator[tuple[str, Curve]]:
    def amounts(unit: str, *kwh: float) -> list[float]:
        found = (from_kwh(each, unit, settings.capacity) for each in kwh)
        return [round(amount, _DIGITS) for amount in found if amount is not None]

    shown, meant = [0.0, _ENDLESS], [0.0, _ENDLESS]
    if full_kwh is not None:
        excess = ROUNDING * full_kwh
        shown = [-excess, 0.0, full_kwh, full_kwh + excess]
        meant = [0.0, 0.0, full_kwh, full_kwh]
    levels = amounts(settings.soc_unit, *meant)
    for unit in _LEVEL_UNITS:
        if curve := list(zip(amounts(unit, *shown), levels, strict=False)):
            yield unit, curve
    if (full := settings.capacity) and (tank := settings.temperatures):
        levels = amounts(settings.soc_unit, 0.0, 0.0, full, full)
        for unit in _TEMPERATURE_UNITS:
            temperatures = (
                TemperatureConverter.convert(celsius, UnitOfTemperature.CELSIUS, unit)
                for celsius in (COLDEST, tank.empty, tank.full, HOTTEST)
            )
            yield unit, list(zip(temperatures, levels, strict=True))
