"""What a device can do and hold, as far as anybody has said so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from ..plan.energy_units import power_in_kw, quantity_in_kwh
from .settings import DeviceSettings

_POWER: Final = "power-capacity"


@dataclass(frozen=True, slots=True)
class Span:
    """From the least to the most, both included; None where that is not known."""

    least: float | None = None
    most: float | None = None

    def narrowed(self, other: Span) -> Span:
        """Return what is within both."""
        return Span(
            max(_known(self.least, other.least), default=None),
            min(_known(self.most, other.most), default=None),
        )


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Those in the flex-model that the server has itself.

    One that a sensor holds is not known: it changes with time.
    """

    soc_kwh: Span = Span()
    power_kw: Span = Span()
    """Consumption positive."""

    @classmethod
    def of(cls, flex_model: Mapping[str, Any]) -> Self:
        """Read a flex-model."""
        both = power_in_kw(flex_model.get(_POWER))
        production = _lower(both, power_in_kw(flex_model.get("production-capacity")))
        return cls(
            Span(
                quantity_in_kwh(flex_model.get("soc-min")),
                quantity_in_kwh(flex_model.get("soc-max")),
            ),
            Span(
                None if production is None else 0.0 - production,
                _lower(both, power_in_kw(flex_model.get("consumption-capacity"))),
            ),
        )


def soc_limits(settings: DeviceSettings, server: ServerLimits) -> Span:
    """Return what a target can be, in kWh.

    The settings' limits are in force, else the server's; and no device is fuller than full.
    """
    stored = server.soc_kwh
    own = (
        None if limit is None else settings.in_kwh(limit)
        for limit in (settings.soc_min, settings.soc_max)
    )
    soc_min, soc_max = own
    return Span(
        stored.least if soc_min is None else soc_min,
        _lower(stored.most if soc_max is None else soc_max, settings.capacity),
    )


def _lower(some: float | None, other: float | None) -> float | None:
    return min(_known(some, other), default=None)


def _known(*amounts: float | None) -> list[float]:
    return [amount for amount in amounts if amount is not None]
