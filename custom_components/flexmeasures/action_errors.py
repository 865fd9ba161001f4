"""Errors as Home Assistant tells them to who called an action."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .account import FlexMeasuresConfigEntry
from .api.errors import (
    FlexMeasuresError,
    NotAuthenticatedError,
    NotFoundError,
    NotPermittedError,
    RejectedError,
)
from .api.numbers import believable
from .const import DOMAIN
from .device.settings import DeviceSettings, StateOfChargeUnknownError
from .local_format import short_time
from .scheduling.forecasts import NotForecastableError, RegressorError
from .texts import local_placeholders

# What the user can mend by calling differently.
_WRONG_USE = (
    NotForecastableError,
    NotFoundError,
    NotPermittedError,
    RegressorError,
    RejectedError,
    StateOfChargeUnknownError,
)


@asynccontextmanager
async def translated_errors(
    hass: HomeAssistant, entry: FlexMeasuresConfigEntry
) -> AsyncIterator[None]:
    """Say in the user's language what went wrong, and whose turn it is."""
    try:
        yield
    except FlexMeasuresError as err:
        if isinstance(err, NotAuthenticatedError):
            entry.async_start_reauth(hass)
        kind = (
            ServiceValidationError
            if isinstance(err, _WRONG_USE)
            else HomeAssistantError
        )
        raise kind(
            translation_domain=DOMAIN,
            translation_key=err.translation_key,
            translation_placeholders=local_placeholders(err.placeholders),
        ) from err


def check_future(moment: datetime, *, late: timedelta = timedelta(0)) -> None:
    """Raise ServiceValidationError for a time that has passed, so long ago at least."""
    if moment + late <= dt_util.utcnow():
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="not_in_the_future",
            translation_placeholders={"time": short_time(moment)},
        )


def amount_in_kwh(settings: DeviceSettings, amount: float) -> float:
    """Return a state of charge in kWh that is given in the unit of the settings.

    Raises ServiceValidationError for a share of a capacity that is not known.
    """
    if (kwh := settings.in_kwh(amount)) is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="capacity_unknown"
        )
    return kwh


def check_number(value: float) -> None:
    """Raise ServiceValidationError for NaN and for what is endless."""
    if not believable(value):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="not_a_number"
        )
