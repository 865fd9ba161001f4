"""Which control type a device is under: what the user chose, and what the RM agrees to."""

import asyncio
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ...s2.messages.message import ControlType, ReceptionStatus
from ...s2.session.effects import Selection, SelectionEnded
from ...s2.session.session import NotOfferedError, NotReadyError
from ...timer import Timer
from ..control_type_names import option_of
from ..errors import failed, invalid, not_connected
from ..memory import ResourceMemory
from ..server.connection import Connection
from .automatic import AutomaticControlType, patience

_LOGGER = logging.getLogger(__name__)

UNCONTROLLED: Final = frozenset({ControlType.NO_SELECTION, ControlType.NOT_CONTROLABLE})

# Between asking an RM that cannot now, or does not answer, and asking it again.
_FIRST_PAUSE: Final = timedelta(seconds=5)
_LONGEST_PAUSE: Final = timedelta(minutes=15)


class ControlTypeChoice:
    """Has the RM take up the control type that is to be in force."""

    def __init__(
        self,
        hass: HomeAssistant,
        name: str,
        memory: ResourceMemory,
        *,
        is_automatic: bool,
    ) -> None:
        """Start without a connection; `name` is the device's.

        `is_automatic` it is where the user has chosen nothing so far.
        """
        if memory.is_automatic is None:
            memory.is_automatic = is_automatic and memory.control_type is None
        self.is_handed_back = False
        """Whether control was given up for want of a plan, until there is one again."""
        self._hass = hass
        self._name = name
        self._memory = memory
        self._connection: Connection | None = None
        self._one_at_a_time = asyncio.Lock()
        self._waiting: asyncio.Future[SelectionEnded] | None = None
        self._failures = 0
        """How often in a row the RM was asked in vain."""
        self._retry_timer = Timer(hass, self._retry)
        self._automatic = AutomaticControlType()
        self._problem: tuple[str, datetime] | None = None
        self._problem_timer = Timer(hass, self._look_at_problem)

    @property
    def is_automatic(self) -> bool:
        """Whether the best control type is found that is offered."""
        return bool(self._memory.is_automatic)

    @property
    def offers(self) -> frozenset[ControlType] | None:
        """What the RM offers; None while it is not connected."""
        details = self._connection.session.rm.details if self._connection else None
        return details.control_types if details else None

    @callback
    def async_stop(self) -> None:
        """Do nothing more."""
        self._retry_timer.async_disarm()
        self._problem_timer.async_disarm()

    @callback
    def async_connected(self, connection: Connection) -> None:
        """Go on with an RM that has said what it is, for the first time or again."""
        self._connection = connection
        self._automatic.offer(self.offers or ())
        self.async_take_up()

    @callback
    def async_in_force(self, control_type: ControlType) -> None:
        """Remember what is in force, also for when the RM is away, unless none is."""
        if self.is_automatic and control_type is not ControlType.NO_SELECTION:
            self._memory.control_type = control_type

    @callback
    def async_consider(self, problem: str | None, since: datetime | None) -> None:
        """Find another control type if nothing can be planned under the present one.

        `problem` is the key of why.
        """
        lasting = None if problem is None or since is None else patience(problem)
        if problem is None or since is None or lasting is None:
            self._problem = None
            self._problem_timer.async_disarm()
            return
        self._problem = problem, since + lasting
        self._look_at_problem(dt_util.utcnow())

    @callback
    def _look_at_problem(self, now: datetime) -> None:
        if self._problem is None or self._connection is None or not self.is_automatic:
            return
        _, moment = self._problem
        if moment > now:
            self._problem_timer.async_arm(moment)
            return
        self._automatic.rule_out(self._connection.session.rm.control_type)
        self.async_take_up()

    @callback
    def async_disconnected(self) -> None:
        """Go on without an RM."""
        self._connection = None
        self.is_handed_back = False
        self._failures = 0
        self._retry_timer.async_disarm()
        self._automatic.forget()
        self._problem = None
        self._problem_timer.async_disarm()
        self.async_ended(
            SelectionEnded(ControlType.NO_SELECTION, Selection.DISCONNECTED)
        )

    @callback
    def async_take_up(self) -> None:
        """Ask for the control type that is to be in force, if another one is.

        Unless it is automatic, the RM is only measured until the user chooses one.
        Nothing is asked for while the user waits for what becomes of a choice.
        """
        if self._connection is None or self._waiting is not None:
            return
        # What the RM has not answered yet counts as if it were in force.
        if self._wanted is not self._connection.session.expected_control_type:
            self._ask(self._connection)

    def _ask(self, connection: Connection) -> None:
        self._retry_timer.async_disarm()
        wanted = self._wanted
        try:
            effects = connection.session.select_control_type(wanted, dt_util.utcnow())
        except NotReadyError, NotOfferedError:
            if self._memory.control_type is not None:
                _LOGGER.info("The RM of %s cannot take up %s now", self._name, wanted)
            return
        connection.async_do(effects)

    @property
    def _wanted(self) -> ControlType:
        if self.is_handed_back:
            return ControlType.NO_SELECTION
        if self.is_automatic:
            return self._automatic.best
        return self._memory.control_type or ControlType.NOT_CONTROLABLE

    async def async_change(self, control_type: ControlType | None) -> None:
        """Have the RM be controlled in another way, from now on and after reconnects.

        None for the best way that it offers, whatever that is and may become.

        Raises ServiceValidationError if it is not connected or does not offer it, and
        HomeAssistantError if it refuses or does not answer; then nothing changes.
        """
        async with self._one_at_a_time:
            if control_type is None:
                self._choose_automatically()
                return
            try:
                await self._change(control_type)
            finally:
                # Meanwhile something else may have become of what was there before.
                self.async_take_up()

    def _choose_automatically(self) -> None:
        self._memory.is_automatic = True
        self.is_handed_back = False
        self._automatic.forget()
        self._automatic.offer(self.offers or ())
        self.async_take_up()

    async def _change(self, control_type: ControlType) -> None:
        match (await self._select(control_type)).outcome:
            case Selection.ACTIVATED:
                self._memory.control_type = control_type
                self._memory.is_automatic = False
                self.is_handed_back = False
            case Selection.REFUSED:
                raise self._error("s2_refused", control_type)
            case Selection.UNANSWERED:
                raise self._error("s2_unanswered", control_type)
            case _:
                raise not_connected(self._name)

    @callback
    def async_ended(self, ended: SelectionEnded) -> None:
        """Take note of what has come of asking."""
        # What is superseded was not the user's: those come one at a time.
        if ended.outcome is Selection.SUPERSEDED:
            return
        if ended.outcome is Selection.ACTIVATED:
            self._failures = 0
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(ended)
        elif ended.outcome in (Selection.REFUSED, Selection.UNANSWERED):
            _LOGGER.log(
                logging.DEBUG if self._failures else logging.WARNING,
                "The RM of %s did not take up %s: %s",
                self._name,
                ended.control_type,
                ended.outcome,
            )
            # Who is only measured needs not agree to that.
            if ended.control_type is not ControlType.NOT_CONTROLABLE and (
                ended.outcome is Selection.UNANSWERED
                or ended.status is ReceptionStatus.TEMPORARY_ERROR
            ):
                pause = min(_FIRST_PAUSE * 2 ** min(self._failures, 10), _LONGEST_PAUSE)
                self._failures += 1
                self._retry_timer.async_arm(dt_util.utcnow() + pause)
            elif self.is_automatic and ended.outcome is Selection.REFUSED:
                self._automatic.refuse(ended.control_type)
                self.async_take_up()

    @callback
    def _retry(self, now: datetime) -> None:
        """Ask once more, unless the user is just about to choose."""
        if self._connection is not None and self._waiting is None:
            self._ask(self._connection)

    async def _select(self, control_type: ControlType) -> SelectionEnded:
        """Ask the RM and wait for what comes of it; raises ServiceValidationError."""
        if (connection := self._connection) is None:
            raise not_connected(self._name)
        try:
            effects = connection.session.select_control_type(
                control_type, dt_util.utcnow()
            )
        except NotReadyError:
            raise not_connected(self._name) from None
        except NotOfferedError:
            details = connection.session.rm.details
            offered = details.control_types if details else ()
            raise invalid(
                "s2_not_offered",
                device=self._name,
                control_type=option_of(control_type),
                offered=", ".join(sorted(map(option_of, offered))) or "-",
            ) from None
        self._waiting = self._hass.loop.create_future()
        try:
            connection.async_do(effects)
            return await self._waiting
        finally:
            self._waiting = None

    def _error(self, key: str, control_type: ControlType) -> HomeAssistantError:
        return failed(key, device=self._name, control_type=option_of(control_type))
