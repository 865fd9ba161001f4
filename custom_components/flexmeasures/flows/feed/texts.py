"""Sentences about a feed, in Home Assistant's language."""

from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from ...const import DOMAIN


class Texts:
    """The texts among ``common``."""

    def __init__(self, texts: dict[str, str]) -> None:
        """Start with what Home Assistant has."""
        self._texts = texts

    def __call__(self, key: str, **placeholders: str) -> str:
        """Return a text with its placeholders filled in."""
        return self._texts[f"component.{DOMAIN}.common.{key}"].format(**placeholders)


async def async_texts(hass: HomeAssistant) -> Texts:
    """Return the texts."""
    return Texts(
        await async_get_translations(hass, hass.config.language, "common", {DOMAIN})
    )


def amount(value: float, unit: str | None) -> str:
    """Return a number as people read it, with its unit."""
    # What is added makes 0 of -0.
    value = round(value, 6 if abs(value) < 1 else 3) + 0.0
    number = f"{value:.6f}"
    number = number.rstrip("0").rstrip(".")
    return f"{number} {unit}" if unit else number


def length(duration: timedelta) -> str:
    """Return how long an interval is, by the signs that all languages share."""
    minutes = duration // timedelta(minutes=1)
    if minutes % (24 * 60) == 0:
        return f"{minutes // (24 * 60)} d"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


def moment(at: datetime) -> str:
    """Return a time where Home Assistant is, as all languages read it."""
    return dt_util.as_local(at).strftime("%Y-%m-%d %H:%M")
