"""Has forecasts computed: asks for a job, waits for it, and reads what it gave."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..api.catalogue import AccountCatalogue
from ..api.client import FlexMeasuresApi
from ..api.concurrency import together
from ..api.errors import (
    FlexMeasuresError,
    JobFailedError,
    NotFoundError,
    NotPermittedError,
    RateLimitedError,
)
from ..api.models import Sensor
from ..api.refusals import ComputationRaceError
from ..plan.grid import ceil_to_slots, floor_to_grid, reading_step
from ..plan.series import Series
from ..timer import Timer
from .automations import async_is_automated
from .budget import TriggerBudget

SHORTEST_HORIZON: Final = timedelta(hours=1)
"""The server counts a horizon in hours, and fails without any."""

DEFAULT_HORIZON: Final = timedelta(hours=48)

# The server counts slots per hour, and fails without any.
_LONGEST_RESOLUTION: Final = timedelta(hours=1)

# Of less, nobody who looks by himself would have it learn.
_LEAST_HISTORY: Final = timedelta(days=1)

# What the server learns from, after the last day, which mostly suffices to see that
# there is something.
_HISTORY: Final = (timedelta(days=1), timedelta(days=30))

_FORECASTING: Final = "forecasting"

# A job that failed by chance is asked for again this many times.
_REPEATS: Final = 2


class ForecastError(FlexMeasuresError):
    """There is no forecast."""


class NotForecastableError(ForecastError):
    """The server can forecast no sensor with such intervals."""

    translation_key = "not_forecastable"


class NoHistoryError(ForecastError):
    """The sensor has no values to learn from: the server would forecast nothing but zeros."""

    translation_key = "forecast_without_history"


class RegressorError(ForecastError):
    """A sensor that is to help may not be read, or is not there."""

    translation_key = "regressor_not_readable"

    def __init__(self, sensor: int) -> None:
        """Keep the sensor's id."""
        super().__init__(sensor)
        self._sensor = sensor

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return {"sensor": str(self._sensor)}


class ForecastFailedError(ForecastError):
    """The server's computation ended without a forecast."""

    translation_key = "forecast_failed"

    def __init__(self, reason: str) -> None:
        """Keep the reason, in the server's words."""
        super().__init__(reason)
        self._reason = reason

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return {"reason": self._reason}


async def async_forecast(
    api: FlexMeasuresApi,
    budget: TriggerBudget,
    sensor: Sensor,
    *,
    horizon: timedelta = DEFAULT_HORIZON,
    regressors: Sequence[int] = (),
) -> Series:
    """Have a forecast computed because the user wants it, and return it.

    From the running interval on, for as many whole ones as the horizon needs (an hour
    at least); in the sensor's unit and stored sign. The server learns also from
    `regressors`, other sensors by their ids. Raises FlexMeasuresError.
    """
    await _check(api, sensor, regressors)
    return await _compute(api, budget, sensor, horizon, regressors)


async def async_forecast_in_turn(
    hass: HomeAssistant,
    api: FlexMeasuresApi,
    budget: TriggerBudget,
    sensor: Sensor,
    *,
    horizon: timedelta = DEFAULT_HORIZON,
    regressors: Sequence[int] = (),
) -> Series:
    """Have one computed by itself: when the server's limit has room beside the user's wishes.

    Not from less than a day of values: that is as if there were none.
    """
    await _check(api, sensor, regressors, least=_LEAST_HISTORY)
    while True:
        now = dt_util.utcnow()
        if (available_at := budget.available_at(now)) > now:
            await _until(hass, available_at)
            continue
        try:
            return await _compute(api, budget, sensor, horizon, regressors)
        except RateLimitedError:
            # Others that use the account were faster; the budget knows until when.
            continue


async def async_is_forecast_by_server(
    api: FlexMeasuresApi, catalogue: AccountCatalogue, sensor: Sensor
) -> bool:
    """Return whether the server forecasts a sensor by itself, again and again.

    Raises FlexMeasuresError.
    """
    lineage = (await catalogue.async_get()).lineage(sensor)
    return await async_is_automated(api, lineage, sensor, _FORECASTING)


def is_forecastable(sensor: Sensor) -> bool:
    """Return whether the server can forecast what has such intervals."""
    return timedelta(0) < sensor.resolution <= _LONGEST_RESOLUTION


async def _check(
    api: FlexMeasuresApi,
    sensor: Sensor,
    regressors: Sequence[int],
    *,
    least: timedelta = timedelta(0),
) -> None:
    """Raise why the server could not make a forecast, without asking it for one.

    `least` is how long ago there have to be values.
    """
    if not is_forecastable(sensor):
        raise NotForecastableError
    _, has_history = await together(
        _check_readable(api, regressors),
        _has_history(api, sensor, dt_util.utcnow() - least),
    )
    if not has_history:
        raise NoHistoryError


async def _check_readable(api: FlexMeasuresApi, sensor_ids: Sequence[int]) -> None:
    # The server does not say which one it is about.
    for sensor_id in sensor_ids:
        try:
            await api.get_sensor(sensor_id)
        except (NotFoundError, NotPermittedError) as err:
            raise RegressorError(sensor_id) from err


async def _has_history(api: FlexMeasuresApi, sensor: Sensor, until: datetime) -> bool:
    resolution, zone = sensor.resolution, sensor.time_zone
    for span in _HISTORY:
        start = floor_to_grid(until - span, resolution, zone)
        step = reading_step(start, span, resolution, zone)
        data = await api.get_data(
            sensor.id,
            start=start,
            duration=span,
            resolution=None if step == resolution else step,
            unit=sensor.unit,
        )
        if data and Series.from_data(data):
            return True
    return False


async def _compute(
    api: FlexMeasuresApi,
    budget: TriggerBudget,
    sensor: Sensor,
    horizon: timedelta,
    regressors: Sequence[int],
) -> Series:
    """Ask for a job, wait for it and return what it gave."""
    repeats_left = _REPEATS
    while True:
        job_id = await _trigger(api, budget, sensor, horizon, regressors)
        try:
            await api.wait_for_job(job_id)
            break
        except ComputationRaceError as err:
            if not repeats_left:
                raise ForecastFailedError(err.reason) from err
            repeats_left -= 1
        except JobFailedError as err:
            raise ForecastFailedError(err.reason) from err
    series = Series.from_data(await api.get_forecast(sensor, job_id))
    if series is None:
        raise ForecastFailedError("no values")
    return series


async def _trigger(
    api: FlexMeasuresApi,
    budget: TriggerBudget,
    sensor: Sensor,
    horizon: timedelta,
    regressors: Sequence[int],
) -> str:
    """Ask for a job and return its id."""
    taken = dt_util.utcnow()
    budget.take(taken)
    try:
        job_id = await api.trigger_forecast(
            sensor.id,
            duration=ceil_to_slots(horizon, sensor.resolution),
            regressors=regressors,
        )
    except RateLimitedError as err:
        budget.note_refused(err, dt_util.utcnow())
        raise
    except FlexMeasuresError:
        # The server counts what it has accepted.
        budget.give_back(taken)
        raise
    budget.note_accepted(api.trigger_allowance, dt_util.utcnow())
    return job_id


async def _until(hass: HomeAssistant, moment: datetime) -> None:
    """Wait for a moment."""
    has_come = asyncio.Event()
    timer = Timer(hass, lambda _: has_come.set())
    timer.async_arm(moment)
    try:
        await has_come.wait()
    finally:
        timer.async_disarm()
