"""The statistics of one meter: what it has counted, and what that cost and earned."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Self

from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import DATA_INSTANCE
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.unit_conversion import EnergyConverter, VolumeConverter

from ...const import DOMAIN
from ..intervals import HOUR, Metered, Stream, by_hour
from ..metering import MeterSeries, Series, holds_readings, is_net, readings
from ..settings import MeterSettings
from .statistics import HourlyStatistic, Hours, Row, async_clear


class Kind(StrEnum):
    """What a statistic is of."""

    CONSUMPTION = "consumption"
    PRODUCTION = "production"
    COST = "cost"
    COMPENSATION = "compensation"


def statistic_ids(settings: MeterSettings, subentry_id: str) -> dict[Kind, str]:
    """Return the ids of a meter's statistics, which hold the meter's own."""
    kinds = {
        Kind.CONSUMPTION: True,
        Kind.PRODUCTION: settings.production is not None,
        Kind.COST: settings.cost is not None,
        Kind.COMPENSATION: settings.compensation is not None,
    }
    return {
        kind: _statistic_id(subentry_id, kind)
        for kind, is_there in kinds.items()
        if is_there
    }


async def async_forget(hass: HomeAssistant, subentry_id: str) -> None:
    """Clear all statistics that a meter has, or had with other settings."""
    if DATA_INSTANCE in hass.data:
        await async_clear(hass, [_statistic_id(subentry_id, kind) for kind in Kind])


def _statistic_id(subentry_id: str, kind: Kind) -> str:
    return f"{DOMAIN}:{subentry_id.lower()}_{kind}"


def hours_of(
    settings: MeterSettings, series: MeterSeries, metered: Metered
) -> dict[Kind, Hours]:
    """Return what was counted hour by hour (of UTC)."""
    consumption, production = metered.consumption, metered.production
    hours = {Kind.CONSUMPTION: _counted(settings, series.consumption, consumption)}
    if production is not None:
        hours[Kind.PRODUCTION] = _counted(settings, series.production, production)
    for kind, stream in (
        (Kind.COST, consumption),
        (Kind.COMPENSATION, production),
    ):
        if stream and stream.money is not None:
            hours[kind] = Hours(by_hour(stream.money))
    return hours


def _counted(settings: MeterSettings, series: Series | None, stream: Stream) -> Hours:
    """Return what was counted one way; `series` is None for a part of a net meter."""
    if (
        series is None
        or is_net(settings)
        or not holds_readings(settings, series.sensor)
    ):
        return Hours(by_hour(stream.amounts))
    return Hours(
        {
            each.counted_in_hour_of // HOUR * HOUR: each.value
            for each in readings(settings, series)
        },
        holds_readings=True,
    )


class MeterStatistics:
    """Writes the statistics of a meter, one period after the other."""

    def __init__(
        self,
        statistics: Mapping[Kind, HourlyStatistic],
        before_rewriting: Callable[[], Awaitable[None]],
    ) -> None:
        """Write these; `before_rewriting` is awaited before what is stored changes."""
        self._statistics = statistics
        self._before_rewriting = before_rewriting
        self._last: dict[Kind, Row | None] = {}
        self._are_readings: dict[Kind, bool] = {}

    @classmethod
    async def async_of(
        cls,
        hass: HomeAssistant,
        settings: MeterSettings,
        *,
        subentry_id: str,
        title: str,
        before_rewriting: Callable[[], Awaitable[None]],
    ) -> Self:
        """Name the statistics of a meter in Home Assistant's language.

        There are none in a Home Assistant without a recorder.
        """
        if DATA_INSTANCE not in hass.data:
            return cls({}, before_rewriting)
        texts = await async_get_translations(
            hass, hass.config.language, "common", {DOMAIN}
        )
        is_energy = settings.output.unit == UnitOfEnergy.KILO_WATT_HOUR
        amounts = (
            settings.output.unit,
            (EnergyConverter.UNIT_CLASS if is_energy else VolumeConverter.UNIT_CLASS),
        )
        money = hass.config.currency, None
        statistics: dict[Kind, HourlyStatistic] = {}
        for kind, statistic_id in statistic_ids(settings, subentry_id).items():
            name = texts[f"component.{DOMAIN}.common.statistic_{kind}"]
            unit, unit_class = (
                money if kind in (Kind.COST, Kind.COMPENSATION) else amounts
            )
            statistics[kind] = HourlyStatistic(
                hass,
                statistic_id,
                name.format(meter=title),
                unit=unit,
                unit_class=unit_class,
            )
        return cls(statistics, before_rewriting)

    async def async_begin(self, start: datetime) -> None:
        """Go on from what is stored before the hour of a moment."""
        for kind, statistic in self._statistics.items():
            self._last[kind] = await statistic.async_before(_hour(start))

    async def async_write(
        self, hours: Mapping[Kind, Hours], start: datetime, end: datetime
    ) -> None:
        """Write the full hours of a period, which follows the one before."""
        first, last = _hour(start), _hour(end)
        for kind, statistic in self._statistics.items():
            values = hours[kind]
            self._are_readings[kind] = values.holds_readings
            self._last[kind] = await statistic.async_write(
                values.within(first, last),
                first,
                last,
                before=self._last[kind],
                before_rewriting=self._before_rewriting,
            )

    async def async_finish(self, end: datetime) -> None:
        """Let what is stored after the last period go on from it."""
        for kind, are_readings in self._are_readings.items():
            statistic, last = self._statistics[kind], self._last[kind]
            await statistic.async_go_on(
                _hour(end), before=last, holds_readings=are_readings
            )
            if last:
                statistic.async_rename()


def _hour(moment: datetime) -> int:
    """Return the start of the hour of UTC that a moment is in, in seconds since 1970."""
    return int(moment.timestamp()) // HOUR * HOUR
