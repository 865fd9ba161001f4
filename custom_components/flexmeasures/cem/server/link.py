"""The one connection that the RM of a device has, whichever one that is at the time."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
import logging

from aiohttp.web import WebSocketResponse

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ...s2.control_types import make_handler
from ...s2.messages.details import ResourceDetails
from ...s2.session.effects import (
    DetailsReceived,
    Effect,
    Ended,
    ForeignResource,
    MessageAccepted,
)
from ...s2.session.endings import EndReason
from ...s2.session.session import Session
from ..memory import ResourceMemory
from .connection import Connection

_LOGGER = logging.getLogger(__name__)

# Devices that push each other out would go on for ever.
_REPLACEMENTS = 5
_REPLACEMENTS_WITHIN = timedelta(minutes=1)

# Else each new connection would begin with as many messages again.
_FLOOD_PAUSE = timedelta(seconds=30)

# So many tell the power of all phases, also if each is measured by itself.
_MEASUREMENTS = 10

# How long it is reported that devices share a token, as far as anyone can see.
_REMEMBERED = timedelta(days=1)


class ResourceLink:
    """Lets an RM in, and only the one that the token belongs to.

    The newest connection wins, once it has said to be the right resource; until then
    the present one goes on. A token belongs to the first resource that comes with it,
    until the user says otherwise.
    """

    def __init__(self, hass: HomeAssistant, name: str, memory: ResourceMemory) -> None:
        """Wait for an RM; `name` is the device's."""
        self.connection: Connection | None = None
        self._hass = hass
        self._name = name
        self._memory = memory
        self._handle: Callable[[Effect], None] = _let_pass
        self._change: Callable[[], AbstractContextManager[None]] = nullcontext
        self._newcomer: Connection | None = None
        """One that has not said what it is, beside one that has its place."""
        self._measured: deque[MessageAccepted] = deque(maxlen=_MEASUREMENTS)
        self._is_for_any = False
        self._is_closed = False
        self._replacements: deque[datetime] = deque(maxlen=_REPLACEMENTS)
        self._contested_at: datetime | None = None
        self._refused_until: datetime | None = None
        self._foreign: tuple[str, datetime] | None = None

    @property
    def details(self) -> ResourceDetails | None:
        """What the RM is that is connected; None if none is, or has not said so."""
        return self.connection.session.rm.details if self.connection else None

    @property
    def measured(self) -> Sequence[MessageAccepted]:
        """What the present RM has measured last, whoever was loaded by then."""
        return tuple(self._measured)

    @property
    def foreign_resource_id(self) -> str | None:
        """What another device says to be that came with this token; None if none did."""
        if self._foreign is None:
            return None
        resource_id, moment = self._foreign
        return resource_id if dt_util.utcnow() - moment < _REMEMBERED else None

    @property
    def is_contested(self) -> bool:
        """Whether devices push each other out, as two with one token would."""
        return (
            self._contested_at is not None
            and dt_util.utcnow() - self._contested_at < _REMEMBERED
        )

    @callback
    def async_attach(
        self,
        name: str,
        memory: ResourceMemory,
        handle: Callable[[Effect], None],
        change: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Serve a device that is loaded.

        `handle` gets the effects of the present RM's session, those that come together
        within a `change`.
        """
        self._name, self._memory = name, memory
        self._handle, self._change = handle, change

    @callback
    def async_detach(self) -> None:
        """Go on without the device, which is loaded again in a moment."""
        self._handle, self._change = _let_pass, nullcontext

    @callback
    def async_bind(self, token_hash: str, *, is_for_any: bool) -> None:
        """Forget whom the token belongs to if it is a new one.

        `is_for_any` resource it is that comes with it: some call themselves otherwise
        each time.
        """
        self._is_for_any = is_for_any
        if self._memory.token_hash != token_hash:
            self._memory.token_hash = token_hash
            self._memory.is_token_void = False
            self._memory.resource_id = None

    @callback
    def async_void_token(self) -> None:
        """End the connection, and let none in any more until there is a new token."""
        if not self._memory.is_token_void:
            _LOGGER.warning(
                "The S2 token of %s was in an address, and is void from now on",
                self._name,
            )
        self._memory.is_token_void = True
        self.async_end(EndReason.EXPOSED)

    @callback
    def async_accept(self, resource_id: str) -> None:
        """Let the token belong to another device."""
        self._memory.resource_id = resource_id
        self._foreign = None
        self.async_end(EndReason.REPLACED)

    @callback
    def async_forget_contest(self) -> None:
        """Take for settled that devices push each other out."""
        self._contested_at = None

    @callback
    def async_admit(self) -> bool:
        """Return whether another connection may come, and take the present one's place."""
        now = dt_util.utcnow()
        if self._refused_until is not None and now < self._refused_until:
            return False
        if self.connection is None:
            return True
        if (
            len(self._replacements) == _REPLACEMENTS
            and now - self._replacements[0] < _REPLACEMENTS_WITHIN
        ):
            if not self.is_contested:
                _LOGGER.warning(
                    "Devices that connect with the S2 token of %s push each other out",
                    self._name,
                )
            self._contested_at = now
            return False
        return True

    async def async_hold(
        self, socket: WebSocketResponse, abort: Callable[[], None]
    ) -> None:
        """Speak with an RM until its connection ends."""
        connection = Connection(
            self._hass,
            socket,
            Session(make_handler, dt_util.utcnow(), resource_id=self._resource_id),
            name=self._name,
            handle=self._pass_on,
            change=self._present_change,
            abort=abort,
        )
        if self.connection is None:
            self.connection = connection
        else:
            if self._newcomer is not None:
                self._newcomer.async_close(EndReason.REPLACED)
            self._newcomer = connection
        if self._is_closed:
            # It was let in just before.
            connection.async_close(EndReason.UNLOADED)
        await connection.async_run()

    @callback
    def async_end(self, reason: EndReason) -> None:
        """End the present connection, if there is one, and that of a newcomer."""
        for connection in (self._newcomer, self.connection):
            if connection is not None:
                connection.async_close(reason)
                self._drop(connection, reason)

    @callback
    def async_close(self, reason: EndReason) -> None:
        """End it, and let none in any more."""
        self._is_closed = True
        self.async_end(reason)

    @callback
    def async_abandon(self) -> None:
        """End it: the device is not loaded again after all."""
        self.async_close(EndReason.UNLOADED)

    def _present_change(self) -> AbstractContextManager[None]:
        return self._change()

    @property
    def _resource_id(self) -> str | None:
        """What an RM has to be; None if it may be any."""
        return None if self._is_for_any else self._memory.resource_id

    def _drop(self, connection: Connection, reason: EndReason) -> None:
        """Go on without a connection, which may still say good-bye."""
        if connection is self._newcomer:
            self._newcomer = None
        if connection is self.connection:
            self.connection = None
            self._measured.clear()
            with self._change():
                self._handle(Ended(reason))

    def _pass_on(self, connection: Connection, effect: Effect) -> None:
        """Pass on what a session effects, unless another one has taken its place.

        Of a newcomer nothing counts until it has said what it is.
        """
        is_newcomer = connection is self._newcomer
        if not is_newcomer and connection is not self.connection:
            return
        match effect:
            case Ended(reason=reason):
                if reason is EndReason.TOO_MANY_MESSAGES:
                    self._refused_until = dt_util.utcnow() + _FLOOD_PAUSE
                self._drop(connection, reason)
                return
            case ForeignResource(resource_id=resource_id):
                _LOGGER.warning(
                    "Another device has come with the S2 token of %s", self._name
                )
                self._foreign = resource_id, dt_util.utcnow()
            case DetailsReceived(details=details):
                if is_newcomer:
                    self._replace(connection)
                self._memory.resource_id = details.resource_id
                if self._newcomer is not None:
                    self._newcomer.session.resource_id = self._resource_id
            case _ if is_newcomer:
                return
            case MessageAccepted(message=message):
                if message.type == "PowerMeasurement":
                    self._measured.append(effect)
        self._handle(effect)

    def _replace(self, connection: Connection) -> None:
        """Let a newcomer have the place of the present one."""
        self._newcomer = None
        self._replacements.append(dt_util.utcnow())
        self.async_end(EndReason.REPLACED)
        self.connection = connection


def _let_pass(_effect: Effect) -> None:
    """Do nothing about it: the session knows what it was told."""
