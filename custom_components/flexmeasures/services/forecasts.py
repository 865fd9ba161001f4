"""The action that has forecasts computed."""

from datetime import timedelta

from homeassistant.core import ServiceCall, ServiceResponse

from ..action_errors import translated_errors
from ..scheduling.forecasts import async_forecast
from .calls import account_of, check_plannable, response
from .schemas import ATTR_HORIZON, ATTR_REGRESSORS, ATTR_SENSOR


async def trigger_forecast(call: ServiceCall) -> ServiceResponse:
    """Have a forecast of a sensor computed, wait for it and return it."""
    entry = account_of(call)
    account = entry.runtime_data
    horizon: timedelta = call.data[ATTR_HORIZON]
    async with translated_errors(call.hass, entry):
        sensor = await account.api.get_sensor(call.data[ATTR_SENSOR])
        check_plannable(horizon, sensor, field=ATTR_HORIZON)
        series = await async_forecast(
            account.api,
            account.scheduler.budget,
            sensor,
            horizon=horizon,
            regressors=call.data[ATTR_REGRESSORS],
        )
    return response([series], "forecast", sensor.unit)
