"""The action that has forecasts computed."""

from datetime import timedelta

from homeassistant.core import ServiceCall, ServiceResponse

from ..account import FlexMeasuresConfigEntry
from ..action_errors import translated_errors
from ..feeds.feed import Feed
from ..scheduling.forecasts import async_forecast
from .calls import account_of, check_plannable, response
from .fields import ATTR_HORIZON, ATTR_REGRESSORS, ATTR_SENSOR
from .targets import Target, feeds_of, for_each, is_chosen


async def trigger_forecast(call: ServiceCall) -> ServiceResponse:
    """Have a forecast of a sensor, or of what feeds send, computed, wait for it and return it."""
    if is_chosen(call):
        return await _forecast_feeds(call)
    return await _forecast(call, account_of(call), call.data[ATTR_SENSOR])


async def _forecast_feed(call: ServiceCall, feed: Target[Feed]) -> ServiceResponse:
    return await _forecast(call, feed.entry, feed.part.settings.sensor)


_forecast_feeds = for_each(feeds_of, _forecast_feed)


async def _forecast(
    call: ServiceCall, entry: FlexMeasuresConfigEntry, sensor_id: int
) -> ServiceResponse:
    account = entry.runtime_data
    horizon: timedelta = call.data[ATTR_HORIZON]
    async with translated_errors(call.hass, entry):
        sensor = await account.api.get_sensor(sensor_id)
        check_plannable(horizon, sensor, field=ATTR_HORIZON)
        series = await async_forecast(
            account.api,
            account.scheduler.budget,
            sensor,
            horizon=horizon,
            regressors=call.data[ATTR_REGRESSORS],
        )
    return response([series], "forecast", sensor.unit)
