"""Numbers and times as they are written in Home Assistant's language."""

from datetime import date, datetime, timedelta
from typing import Final

from homeassistant.core import async_get_hass
from homeassistant.util import dt as dt_util

from .texts import loaded_text

# A day of this year, and of another one. English does not agree on the order of numbers.
_ENGLISH: Final = ("{0.day} {0:%b}", "{0.day} {0:%b} {0.year}")
_DAYS: Final = {
    "de": ("{0.day}.{0.month}.", "{0.day}.{0.month}.{0.year}"),
    "es": ("{0.day}/{0.month}", "{0.day}/{0.month}/{0.year}"),
    "fr": ("{0.day}/{0.month}", "{0.day}/{0.month}/{0.year}"),
    "nl": ("{0.day}-{0.month}", "{0.day}-{0.month}-{0.year}"),
}


def short_time(moment: datetime) -> str:
    """Return a local time as people say it: ``16:45``, ``tomorrow 03:00``, ``3 Dec 08:00``."""
    local, today = dt_util.as_local(moment), dt_util.now().date()
    clock = f"{local:%H:%M}"
    ahead = local.date() - today
    if not ahead:
        return clock
    if ahead == timedelta(days=1):
        return f"{loaded_text('common', 'tomorrow')} {clock}"
    return f"{_day(local, today)} {clock}"


def day_and_time(moment: datetime) -> str:
    """Return a local time that is still right when it is read days later: ``3 Dec 08:00``."""
    local = dt_util.as_local(moment)
    return f"{_day(local, dt_util.now().date())} {local:%H:%M}"


def _day(local: datetime, today: date) -> str:
    of_this_year, of_another = _DAYS.get(_language(), _ENGLISH)
    return (of_this_year if local.year == today.year else of_another).format(local)


def short_number(value: float) -> str:
    """Return a number with the digits that people need, and their decimal sign."""
    return with_local_mark(f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}")


def decimal_number(value: float, digits: int) -> str:
    """Return a number with as many decimals, as people write amounts of money."""
    return with_local_mark(f"{value:.{digits}f}")


def with_local_mark(number: str) -> str:
    """Return a number that is written with a point the way it is written here."""
    return number.replace(".", ",") if _language() in _DAYS else number


def _language() -> str:
    return async_get_hass().config.language
