"""What cannot be done with an RM, as Home Assistant tells it."""

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..const import DOMAIN


def invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error of a wish that cannot be met; `key` is that of a translated text."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )


def not_connected(device: str) -> ServiceValidationError:
    """Return the error of what only a connected RM can do."""
    return invalid("s2_not_connected", device=device)


def failed(key: str, **placeholders: str) -> HomeAssistantError:
    """Return the error of a wish that the RM has not met."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )
