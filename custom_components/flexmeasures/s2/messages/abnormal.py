"""What a message says if what is for abnormal conditions only may be used, too."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from .message import Message

_ONLY_THEN: Final = "abnormal_condition_only"
_DESCRIPTIONS: Final = (
    "SystemDescription",
    "PowerConstraints",
    "PowerProfileDefinition",
)


def differs_under_abnormal_conditions(message: Message) -> bool:
    """Return whether it describes anything that is for abnormal conditions only."""
    return message.type.endswith(_DESCRIPTIONS) and _has_reserved(message.body)


def under_abnormal_conditions(message: Message) -> Message:
    """Return a description as it is to be read in a grid emergency."""
    if not differs_under_abnormal_conditions(message):
        return message
    return replace(message, body=_all_usable(message.body))


def _has_reserved(value: Any) -> bool:
    match value:
        case Mapping():
            return value.get(_ONLY_THEN) is True or any(
                map(_has_reserved, value.values())
            )
        case list():
            return any(map(_has_reserved, value))
    return False


def _all_usable(value: Any) -> Any:
    match value:
        case Mapping():
            return {
                key: False if key == _ONLY_THEN else _all_usable(each)
                for key, each in value.items()
            }
        case list():
            return [_all_usable(each) for each in value]
    return value
