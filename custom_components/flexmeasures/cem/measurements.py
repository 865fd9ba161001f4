"""What an RM measures and expects, for the FlexMeasures sensors of its device."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..api.client import FlexMeasuresApi
from ..const import (
    CONF_ACTIVE_ACTUATOR_SENSOR,
    CONF_EFFICIENCY_SENSOR,
    CONF_FILL_LEVEL_SENSOR,
    CONF_FILL_RATE_SENSOR,
    CONF_LEAKAGE_SENSOR,
    CONF_POWER_FORECAST_SENSOR,
    CONF_POWER_SENSOR,
    CONF_RM_DISCHARGE_SENSOR,
    CONF_SOC_SENSOR,
    CONF_USAGE_FORECAST_SENSOR,
)
from ..coordinator import ScheduleCoordinator
from ..feeds.bins import LONGEST_HOLD, Step
from ..feeds.live.conversions import (
    energy,
    positive_power,
    share,
    signed_power,
    unitless,
)
from ..feeds.live.posting import Posting
from ..feeds.live.streams import Finder, ForecastStream, MeasuredStream
from ..s2.device_status import DeviceStatus
from ..s2.messages.message import Message
from ..s2.operation_modes.ranges import MeasuredPowers, total_power

_LEVELS: Final = frozenset(
    {CONF_SOC_SENSOR, CONF_FILL_LEVEL_SENSOR, CONF_ACTIVE_ACTUATOR_SENSOR}
)
_MEASURED: Final = {
    CONF_POWER_SENSOR: signed_power,
    CONF_RM_DISCHARGE_SENSOR: positive_power,
    CONF_SOC_SENSOR: energy,
    CONF_FILL_LEVEL_SENSOR: unitless,
    CONF_FILL_RATE_SENSOR: unitless,
    CONF_LEAKAGE_SENSOR: unitless,
    CONF_EFFICIENCY_SENSOR: share,
    CONF_ACTIVE_ACTUATOR_SENSOR: unitless,
}
_EXPECTED: Final = {
    CONF_POWER_FORECAST_SENSOR: signed_power,
    CONF_USAGE_FORECAST_SENSOR: unitless,
}


class Measurements:
    """Posts what an RM measures and expects to the FlexMeasures sensors of its device.

    Whatever a device has no sensor for is not posted. What the server does not take
    now is kept for a while, but not over a restart.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        coordinator: ScheduleCoordinator,
        api: FlexMeasuresApi,
    ) -> None:
        """Wait for messages."""
        self._powers = MeasuredPowers()
        self._measured_at: datetime | None = None
        finders = _finders(coordinator)
        names = {key: f"the {key} of {coordinator.subentry.title}" for key in finders}
        self._measured = {
            key: MeasuredStream(
                names[key],
                finders[key],
                partial(convert, coordinator),
                is_level=key in _LEVELS,
            )
            for key, convert in _MEASURED.items()
            if key in finders
        }
        self._expected = {
            key: ForecastStream(names[key], finders[key], partial(convert, coordinator))
            for key, convert in _EXPECTED.items()
            if key in finders
        }
        self._posting = Posting(
            hass,
            entry,
            coordinator,
            api,
            (*self._measured.values(), *self._expected.values()),
        )

    @property
    def power(self) -> float | None:
        """The electric power of all phases that was last measured, in W.

        Consumption is positive. None while none is known, or the RM is gone.
        """
        return self._powers.total

    @callback
    def async_receive(
        self, message: Message, status: DeviceStatus | None, now: datetime
    ) -> None:
        """Take in a message, and what follows from all so far; None leaves that as it is."""
        match message.type:
            case "PowerMeasurement":
                self._measure(message.body, now)
            case "PowerForecast":
                self._expect(CONF_POWER_FORECAST_SENSOR, message.body, _expected_power)
            case "FRBC.UsageForecast":
                self._expect(CONF_USAGE_FORECAST_SENSOR, message.body, _expected_usage)
        if status is not None:
            self._put(CONF_SOC_SENSOR, status.soc_kwh, now)
            self._put(CONF_FILL_LEVEL_SENSOR, status.fill_level, now)
            self._put(CONF_FILL_RATE_SENSOR, status.fill_rate, now)
            self._put(CONF_LEAKAGE_SENSOR, status.leakage_rate, now)
            self._put(CONF_EFFICIENCY_SENSOR, status.efficiency, now)
            self._put(CONF_ACTIVE_ACTUATOR_SENSOR, status.active_actuator, now)
        self._posting.async_go_on(now)

    @callback
    def async_interrupt(self, now: datetime) -> None:
        """Take note that the RM is gone: nothing that it said holds any more."""
        self._powers = MeasuredPowers()
        self._measured_at = None
        for key in self._measured:
            self._put(key, None, now)
        self._posting.async_go_on(now)

    @callback
    def async_close(self) -> None:
        """Post nothing more: the device is unloaded."""
        self._posting.async_close()

    def _measure(self, body: Mapping[str, Any], now: datetime) -> None:
        """Take a power from when it was measured on, as far as that can be believed."""
        moment: datetime = body["measurement_timestamp"]
        if not now - LONGEST_HOLD <= moment <= now:
            # A clock that is wrong shall not keep the power from being known.
            moment = now
        else:
            self._measured_at = max(moment, self._measured_at or moment)
        self._powers = self._powers.after(moment, body["values"])
        power = self._powers.total
        if power is None:
            return
        # Phases may be measured one after the other, and arrive in another order.
        moment = max(moment, self._measured_at or moment)
        self._put(CONF_POWER_SENSOR, power, moment)
        self._put(CONF_RM_DISCHARGE_SENSOR, max(-power, 0.0), moment)

    def _put(self, key: str, value: float | None, moment: datetime) -> None:
        if stream := self._measured.get(key):
            stream.put(value, moment)

    def _expect(
        self,
        key: str,
        body: Mapping[str, Any],
        value: Callable[[Mapping[str, Any]], float | None],
    ) -> None:
        if stream := self._expected.get(key):
            stream.put(tuple(_steps(body, value)))


def _finders(coordinator: ScheduleCoordinator) -> dict[str, Finder]:
    """Return how to get the metadata of the sensors that the device has, or may have."""
    metadata, data = coordinator.metadata, coordinator.subentry.data
    chosen = {
        key: partial(metadata.sensor, data[key])
        for key in (*_MEASURED, *_EXPECTED)
        if key in data
    }
    return chosen | {
        CONF_POWER_SENSOR: metadata.power_sensor,
        # Which one it is, the asset may have to say.
        CONF_SOC_SENSOR: metadata.soc_sensor,
    }


def _steps(
    body: Mapping[str, Any], value: Callable[[Mapping[str, Any]], float | None]
) -> Iterator[Step]:
    moment: datetime = body["start_time"]
    for element in body["elements"]:
        yield moment, value(element)
        moment += element["duration"]
    yield moment, None


def _expected_power(element: Mapping[str, Any]) -> float | None:
    return total_power(element["power_values"], "value_expected")


def _expected_usage(element: Mapping[str, Any]) -> float:
    usage: float = element["usage_rate_expected"]
    return usage
