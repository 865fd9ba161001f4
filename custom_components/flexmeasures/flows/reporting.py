"""Flows that show what went wrong with the server."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
import logging
from typing import Any, Final

import voluptuous as vol

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult

from ..api.errors import (
    NO_ANSWER,
    CannotConnectError,
    FlexMeasuresError,
    ServerError,
    ServerTooOldError,
    UnknownUserError,
    WrongPasswordError,
)
from ..texts import async_texts, local_placeholders

_LOGGER = logging.getLogger(__name__)

# Of someone in front of a form: seconds for all that one form asks of the server.
_PATIENCE: Final = 10.0
SCHEMES: Final = {"http": "http://", "https": "https://"}
"""How addresses begin, for texts, which may hold no address themselves."""


class ReportingFlow[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    FlowHandler[ContextT, ResultT, HandlerT]
):
    """A flow that shows what went wrong with the server at the field that it is about."""

    _is_waited_for = True
    """Whether someone is; else each request may take as long as elsewhere."""

    def __init__(self) -> None:
        """Start without errors."""
        self._deadline: float | None = None
        self._errors: dict[str, str] = {}
        self._placeholders: dict[str, str] = {}

    @asynccontextmanager
    async def _reported(self, *, goes_on: bool = False) -> AsyncIterator[None]:
        """Turn an exception, or a lack of patience, into an error of the form.

        `goes_on`: it is asked for the same form as what was asked before.
        """
        self._errors, self._placeholders = {}, {}
        # Before an account is loaded, its texts are not.
        await async_texts(self.hass)
        if self._is_waited_for and not goes_on:
            self._deadline = asyncio.get_running_loop().time() + _PATIENCE
        try:
            async with asyncio.timeout_at(self._deadline):
                yield
        except FlexMeasuresError as err:
            self._report(err)
        except TimeoutError:
            self._report(CannotConnectError(NO_ANSWER))
        except Exception:
            _LOGGER.exception("Unexpected exception")
            self._errors["base"] = "unknown"

    def _report(self, err: FlexMeasuresError) -> None:
        """Show an error at its field."""
        # Which part of the server is out of order is nothing to whoever fills in a form.
        kind = ServerError if isinstance(err, ServerError) else err
        self._errors[_field(err)] = kind.translation_key
        self._placeholders = local_placeholders(err.placeholders)

    def _show(
        self,
        step_id: str,
        schema: vol.Schema,
        values: Mapping[str, Any] | None,
        **placeholders: str,
    ) -> ResultT:
        """Show a form with what was entered, or known, and what is wrong with it."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            # An error at a field that this form does not have would not be seen.
            errors={
                field if field in schema.schema else "base": error
                for field, error in self._errors.items()
            },
            description_placeholders={**SCHEMES, **placeholders, **self._placeholders},
        )

    def _abort(self) -> ResultT:
        """End the flow with what went wrong, as there is no form to show it in."""
        return self.async_abort(
            reason=next(iter(self._errors.values())),
            description_placeholders=self._placeholders,
        )


def _field(err: FlexMeasuresError) -> str:
    """Return the field of the account's form that an error is about."""
    match err:
        case UnknownUserError():
            return CONF_USERNAME
        case WrongPasswordError():
            return CONF_PASSWORD
        case CannotConnectError() | ServerTooOldError():
            return CONF_HOST
        case _:
            return "base"
