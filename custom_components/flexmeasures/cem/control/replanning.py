"""Has a device scheduled from what its RM reports."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ...api.errors import FlexMeasuresError
from ...coordinator import ScheduleCoordinator
from ...device.settings import SOC_AT_START
from ...plan.energy_units import energy_quantity, quantity_in_kwh
from ...plan.window import Window
from ...s2.frbc.flex_model import beside_stored
from ...s2.handler import ControlTypeHandler, NotPlannableError
from ...s2.messages.message import Message
from ...scheduling.errors import S2NotPlannableError
from ...scheduling.queue import ScheduleQueue, Urgency
from ...scheduling.request import target_minima
from ...scheduling.slot_start import level_at_start
from ...timer import Timer
from ..computing import Computing
from ..memory import ResourceMemory
from .flex_model import joined_flex_model
from .news import ReportedModel, content

_LOGGER = logging.getLogger(__name__)

_DEFECT: Final = "s2_defect"

# What an RM reports together shall make one schedule.
_SETTLE: Final = timedelta(seconds=5)

# Between two schedules, whatever the RM reports, and if it only expects something else.
_APART: Final = timedelta(seconds=30)
_FORECASTS_APART: Final = timedelta(minutes=5)

# So many schedules within ten minutes for what an RM reports are no news each.
_RESTLESS: Final = 4
_RESTLESS_WITHIN: Final = timedelta(minutes=10)

_OUTAGE_RETRY: Final = timedelta(minutes=1)


class Replanning:
    """Finds out whether a device can be scheduled, and when it has to be anew."""

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: ScheduleCoordinator,
        memory: ResourceMemory,
        queue: ScheduleQueue,
        computing: Computing,
    ) -> None:
        """Wait for an RM."""
        self._coordinator = coordinator
        self._memory = memory
        self._queue = queue
        self._computing = computing
        self._handler: ControlTypeHandler | None = None
        self.problem: S2NotPlannableError | None = None
        """Why no schedule can be made from what the RM has reported."""
        self.problem_since: datetime | None = None
        self._is_checked = False
        self._wanted_apart: timedelta | None = None
        """A new schedule is wanted, so long after the last one."""
        self._is_sure = False
        """It is wanted whether or not what the RM has reported makes a difference."""
        self._last: dict[str, Mapping[str, Any]] = {}
        """What was reported last, by type."""
        self._planned_with: ReportedModel | None = None
        """What the last schedule was asked for with."""
        self._wishes: deque[datetime] = deque(maxlen=_RESTLESS)
        self._check_timer = Timer(hass, self._start_check)

    @property
    def is_plannable(self) -> bool:
        """Whether a schedule can be made for the RM, as far as is known."""
        return (
            self._handler is not None
            and self._handler.needs_schedule
            and self._is_checked
            and self.problem is None
        )

    @callback
    def async_begin(self, handler: ControlTypeHandler | None) -> None:
        """Go on under another control type; None: the RM is not controlled."""
        self._handler = handler
        self._check_timer.async_disarm()
        self._is_checked = False
        self._wanted_apart, self._is_sure = None, False
        self._last, self._planned_with = {}, None
        # Whoever begins it tells the listeners, once all is in place.
        self.problem = self.problem_since = None
        if handler is not None:
            self.async_want()

    @callback
    def async_received(self, message: Message) -> None:
        """Have a new schedule made if what the handler has taken in calls for it."""
        handler = self._handler
        if handler is None:
            return
        if message.type in handler.replan_on:
            told = content(message, dt_util.utcnow())
            before, self._last[message.type] = self._last.get(message.type), told
            if before != told:
                is_forecast = message.type.endswith("Forecast")
                self._want(_FORECASTS_APART if is_forecast else _APART)
        elif self.problem or not self._is_checked:
            # It may be what was missing.
            self._want_check()

    @callback
    def async_want(self) -> None:
        """Have a new schedule made, if it can be."""
        self._is_sure = True
        self._want(_APART)

    @callback
    def async_deviates(self) -> None:
        """Have a new schedule made: the device is not where the plan expects it to be."""
        if self.is_plannable and self._coordinator.settings.automatic_scheduling:
            self._wish(Urgency.STATE_OF_CHARGE, _FORECASTS_APART)

    @callback
    def async_stop(self) -> None:
        """Do nothing more."""
        self._check_timer.async_disarm()

    async def async_flex_model(
        self, window: Window, stored: Mapping[str, Any], overrides: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the flex-model to send; raises S2NotPlannableError."""
        reported, model = await self._flex_model(window, stored, overrides)
        self._planned_with = reported
        return model

    async def _flex_model(
        self, window: Window, stored: Mapping[str, Any], overrides: Mapping[str, Any]
    ) -> tuple[ReportedModel, dict[str, Any]]:
        """Return what the handler makes of a flex-model, and the whole of it."""
        handler, coordinator = self._handler, self._coordinator
        if handler is None:
            raise S2NotPlannableError("s2_not_in_control")
        # More may be told while the rest is computed.
        told_at, now = handler.level_told_at, dt_util.utcnow()
        consumed_kwh = self._memory.consumed_kwh
        try:
            reported = await self._computing.async_run(
                partial(
                    handler.snapshot().flex_model,
                    window,
                    capacity_kwh=coordinator.settings.capacity,
                    prices=coordinator.data,
                )
            )
        except NotPlannableError as err:
            raise S2NotPlannableError(err.key) from None
        except Exception:
            # A defect of ours must not keep the other devices of a site from a schedule.
            is_known = self.problem and self.problem.translation_key == _DEFECT
            _LOGGER.log(
                logging.DEBUG if is_known else logging.ERROR,
                "Unexpected exception in planning %s",
                coordinator.name,
                exc_info=True,
            )
            raise S2NotPlannableError(_DEFECT) from None
        model = joined_flex_model(
            self._from_start_on(reported, told_at, window, stored),
            handler,
            window,
            coordinator.settings,
            stored=stored,
            overrides=overrides,
            consumed_kwh=level_at_start(
                coordinator,
                consumed_kwh,
                now,
                window,
                {},
                full_kwh=None,
            ),
        )
        return ReportedModel(window, reported), model

    def _from_start_on(
        self,
        reported: dict[str, Any],
        told_at: datetime | None,
        window: Window,
        stored: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return what a handler has made, with a storage's level at the window's start."""
        level = quantity_in_kwh(reported.get(SOC_AT_START))
        if level is None or told_at is None:
            return reported
        at_start = level_at_start(
            self._coordinator,
            level,
            told_at,
            window,
            {**stored, **beside_stored(reported, stored)},
            full_kwh=quantity_in_kwh(reported.get("soc-max")),
        )
        return {**reported, SOC_AT_START: energy_quantity(at_start)}

    def _want(self, apart: timedelta) -> None:
        self._wanted_apart = min(self._wanted_apart or apart, apart)
        self._want_check()

    def _want_check(self) -> None:
        if self._check_timer.moment is None:
            self._check_timer.async_arm(dt_util.utcnow() + _SETTLE)

    @callback
    def _start_check(self, now: datetime) -> None:
        self._coordinator.lifetime.async_create_background_task(
            self._check(), f"{self._coordinator.name} S2 check"
        )

    async def _check(self) -> None:
        """Find out whether a schedule can be made, and ask for it if one is wanted."""
        handler = self._handler
        if handler is None or not handler.needs_schedule:
            return
        problem: S2NotPlannableError | None = None
        reported: ReportedModel | None = None
        try:
            reported = await self._try()
        except S2NotPlannableError as err:
            problem = err
        except FlexMeasuresError:
            # The server is away, which says nothing of the RM.
            self._check_timer.async_arm(dt_util.utcnow() + _OUTAGE_RETRY)
            return
        if handler is not self._handler:
            return
        # A plan that was not made, or not followed, is made whatever it was made of.
        has_failed = bool(self.problem or self._coordinator.memory.failure)
        was_plannable = self.is_plannable
        self._is_checked = True
        self._set_problem(problem)
        if reported is not None and self._wanted_apart is not None:
            apart, self._wanted_apart = self._wanted_apart, None
            is_sure, self._is_sure = self._is_sure, False
            if self._coordinator.settings.automatic_scheduling and (
                is_sure or has_failed or reported.differs(self._planned_with)
            ):
                self._wish_for_news(apart)
        if self.is_plannable != was_plannable:
            self._coordinator.async_update_listeners()

    async def _try(self) -> ReportedModel:
        """Make the flex-model that would be sent; raises FlexMeasuresError."""
        coordinator = self._coordinator
        upcoming = coordinator.memory.upcoming
        sensor = await coordinator.metadata.power_sensor()
        window = Window.from_moment(
            dt_util.utcnow(), coordinator.settings.schedule_duration, sensor
        )
        reported, _ = await self._flex_model(
            window,
            await coordinator.metadata.flex_model(),
            target_minima([upcoming] if upcoming else [], sensor, window.start),
        )
        return reported

    def _wish_for_news(self, apart: timedelta) -> None:
        """Wish for a schedule; what changes all the time is answered minutes apart."""
        now = dt_util.utcnow()
        is_restless = (
            len(self._wishes) == _RESTLESS and now - self._wishes[0] < _RESTLESS_WITHIN
        )
        self._wishes.append(now)
        self._wish(
            Urgency.RESOURCE_CHANGED,
            max(apart, _FORECASTS_APART) if is_restless else apart,
        )

    def _wish(self, urgency: Urgency, apart: timedelta) -> None:
        last_attempt = self._coordinator.memory.last_attempt
        delay = timedelta(0)
        if last_attempt is not None:
            delay = max(last_attempt + apart - dt_util.utcnow(), delay)
        self._queue.async_wish(self._coordinator, urgency, delay=delay)

    def _set_problem(self, problem: S2NotPlannableError | None) -> None:
        before, self.problem = self.problem, problem
        if problem is None:
            self.problem_since = None
        elif before is None:
            self.problem_since = dt_util.utcnow()
        if str(before) != str(problem):
            self._coordinator.async_update_listeners()
