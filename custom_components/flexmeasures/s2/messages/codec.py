"""From JSON text to messages and back."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any, Final
from uuid import uuid4

import voluptuous as vol

from . import common, ddbc, frbc, ombc, pebc, ppbc
from .fields import ImplausibleError, identifier
from .message import Message, ReceptionStatus

NIL_ID: Final = "00000000-0000-0000-0000-000000000000"
"""Stands for the id of a message that has none."""

_DEEPEST_NESTING: Final = 20
_SCHEMAS: Final = {
    message_type: schema
    for module in (common, pebc, ppbc, ombc, frbc, ddbc)
    for message_type, schema in module.SCHEMAS.items()
}


class MalformedMessageError(Exception):
    """A text is no message that can be taken in.

    `diagnostic` names the field that is wrong, and holds nothing of what was sent.
    """

    def __init__(
        self,
        status: ReceptionStatus,
        subject_message_id: str | None,
        diagnostic: str,
        message_type: str | None = None,
    ) -> None:
        """Keep how to answer; no id means not at all, for it was a ReceptionStatus."""
        super().__init__(diagnostic)
        self.status = status
        self.subject_message_id = subject_message_id
        self.diagnostic = diagnostic
        self.message_type = message_type


def new_id() -> str:
    """Make an id for a message or for an object in one."""
    return str(uuid4())


def decode(text: str | bytes) -> Message:
    """Read a message; raises MalformedMessageError.

    What its moment decides (is it in its place, can its times be) is not looked at.
    """
    data = _parse(text)
    message_type = data.get("message_type")
    if message_type == "ReceptionStatus":
        message_id = None
    else:
        try:
            message_id = identifier(data.get("message_id"))
        except vol.Invalid as err:
            raise _no_data("message_id") from err
    if not isinstance(message_type, str) or message_type not in _SCHEMAS:
        raise MalformedMessageError(
            ReceptionStatus.INVALID_MESSAGE, message_id, "message_type"
        )
    if _is_nested_too_deep(data):
        raise MalformedMessageError(
            ReceptionStatus.INVALID_MESSAGE, message_id, "nesting", message_type
        )
    try:
        body = _SCHEMAS[message_type](data)
    except vol.MultipleInvalid as err:
        raise MalformedMessageError(
            _status_of(err), message_id, _field_of(err), message_type
        ) from err
    return Message(message_type, message_id or "", body)


def encode(message: Message) -> str:
    """Write a message; a ReceptionStatus has no id of its own.

    Raises ValueError for numbers that JSON does not have.
    """
    head = {"message_type": message.type} | (
        {"message_id": message.id} if message.id else {}
    )
    return json.dumps(
        {**head, **message.body},
        default=_plain,
        allow_nan=False,
        separators=(",", ":"),
    )


def _parse(text: str | bytes) -> dict[str, Any]:
    try:
        data = json.loads(
            text.decode() if isinstance(text, bytes) else text,
            object_pairs_hook=_without_nulls,
        )
    except (ValueError, RecursionError) as err:
        raise _no_data("JSON") from err
    if not isinstance(data, dict):
        raise _no_data("JSON object")
    return data


def _without_nulls(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Take null for absent, as many RMs mean it."""
    return {key: value for key, value in pairs if value is not None}


def _no_data(diagnostic: str) -> MalformedMessageError:
    return MalformedMessageError(ReceptionStatus.INVALID_DATA, NIL_ID, diagnostic)


def _is_nested_too_deep(data: dict[str, Any]) -> bool:
    level: list[Any] = [data]
    for _ in range(_DEEPEST_NESTING):
        level = [
            child
            for container in level
            for child in (
                container.values() if isinstance(container, dict) else container
            )
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


def _status_of(err: vol.MultipleInvalid) -> ReceptionStatus:
    if all(isinstance(error, ImplausibleError) for error in err.errors):
        return ReceptionStatus.INVALID_CONTENT
    return ReceptionStatus.INVALID_MESSAGE


def _field_of(err: vol.MultipleInvalid) -> str:
    return "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in err.path
    ).removeprefix(".")


def _plain(value: object) -> str | int:
    if isinstance(value, timedelta):
        return round(value / timedelta(milliseconds=1))
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no place in a message")
