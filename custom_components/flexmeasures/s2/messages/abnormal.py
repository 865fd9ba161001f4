"""What a message says if what is for abnormal conditions only may be used, too."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .message import Message

_ONLY_THEN = "abnormal_condition_only"


def under_abnormal_conditions(message: Message) -> Message:
    """Return a description as it is to be read in a grid emergency."""
    return replace(message, body=_all_usable(message.body))


def _all_usable(value: Any) -> Any:
    match value:
        case Mapping():
            return {
                key: False if key == _ONLY_THEN else _all_usable(each)
                for key, each in value.items()
            }
        case list() | tuple():
            return [_all_usable(each) for each in value]
    return value
