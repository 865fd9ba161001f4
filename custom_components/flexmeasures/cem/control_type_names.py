"""S2's control types as users see and write them."""

from typing import Final

from ..s2.messages.message import ControlType

AUTOMATIC: Final = "automatic"
"""The option that lets the best one be found."""


def option_of(control_type: ControlType) -> str:
    """Return what it is called in options, whose texts are translated."""
    if control_type is ControlType.NOT_CONTROLABLE:
        return "not_controllable"
    return control_type.lower()


OPTIONS = {option_of(control_type): control_type for control_type in ControlType}
"""All control types by their options."""


def choice_of(text: str) -> ControlType | None:
    """Return the one that is chosen, None for an automatic one; raises ValueError."""
    return None if text.strip().lower() == AUTOMATIC else control_type_of(text)


def control_type_of(text: str) -> ControlType:
    """Return the one that is meant, also as S2 writes it; raises ValueError."""
    option = text.strip().lower()
    return OPTIONS[option] if option in OPTIONS else ControlType(option.upper())
