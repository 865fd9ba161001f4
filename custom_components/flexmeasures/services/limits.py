"""What is refused because the device cannot do or hold it, as far as is known."""

from collections.abc import Mapping
from dataclasses import replace
from math import isclose
from typing import Any, Final

from homeassistant.const import UnitOfEnergy, UnitOfPower
from homeassistant.exceptions import ServiceValidationError

from ..action_errors import amount_in_kwh
from ..const import DOMAIN
from ..coordinator import ScheduleCoordinator
from ..device.limits import ServerLimits, Span
from ..device.settings import SOC_AT_START
from ..plan.energy_units import from_kwh, quantity_in_kwh, readable
from ..plan.mistyped import fastest_kw
from ..plan.wishes import SOC_MAXIMA, SOC_MINIMA, SOC_TARGETS

# Of what is converted from one unit to another.
_NOISE: Final = 1e-6


def check_power(coordinator: ScheduleCoordinator, field: str, power: float) -> None:
    """Raise ServiceValidationError for a power (kW) that the device cannot have.

    Where nobody says what it can, neither what it holds can.
    """
    limits = coordinator.power_limits
    if full_kwh := coordinator.full_kwh:
        fastest = fastest_kw(full_kwh)
        limits = Span(
            -fastest if limits.least is None else limits.least,
            fastest if limits.most is None else limits.most,
        )
    _check(field, power, limits, UnitOfPower.KILO_WATT)


class DeviceLimits:
    """The limits that hold for one call of an action."""

    def __init__(
        self,
        coordinator: ScheduleCoordinator,
        flex_model: Mapping[str, Any] | None = None,
    ) -> None:
        """Take those of the device, unless the call's own flex-model has others."""
        self._settings = coordinator.settings
        self._flex_model = flex_model or {}
        self._target_kwh = coordinator.soc_limits
        self._full_kwh = coordinator.full_kwh
        own = ServerLimits.of(self._flex_model).soc_kwh
        if "soc-min" in self._flex_model:
            self._target_kwh = replace(self._target_kwh, least=own.least)
        if "soc-max" in self._flex_model:
            self._target_kwh = replace(self._target_kwh, most=own.most)
            self._full_kwh = own.most and max(own.most, self._full_kwh or 0.0)

    def check_level(self, field: str, amount: float) -> None:
        """Raise ServiceValidationError for more than the device holds.

        `amount` is in the unit of the settings.
        """
        self._check_in_unit(field, amount, Span(most=self._full_kwh))

    def check_target(self, field: str, amount: float) -> float:
        """Return a target in kWh that is given in the unit of the settings.

        Raises ServiceValidationError.
        """
        return self._check_in_unit(field, amount, self._target_kwh)

    def check_flex_model(self) -> None:
        """Raise ServiceValidationError for what cannot be in the call's own flex-model."""
        targets = self._target_kwh
        for field, span in (
            (SOC_AT_START, Span(most=self._full_kwh)),
            (SOC_MINIMA, targets),
            (SOC_TARGETS, targets),
            # One that is higher than it can be limits nothing.
            (SOC_MAXIMA, Span(targets.least)),
        ):
            for kwh in _amounts(self._flex_model.get(field)):
                _check(field, kwh, span, UnitOfEnergy.KILO_WATT_HOUR)

    def _check_in_unit(self, field: str, amount: float, span_kwh: Span) -> float:
        """Say limits in the unit of the settings."""
        settings = self._settings
        kwh = amount_in_kwh(settings, amount)

        def shown(limit: float | None) -> float | None:
            return limit and from_kwh(limit, settings.soc_unit, settings.capacity)

        span = Span(shown(span_kwh.least), shown(span_kwh.most))
        _check(field, amount, span, settings.soc_unit)
        return kwh


def _amounts(value: Any) -> list[float]:
    """Return the energies in a field of a flex-model, in kWh, but for those of sensors."""
    events = value if isinstance(value, list) else [value]
    amounts = (
        quantity_in_kwh(event.get("value") if isinstance(event, Mapping) else event)
        for event in events
    )
    return [amount for amount in amounts if amount is not None]


def _check(field: str, value: float, span: Span, unit: str) -> None:
    for limit, sign, key in (
        (span.least, -1, "below_least"),
        (span.most, 1, "above_most"),
    ):
        if (
            limit is not None
            and (value - limit) * sign > 0
            and not isclose(value, limit, rel_tol=_NOISE, abs_tol=_NOISE)
        ):
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key=key,
                translation_placeholders={
                    "field": field,
                    "value": readable(value, unit),
                    "limit": readable(limit, unit),
                },
            )
