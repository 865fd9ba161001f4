"""A device's settings, and the flex-model and flex-context they make."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Self

from .api.errors import FlexMeasuresError
from .const import (
    CONF_AUTOMATIC_SCHEDULING,
    CONF_CONSUMPTION_PRICE_SENSOR,
    CONF_POWER_SENSOR,
    CONF_PRODUCTION_PRICE_SENSOR,
    CONF_SCHEDULE_DURATION,
    CONF_SOC_MAX,
    CONF_SOC_MIN,
    CONF_SOC_SENSOR,
    CONF_SOC_UNIT,
    CONF_UPDATE_INTERVAL,
)

# Fields of a flex-model that tell how the server learns where the state of charge is.
SOC_AT_START = "soc-at-start"
STATE_OF_CHARGE = "state-of-charge"

# Choices of sources in a sensor reference: where one is made, it was made on purpose.
_SOURCE_FILTERS = frozenset(
    {"source-types", "exclude-source-types", "sources", "source-account"}
)


class StateOfChargeUnknownError(FlexMeasuresError):
    """A storage would be scheduled from a state of charge that nobody told.

    The server would silently take the scheduler's own earlier plan, or an empty
    storage.
    """

    translation_key: ClassVar[str] = "state_of_charge_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSettings:
    """What the user set for one device; None where the server's own setting stays in force."""

    power_sensor: int
    consumption_price_sensor: int | None
    production_price_sensor: int | None
    soc_sensor: int | None
    soc_unit: str
    soc_min: float | None
    """In `soc_unit`."""
    soc_max: float | None
    """In `soc_unit`."""
    schedule_duration: timedelta
    update_interval: timedelta
    automatic_scheduling: bool

    @classmethod
    def from_subentry(cls, data: Mapping[str, Any]) -> Self:
        """Read a device subentry, in which durations are seconds."""
        return cls(
            power_sensor=data[CONF_POWER_SENSOR],
            consumption_price_sensor=data.get(CONF_CONSUMPTION_PRICE_SENSOR),
            production_price_sensor=data.get(CONF_PRODUCTION_PRICE_SENSOR),
            soc_sensor=data.get(CONF_SOC_SENSOR),
            soc_unit=data[CONF_SOC_UNIT],
            soc_min=data.get(CONF_SOC_MIN),
            soc_max=data.get(CONF_SOC_MAX),
            schedule_duration=timedelta(seconds=data[CONF_SCHEDULE_DURATION]),
            update_interval=timedelta(seconds=data[CONF_UPDATE_INTERVAL]),
            automatic_scheduling=data[CONF_AUTOMATIC_SCHEDULING],
        )

    def energy(self, amount: float) -> str:
        """An amount of `soc_unit` the way the server reads it, e.g. ``4.5 kWh``."""
        return f"{amount} {self.soc_unit}"

    def flex_model(
        self, stored: Mapping[str, Any], overrides: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The flex-model to send: what differs from the `stored` one of the asset.

        `overrides` hold for one request and win. Raises StateOfChargeUnknownError.
        """
        model: dict[str, Any] = {"sensor": self.power_sensor}
        if self.soc_min is not None:
            model["soc-min"] = self.energy(self.soc_min)
        if self.soc_max is not None:
            model["soc-max"] = self.energy(self.soc_max)
        if self.soc_sensor is not None:
            model[STATE_OF_CHARGE] = measured(self.soc_sensor)
        model |= overrides
        if SOC_AT_START in model:
            return model
        source = model.get(STATE_OF_CHARGE, stored.get(STATE_OF_CHARGE))
        match source:
            case {"sensor": int(sensor_id), **others} if (
                not _SOURCE_FILTERS & others.keys()
            ):
                model[STATE_OF_CHARGE] = measured(sensor_id) | others
            case None if any(key.startswith("soc-") for key in {*stored, *model}):
                raise StateOfChargeUnknownError
        return model

    def flex_context(self, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """The flex-context to send: what differs from the one of the asset and its parents."""
        context: dict[str, Any] = {}
        if self.consumption_price_sensor is not None:
            context["consumption-price"] = {"sensor": self.consumption_price_sensor}
        if self.production_price_sensor is not None:
            context["production-price"] = {"sensor": self.production_price_sensor}
        return context | dict(overrides)


def measured(soc_sensor: int) -> dict[str, Any]:
    """A state-of-charge sensor, read for what was measured.

    The scheduler writes its own plan to the same sensor, and once it has, the
    server would take that for the truth.
    """
    return {"sensor": soc_sensor, "exclude-source-types": ["scheduler"]}
