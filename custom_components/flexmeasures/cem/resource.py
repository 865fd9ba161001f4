"""The RM of one device, as Home Assistant knows it over all its connections."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from aiohttp.web import WebSocketResponse

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..api.client import FlexMeasuresApi
from ..const import (
    CONF_S2,
    CONF_S2_ANY_RESOURCE,
    CONF_S2_AUTOMATIC,
    CONF_S2_ROUTE,
    CONF_S2_TOKEN_HASH,
)
from ..coordinator import ScheduleCoordinator
from ..device.limits import Span
from ..device.listeners import Listeners
from ..device.store import AccountStore
from ..plan.window import Window
from ..s2.device_status import DeviceStatus
from ..s2.handler import ControlTypeHandler
from ..s2.instructions.instruction import Instruction
from ..s2.messages.details import ResourceDetails
from ..s2.messages.message import ControlType, Message
from ..s2.session.effects import (
    ControlTypeChanged,
    DetailsReceived,
    Effect,
    Ended,
    ForeignResource,
    InstructionAnswered,
    InstructionUpdated,
    MessageAccepted,
    MessageRefused,
    ObjectRevoked,
    SelectionEnded,
    Send,
)
from ..s2.session.endings import EndReason
from ..s2.session.session import NotReadyError
from ..scheduling.errors import S2NotPlannableError
from ..scheduling.queue import ScheduleQueue
from ..timer import Timer
from .clock import RemoteClock
from .computing import Computing
from .control.choice import UNCONTROLLED, ControlTypeChoice
from .control.manual import ManualOrder, manual_instruction
from .control.plan_follower import PlanFollower
from .control.replanning import Replanning
from .energy_count import EnergyCount
from .errors import not_connected
from .measurements import Measurements
from .memory import ResourceMemory
from .server.link import ResourceLink
from .server.view import async_connect_at
from .traffic import Traffic

_LOGGER = logging.getLogger(__name__)

# However often an RM measures, entities follow no faster.
_NOTIFY_APART = timedelta(seconds=5)


_WITHOUT_LEVEL: Final = frozenset(
    {ControlType.POWER_PROFILE, ControlType.DEMAND_DRIVEN}
)


class ManagedResource:
    """Keeps what the RM of a device reports, and has it follow the plan."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        coordinator: ScheduleCoordinator,
        *,
        api: FlexMeasuresApi,
        queue: ScheduleQueue,
        store: AccountStore,
        link: ResourceLink | None = None,
    ) -> None:
        """Wait for the RM to connect, unless it is already, by a `link` from before."""
        self.name = coordinator.subentry.title
        self.memory = ResourceMemory.kept_in(
            store, coordinator.settings.power_sensor, coordinator.lifetime
        )
        self.coordinator = coordinator
        self.traffic = Traffic()
        self.clock = RemoteClock()
        self.link = link or ResourceLink(hass, self.name, self.memory)
        self._is_released = False
        self.details: ResourceDetails | None = self.link.details
        """Of the RM that is connected."""
        self.measurements = Measurements(hass, entry, coordinator, api)
        pairing = coordinator.subentry.data[CONF_S2]
        self.choice = ControlTypeChoice(
            hass,
            self.name,
            self.memory,
            is_automatic=pairing.get(CONF_S2_AUTOMATIC, False),
        )
        computing = Computing(hass)
        self.replanning = Replanning(hass, coordinator, self.memory, queue, computing)
        self.follower = PlanFollower(
            hass,
            coordinator,
            self,
            computing=computing,
            is_plan_void=lambda: self.replanning.problem is not None,
        )
        self.sender = self.follower.sender
        self._hass = hass
        self._entry = entry
        self._store = store
        self._energy = EnergyCount(coordinator.memory, self.memory, store)
        self.refusals: Listeners[str] = Listeners()
        """Are called with what the RM does not do, in words."""
        self._listeners: Listeners[[]] = Listeners()
        self._notified_at: datetime | None = None
        self._changes = 0
        self._is_news = self._is_device_news = False
        self._notify_timer = Timer(hass, lambda _now: self.async_notify())

    # --- what is known

    @property
    def is_connected(self) -> bool:
        """Whether the RM is there and has said what it is."""
        return self.details is not None

    @property
    def control_type(self) -> ControlType | None:
        """The one in force; None while it is not connected."""
        if self.link.connection is None or not self.is_connected:
            return None
        return self.link.connection.session.rm.control_type

    @property
    def shown_control_type(self) -> ControlType | None:
        """The one in force; the one that was chosen or found while it is not connected."""
        return self.control_type if self.is_connected else self.memory.control_type

    @property
    def handler(self) -> ControlTypeHandler | None:
        """What it has reported under its control type."""
        connection = self.link.connection
        return connection.session.rm.handler if connection else None

    @property
    def device_status(self) -> DeviceStatus:
        """What it last reported of its device."""
        if self.handler is None:
            return DeviceStatus()
        return self.handler.status(
            dt_util.utcnow(), capacity_kwh=self.coordinator.settings.capacity
        )

    @property
    def is_automatic(self) -> bool:
        """Whether the best control type is found that it offers."""
        return self.choice.is_automatic

    @property
    def is_to_be_controlled(self) -> bool:
        """Whether the control type that is chosen or found is one that controls it."""
        return self.memory.control_type not in {None, *UNCONTROLLED}

    @property
    def is_plannable(self) -> bool:
        """Whether a new schedule would be of use now."""
        return not self.is_to_be_controlled or self.replanning.is_plannable

    @property
    def knows_level(self) -> bool:
        """Whether schedules are made from a level that it tells, or that is counted."""
        handler = self.handler
        return (
            self.is_to_be_controlled
            and handler is not None
            and (handler.is_storage or handler.counts_energy)
        )

    @property
    def counts_energy(self) -> bool:
        """Whether a target is what to consume until then, counted from the last one on."""
        handler = self.handler
        return (
            self.is_to_be_controlled and handler is not None and handler.counts_energy
        )

    @property
    def follows_prices(self) -> bool:
        """Whether it is planned here, by the prices, and by no schedule."""
        handler = self.handler
        return (
            self.is_to_be_controlled
            and handler is not None
            and not handler.needs_schedule
        )

    @property
    def is_planned_here(self) -> bool:
        """Whether its start is chosen here, from the prices."""
        return self.memory.control_type is ControlType.POWER_PROFILE

    @property
    def may_have_level(self) -> bool:
        """Whether it can be charged with something, as far as is known by now."""
        return self.memory.control_type not in _WITHOUT_LEVEL

    @property
    def may_have_fill_level(self) -> bool:
        """Whether it can tell how full it is, as far as is known by now."""
        return self.memory.control_type in {None, ControlType.FILL_RATE, *UNCONTROLLED}

    @property
    def is_given_energy(self) -> bool:
        """Whether the user says how much energy it is to use, and not how full it has to be."""
        return self.memory.control_type is ControlType.OPERATION_MODE

    @property
    def power_limits(self) -> Span | None:
        """What power the device can have, in kW; None if it does not say so."""
        handler = self.handler
        if not self.is_to_be_controlled or handler is None:
            return None
        watts = handler.power_range(dt_util.utcnow())
        return watts and Span(watts.low / 1000, watts.high / 1000)

    @property
    def power_kw(self) -> float | None:
        """The power that is measured now; None if none is."""
        power = self.measurements.power
        return None if power is None else power / 1000

    @property
    def level_kwh(self) -> float | None:
        """How much is stored now; None if it does not tell that."""
        return self.device_status.soc_kwh

    @property
    def problem(self) -> S2NotPlannableError | None:
        """Why no schedule can be made from what it has reported, or none is followed."""
        problem = self.replanning.problem or self.follower.problem
        if problem is None and self.is_planned_here:
            return S2NotPlannableError("s2_planned_here")
        return problem

    @property
    def problem_since(self) -> datetime | None:
        """Since when there is one."""
        return self.replanning.problem_since or self.follower.problem_since

    @property
    def protocol_version(self) -> str | None:
        """The one that was agreed on; None while it is not connected."""
        connection = self.link.connection
        return connection.session.protocol_version if connection else None

    async def async_flex_model(
        self, window: Window, stored: Mapping[str, Any], overrides: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Return the flex-model to send; None if it is not controlled.

        Raises S2NotPlannableError.
        """
        if not self.is_to_be_controlled:
            return None
        self._measure(dt_util.utcnow())
        return await self.replanning.async_flex_model(window, stored, overrides)

    @callback
    def async_add_listener(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call it when something is new; return how to stop."""
        return self._listeners.async_add(listener)

    def describe(self, instruction: Instruction) -> str | None:
        """Return what an instruction says; None once nobody knows it any more."""
        return self.handler.describe(instruction) if self.handler else None

    # --- from set-up to unloading

    @callback
    def async_start(self) -> None:
        """Let the RM in until the device is unloaded."""
        pairing = self.coordinator.subentry.data[CONF_S2]
        self.link.async_attach(self.name, self.memory, self._handle, self._change)
        self.link.async_bind(
            pairing[CONF_S2_TOKEN_HASH],
            is_for_any=pairing.get(CONF_S2_ANY_RESOURCE, False),
        )
        self._energy.async_start()
        lifetime = self.coordinator.lifetime
        lifetime.async_on_unload(self.coordinator.async_add_listener(self._handle_plan))
        lifetime.async_on_unload(self._close)
        lifetime.async_on_unload(
            async_connect_at(
                self._hass, pairing[CONF_S2_ROUTE], pairing[CONF_S2_TOKEN_HASH], self
            )
        )
        if (details := self.link.details) is not None:
            with self._change():
                self._introduce(details)
                self._begin(self.handler)
                for measured in self.link.measured:
                    self._handle(measured)

    @callback
    def async_release(self) -> ResourceLink:
        """Let go of the RM, which stays connected, for who is loaded in this place next."""
        self._is_released = True
        self.link.async_detach()
        return self.link

    @callback
    def _close(self) -> None:
        if not self._is_released:
            subentry = self._entry.subentries.get(self.coordinator.subentry.subentry_id)
            is_removed = subentry is None or CONF_S2 not in subentry.data
            self.async_disconnect(
                EndReason.REMOVED if is_removed else EndReason.UNLOADED
            )
        self.choice.async_stop()
        self.replanning.async_stop()
        self.follower.async_stop()
        self.measurements.async_close()
        self._notify_timer.async_disarm()

    @callback
    def _handle_plan(self) -> None:
        """Follow what is new."""
        if self._energy.async_follow_target():
            self.replanning.async_want()
        self.follower.async_follow_plan()
        problem = self.replanning.problem
        self.choice.async_consider(
            None if problem is None else problem.translation_key,
            self.replanning.problem_since,
        )

    # --- connections

    @callback
    def async_admit(self) -> bool:
        """Return whether another connection may come, and take the present one's place."""
        is_admitted = self.link.async_admit()
        if not is_admitted:
            self._update_entities()
        return is_admitted

    @property
    def is_token_void(self) -> bool:
        """Whether a new token is needed."""
        return self.memory.is_token_void

    @callback
    def async_void_token(self) -> None:
        """Let in nobody with the present token any more."""
        self.link.async_void_token()
        # A power cut must not let it in again.
        self._store.async_remember(at_once=True)
        self._update_entities()

    async def async_hold(
        self, socket: WebSocketResponse, abort: Callable[[], None]
    ) -> None:
        """Speak with an RM until its connection ends; a former one ends now."""
        self.traffic.connections += 1
        await self.link.async_hold(socket, abort)

    @callback
    def async_disconnect(self, reason: EndReason) -> None:
        """End the connection, and let none in any more."""
        self.link.async_close(reason)

    async def async_accept_device(self, resource_id: str) -> None:
        """Let the token belong to another device."""
        self.link.async_accept(resource_id)
        await self.coordinator.async_write()

    @callback
    def async_forget_contest(self) -> None:
        """Take for settled that devices push each other out."""
        self.link.async_forget_contest()
        self._update_entities()

    # --- control

    async def async_change_control_type(self, control_type: ControlType | None) -> None:
        """Have the RM be controlled in another way: see `ControlTypeChoice.async_change`."""
        await self.choice.async_change(control_type)
        self.follower.async_forget_hand_back()
        self.async_notify()
        await self.coordinator.async_write()

    async def async_set_emergency(self, *, is_emergency: bool) -> None:
        """Use what is for abnormal conditions only from now on, or no more."""
        self.memory.is_emergency = is_emergency
        if (connection := self.link.connection) is not None:
            connection.async_do(
                connection.session.rm.set_emergency(is_emergency=is_emergency)
            )
        self.async_notify()
        await self.coordinator.async_write()

    @callback
    def async_send_manual(
        self, order: ManualOrder, control_type: ControlType | None
    ) -> Instruction:
        """Send what the user wants done, and under which control type if that matters.

        Raises ServiceValidationError.
        """
        if self.control_type is None:
            raise not_connected(self.name)
        instruction = manual_instruction(
            self.name,
            self.handler,
            self._until_the_plan_goes_on(order),
            present=self.control_type,
            wanted=control_type,
        )
        if not self.follower.async_give(instruction):
            raise not_connected(self.name)
        return instruction

    def _until_the_plan_goes_on(self, order: ManualOrder) -> ManualOrder:
        """Let limits last no longer than they serve, unless the user says how long."""
        handler = self.handler
        if (
            handler is None
            or "duration" not in handler.order_fields
            or order.duration is not None
        ):
            return order
        start = max(order.execution_time, dt_util.utcnow())
        until = self.follower.manual_until(start)
        return replace(order, duration=until - start)

    @callback
    def async_send(self, instruction: Instruction) -> bool:
        """Send an instruction now; whether that could be done."""
        if (connection := self.link.connection) is None:
            return False
        try:
            effects = connection.session.send_instruction(instruction, dt_util.utcnow())
        except NotReadyError:
            return False
        connection.async_do(effects)
        connection.session.rm.told(instruction)
        return True

    @callback
    def async_revoke(self, instruction: Instruction) -> None:
        """Take back an instruction, if it can be."""
        if (connection := self.link.connection) is None:
            return
        connection.session.rm.refused(instruction)
        with suppress(NotReadyError):
            connection.async_do(
                connection.session.revoke(
                    instruction.message_type, instruction.body["id"]
                )
            )

    @callback
    def async_refused(self, instruction: Instruction) -> None:
        """Take note that the RM does not do what it was told."""
        connection, text = self.link.connection, self.describe(instruction)
        if connection is not None and text is not None:
            connection.session.rm.refused(instruction)
            self.refusals.async_call(text)

    @callback
    def async_hand_back(self) -> None:
        """Give up control: the device does as it would without a CEM."""
        self.choice.is_handed_back = True
        self.choice.async_take_up()

    @callback
    def async_take_back(self) -> None:
        """Ask for control again."""
        self.choice.is_handed_back = False
        self.choice.async_take_up()

    # --- effects of the session

    @callback
    def _handle(self, effect: Effect) -> None:
        now = dt_util.utcnow()
        match effect:
            case Send(message_type=message_type):
                self.traffic.sent(message_type, now)
            case MessageAccepted(message=message):
                self._take_in(message, now)
            case MessageRefused():
                self._note_refusal(effect, now)
            case DetailsReceived(details=details):
                self._introduce(details)
            case ForeignResource():
                self._update_entities()
            case ControlTypeChanged(control_type=control_type):
                self.choice.async_in_force(control_type)
                self._begin(self.handler)
                self.coordinator.async_remember()
            case SelectionEnded():
                self.choice.async_ended(effect)
            case InstructionAnswered(instruction_id=instruction_id, status=reception):
                self.sender.async_answered(instruction_id, reception)
            case InstructionUpdated(instruction_id=instruction_id, status=status):
                self.sender.async_updated(instruction_id, status)
            case ObjectRevoked():
                self.replanning.async_want()
                self.follower.async_follow()
            case Ended(reason=reason):
                self._forget(reason, now)

    def _take_in(self, message: Message, now: datetime) -> None:
        self.traffic.accepted(message.type, now)
        if self.clock.receive(message, now):
            self._update_entities()
        self.replanning.async_received(message)
        self.follower.async_received(message)
        if message.type == "PowerMeasurement":
            # It says nothing of what the status is about, and comes all the time.
            self.measurements.async_receive(message, None, now)
            self._measure(now)
        else:
            status = self.device_status
            self.measurements.async_receive(message, status, now)
            soc_kwh = status.soc_kwh
            if soc_kwh is not None and self.coordinator.deviates(soc_kwh):
                self.replanning.async_deviates()
        self._notify_soon(now)

    def _measure(self, now: datetime) -> None:
        """Count the energy up to now, and go on with the power that is measured now."""
        self._energy.async_measured(self.measurements.power, now)
        self.coordinator.recent_power.measure(self.power_kw, now)

    def _note_refusal(self, refused: MessageRefused, now: datetime) -> None:
        self.traffic.refused(refused.message_type, refused.status, refused.reason, now)
        _LOGGER.debug(
            "Refused %s %s of the RM of %s: %s, %s",
            refused.message_type,
            refused.message_id,
            self.name,
            refused.status,
            refused.reason,
        )

    def _introduce(self, details: ResourceDetails) -> None:
        """Keep what the RM is, and have it controlled as the user chose."""
        assert self.link.connection
        self.link.connection.session.rm.is_emergency = self.memory.is_emergency
        is_news, self.details = details != self.details, details
        self.sender.lead = details.instruction_processing_delay
        self.choice.async_connected(self.link.connection)
        if is_news:
            self.coordinator.async_remember()
            self.async_notify()

    def _begin(self, handler: ControlTypeHandler | None) -> None:
        """Begin under another control type, or without control."""
        self.replanning.async_begin(handler)
        self.follower.async_begin(handler)
        self._update_entities()
        self.async_notify()

    def _forget(self, reason: EndReason, now: datetime) -> None:
        """Hold nothing for true that the RM reported, once it is gone."""
        _LOGGER.debug("The S2 session of %s ended: %s", self.name, reason)
        self.traffic.last_end = reason
        self.details = None
        self.clock.forget()
        self.measurements.async_interrupt(now)
        self._measure(now)
        self.choice.async_disconnected()
        self.follower.async_forget_hand_back()
        self._begin(None)

    # --- listeners

    def _notify_soon(self, now: datetime) -> None:
        """Call the listeners about what is measured, but not all the time."""
        if self._notified_at is None or now - self._notified_at >= _NOTIFY_APART:
            self.async_notify()
        elif self._notify_timer.moment is None:
            self._notify_timer.async_arm(self._notified_at + _NOTIFY_APART)

    @contextmanager
    def _change(self) -> Iterator[None]:
        """Let listeners wait until nothing is half done any more."""
        self._changes += 1
        try:
            yield
        finally:
            self._changes -= 1
            if not self._changes and self._is_device_news:
                self._update_entities()
            if not self._changes and self._is_news:
                self.async_notify()

    @callback
    def _update_entities(self) -> None:
        """Call those who listen to the device: something that concerns its plan is new."""
        self._is_device_news = bool(self._changes)
        if not self._changes:
            self.coordinator.async_update_listeners()

    @callback
    def async_notify(self) -> None:
        """Call the listeners: something is new."""
        self._is_news = bool(self._changes)
        if self._changes:
            return
        self._notified_at = dt_util.utcnow()
        self._notify_timer.async_disarm()
        self._listeners.async_call()
