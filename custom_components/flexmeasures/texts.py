"""The texts of the translations, in Home Assistant's language."""

from collections.abc import Mapping
from contextlib import suppress
import re

from homeassistant.core import HomeAssistant, async_get_hass, callback
from homeassistant.helpers.translation import (
    async_get_cached_translations,
    async_get_translations,
)

from .const import DOMAIN


class Texts:
    """The texts among ``common``."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Start with what Home Assistant has."""
        self._texts = texts

    def __call__(self, key: str, **placeholders: str) -> str:
        """Return a text with its placeholders filled in."""
        return self._texts[f"component.{DOMAIN}.common.{key}"].format(**placeholders)


async def async_texts(hass: HomeAssistant) -> Texts:
    """Return the texts, which are loaded if they are not yet."""
    return Texts(
        await async_get_translations(hass, hass.config.language, "common", {DOMAIN})
    )


@callback
def async_text(hass: HomeAssistant, key: str, **placeholders: str) -> str:
    """Return one of them, with its placeholders filled in, once the integration is loaded."""
    language = hass.config.language
    return Texts(async_get_cached_translations(hass, language, "common", DOMAIN))(
        key, **placeholders
    )


def local_placeholders(placeholders: Mapping[str, str]) -> dict[str, str]:
    """Return what an error's text needs, with its reason in the owner's language if it is ours.

    The words of others, like the server's own, stay as they are.
    """
    return {
        name: _local_reason(value) if name == "reason" else value
        for name, value in placeholders.items()
    }


def _local_reason(words: str) -> str:
    key = f"reason_{re.sub(r'\W+', '_', words).lower()}"
    text = loaded_text("common", key)
    return words if text == key else text


def error_text(key: str, placeholders: Mapping[str, str]) -> str:
    """Return what is wrong, and what to do about it, by the key of an exception's text.

    The server's own words (`reason`) follow where the text is not made of them.
    """
    placeholders = local_placeholders(placeholders)
    text = told = loaded_text("exceptions", f"{key}.message")
    # What was remembered may be of another version of this integration.
    with suppress(KeyError):
        told = text.format(**placeholders)
    words = placeholders.get("reason")
    return f"{told} ({words})" if words and "{reason}" not in text else told


def loaded_text(category: str, key: str) -> str:
    """Return a text where no Home Assistant is at hand; its key if there is no text."""
    path = f"component.{DOMAIN}.{category}.{key}"
    hass = async_get_hass()
    for language in (hass.config.language, "en"):
        texts = async_get_cached_translations(hass, language, category, DOMAIN)
        if path in texts:
            return texts[path]
    return key
