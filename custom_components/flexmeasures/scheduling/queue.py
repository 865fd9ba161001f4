"""Devices that wait for a new schedule, the most urgent first, within the server's limit."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..api.errors import (
    CannotConnectError,
    FlexMeasuresError,
    JobLostError,
    NotAuthenticatedError,
    RateLimitedError,
)
from ..coordinator import OUTAGE_RETRY, ScheduleCoordinator
from ..timer import Timer
from .request import ScheduleRequest
from .scheduler import AccountScheduler
from .slot_start import second_look_in

# Else one that is always urgent would starve the others.
_AGEING = timedelta(minutes=1)


class Urgency(IntEnum):
    """Why a schedule is wanted, the most urgent first."""

    NO_PLAN = 0
    ENTITY_CHANGED = 1
    RESOURCE_CHANGED = 2
    """The device itself has reported something else, over S2."""
    SETTINGS_CHANGED = 3
    STATE_OF_CHARGE = 4
    NEW_PRICES = 5
    INTERVAL = 6
    SLOT_END = 7
    """The last one was made within a slot, and is a bit off from its end on."""


@dataclass(slots=True)
class _Wish:
    """One device's wish."""

    urgency: Urgency
    since: datetime
    due: datetime
    first_due: datetime
    """When it could have been granted first, however often it is repeated."""


class ScheduleQueue:
    """Sends the wishes of one account's devices to the scheduler."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        scheduler: AccountScheduler,
    ) -> None:
        """Start empty."""
        self._hass = hass
        self._entry = entry
        self._scheduler = scheduler
        self._wishes: dict[ScheduleCoordinator, _Wish] = {}
        self._computing: set[ScheduleCoordinator] = set()
        self._timer = Timer(hass, self._send)
        entry.async_on_unload(self._timer.async_disarm)
        entry.async_on_unload(
            scheduler.endings.async_add(lambda: self._send(dt_util.utcnow()))
        )

    @callback
    def async_wish(
        self,
        coordinator: ScheduleCoordinator,
        urgency: Urgency,
        *,
        delay: timedelta = timedelta(0),
    ) -> None:
        """Ask for a schedule after a delay; of several wishes the most urgent one counts."""
        if coordinator.lifetime.is_over:
            return
        now = dt_util.utcnow()
        due = now + delay
        if wish := self._wishes.get(coordinator):
            wish.urgency = min(wish.urgency, urgency)
            # Not later, or a sensor that never rests would put it off for ever.
            wish.due = min(wish.due, due)
            wish.first_due = min(wish.first_due, due)
            wish.since = now
        else:
            self._wishes[coordinator] = _Wish(urgency, now, due, due)
        self._send(now)

    @callback
    def async_drop(self, coordinator: ScheduleCoordinator) -> None:
        """Forget what a device wished for."""
        self._wishes.pop(coordinator, None)

    @callback
    def async_waiting(
        self, coordinator: ScheduleCoordinator
    ) -> tuple[Urgency, datetime] | None:
        """Return why a device waits, and until when at least; None if it does not."""
        wish = self._wishes.get(coordinator)
        return (wish.urgency, wish.due) if wish else None

    @callback
    def _send(self, now: datetime) -> None:
        """Send what is due, as much as is allowed, and wake up for the rest."""
        self._timer.async_disarm()
        budget = self._scheduler.budget
        while ready := [
            coordinator
            for coordinator, wish in self._wishes.items()
            if wish.due <= now and not self._is_computing(coordinator)
        ]:
            if (available_at := budget.available_at(now)) > now:
                self._timer.async_arm(available_at)
                return
            coordinator = min(ready, key=self._rank)
            wish = self._wishes.pop(coordinator)
            together = self._scheduler.together_with(coordinator)
            budget.take(now)
            self._computing.update(together)
            self._entry.async_create_background_task(
                self._hass,
                self._compute(coordinator, wish.urgency, together, now),
                f"{coordinator.name} by itself",
            )
        waiting = [
            wish.due
            for coordinator, wish in self._wishes.items()
            if not self._is_computing(coordinator)
        ]
        if waiting:
            self._timer.async_arm(min(waiting))

    def _is_computing(self, coordinator: ScheduleCoordinator) -> bool:
        """Return whether a schedule is under way, which the end of its job tells."""
        return coordinator in self._computing or coordinator.memory.job is not None

    def _rank(self, coordinator: ScheduleCoordinator) -> tuple[int, datetime]:
        """Rank the most urgent one first, then the one that waits longest for a schedule.

        A wish gains a degree of urgency with each minute that it is overdue.
        """
        wish = self._wishes[coordinator]
        overdue = dt_util.utcnow() - wish.first_due
        return (
            wish.urgency - overdue // _AGEING,
            coordinator.memory.last_attempt or datetime.min.replace(tzinfo=dt_util.UTC),
        )

    async def _compute(
        self,
        coordinator: ScheduleCoordinator,
        urgency: Urgency,
        together: list[ScheduleCoordinator],
        taken: datetime,
    ) -> None:
        """Have it computed; what the server could not even look at is tried again."""
        budget = self._scheduler.budget
        retry: timedelta | None = None
        try:
            await self._scheduler.async_compute(coordinator, ScheduleRequest())
        except RateLimitedError as err:
            retry = err.retry_after
            budget.close_until(dt_util.utcnow() + retry)
        except JobLostError:
            retry = OUTAGE_RETRY
        except CannotConnectError:
            retry = OUTAGE_RETRY
            budget.give_back(taken)
        except NotAuthenticatedError:
            budget.give_back(taken)
            self._entry.async_start_reauth(self._hass)
        except FlexMeasuresError:
            # Shown by the device's entities; the next wish tries again.
            pass
        finally:
            self._computing.difference_update(together)
            self._drop_granted(together)
        # It may have been switched off meanwhile.
        if retry is not None and coordinator.is_scheduled_by_itself:
            self.async_wish(coordinator, urgency, delay=retry)
        for member in together:
            if member is not coordinator and _had_no_room(member):
                self.async_wish(member, urgency)
        # Once, or one that came late would lead to the next.
        if urgency is not Urgency.SLOT_END:
            self._wish_second_looks(together, taken)
        self._send(dt_util.utcnow())

    def _wish_second_looks(
        self, coordinators: list[ScheduleCoordinator], since: datetime
    ) -> None:
        """Have the schedules mended that were made since a moment, within a slot."""
        now = dt_util.utcnow()
        for coordinator in coordinators:
            computed = coordinator.memory.last_schedule
            if (
                computed
                and computed >= since
                and coordinator.is_scheduled_by_itself
                and (delay := second_look_in(coordinator, now)) is not None
            ):
                self.async_wish(coordinator, Urgency.SLOT_END, delay=delay)

    def _drop_granted(self, coordinators: list[ScheduleCoordinator]) -> None:
        """Forget what devices wished for before they were scheduled with another one."""
        for coordinator in coordinators:
            wish, attempt = (
                self._wishes.get(coordinator),
                coordinator.memory.last_attempt,
            )
            if wish and attempt and wish.since <= attempt:
                self._wishes.pop(coordinator)


def _had_no_room(coordinator: ScheduleCoordinator) -> bool:
    """Return whether only the limit kept a device from being scheduled."""
    failure = coordinator.memory.failure
    return failure is not None and failure.key == RateLimitedError.translation_key
