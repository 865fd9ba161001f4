"""Has schedules computed: asks for a job, waits for it, and hands its result to the devices."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
import logging
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..api.client import FlexMeasuresApi
from ..api.errors import (
    CannotConnectError,
    EmptyScheduleError,
    FlexMeasuresError,
    InfeasibleError,
    InfeasiblePricesError,
    JobFailedError,
    NotAuthenticatedError,
    RateLimitedError,
    RejectedError,
)
from ..api.models import Job
from ..api.polling import remember
from ..const import CONF_JOINT_SCHEDULING
from ..coordinator import ScheduleCoordinator, translated
from ..device.scheduling_event import Outcome, OutcomeKind
from ..device.store import Failure
from ..plan.schedule import Schedule
from ..plan.targets import TargetReport
from .budget import TriggerBudget
from .contradiction import find_contradiction
from .errors import S2NotPlannableError
from .request import PreparedRequest, ScheduleRequest, prepare, settings_digest

if TYPE_CHECKING:
    from ..account import FlexMeasuresConfigEntry

_LOGGER = logging.getLogger(__name__)

# What passes by itself, or is told elsewhere.
_NOBODYS_TURN = (
    CannotConnectError,
    NotAuthenticatedError,
    RateLimitedError,
    S2NotPlannableError,
)

type Requests = Mapping[ScheduleCoordinator, PreparedRequest]
"""What is asked for together; the first device is the one that it is wanted for."""

type Results = dict[ScheduleCoordinator, Schedule | FlexMeasuresError]


class AccountScheduler:
    """Schedules the devices of one account: each alone, or those of a site together."""

    def __init__(
        self, hass: HomeAssistant, entry: FlexMeasuresConfigEntry, api: FlexMeasuresApi
    ) -> None:
        """Start with nothing under way."""
        self.budget = TriggerBudget()
        self._hass = hass
        self._entry = entry
        self._api = api
        self._is_joint = entry.options.get(CONF_JOINT_SCHEDULING, False)

    def together_with(self, device: ScheduleCoordinator) -> list[ScheduleCoordinator]:
        """The devices that are scheduled in one request with this one, itself first.

        One that failed last time goes alone until it succeeds, so that it spoils no
        other's schedule.
        """
        site = device.reader.site
        if not self._is_joint or device.memory.is_failing or site is None:
            return [device]
        others = [
            other
            for other in self._entry.runtime_data.coordinators.values()
            if other is not device
            and other.reader.site == site
            and other.is_scheduled_by_itself
            and not other.memory.is_failing
        ]
        return [device, *others]

    async def async_compute(
        self,
        device: ScheduleCoordinator,
        request: ScheduleRequest,
        *,
        is_automatic: bool = False,
    ) -> Schedule:
        """Have a schedule computed, wait for it and follow it.

        Returns the window that was asked for. Raises FlexMeasuresError. What is
        `is_automatic` has its place in the budget already.
        """
        devices = self.together_with(device)
        async with _locked(devices), self._recorded(device, is_automatic=is_automatic):
            requests = await self._prepare(devices, request)
            if not is_automatic:
                self.budget.take(dt_util.utcnow())
            try:
                job_id = await self._trigger(requests)
                results = await self._finish(job_id, requests)
            except JobFailedError, RejectedError:
                if len(requests) == 1:
                    raise
                results = await self._each_alone(requests)
        result = results[device]
        if isinstance(result, FlexMeasuresError):
            raise result
        return result

    async def async_trigger(
        self, device: ScheduleCoordinator, request: ScheduleRequest
    ) -> str:
        """Have a schedule computed, and follow it once it is there.

        Returns the job's id as soon as the server has accepted it. Raises
        FlexMeasuresError; a later failure shows in the device's entities.
        """
        devices = self.together_with(device)
        async with _locked(devices), self._recorded(device):
            requests = await self._prepare(devices, request)
            self.budget.take(dt_util.utcnow())
            try:
                job_id = await self._trigger(requests)
            except RejectedError:
                if len(requests) == 1:
                    raise
                requests = {device: requests[device]}
                job_id = await self._trigger(requests)
        self._entry.async_create_background_task(
            self._hass,
            self._finish_later(job_id, requests),
            f"{device.name} job {job_id}",
        )
        return job_id

    async def _finish_later(self, job_id: str, requests: Requests) -> None:
        """Finish a job for which nobody waits."""
        lead = next(iter(requests))
        try:
            async with (
                _locked(requests),
                self._recorded(lead, is_automatic=True),
            ):
                try:
                    await self._finish(job_id, requests)
                except JobFailedError:
                    if len(requests) == 1:
                        raise
                    await self._each_alone(requests)
        except FlexMeasuresError as err:
            if isinstance(err, NotAuthenticatedError):
                self._entry.async_start_reauth(self._hass)

    async def _prepare(
        self, devices: Sequence[ScheduleCoordinator], request: ScheduleRequest
    ) -> Requests:
        """The requests of the first device and of those that fit in one with it."""
        lead, *others = devices
        requests = {lead: await prepare(self._api, lead, request)}
        same_window = replace(request, flex_model={})
        for other in others:
            try:
                prepared = await prepare(self._api, other, same_window)
            except CannotConnectError, NotAuthenticatedError, RateLimitedError:
                raise
            except FlexMeasuresError as err:
                self._fail(other, err, is_automatic=True)
                continue
            if prepared.fits(requests[lead]):
                requests[other] = prepared
        return requests

    async def _trigger(self, requests: Requests) -> str:
        """Send one request for all; returns the job's id."""
        now = dt_util.utcnow()
        for device in requests:
            device.memory.last_attempt = now
        lead, first = next(iter(requests.items()))
        site = lead.reader.site
        return await self._api.trigger_schedule(
            first.sensor.asset_id if len(requests) == 1 or site is None else site,
            start=first.start,
            duration=max(request.duration for request in requests.values()),
            flex_model=[request.flex_model for request in requests.values()],
            flex_context=first.flex_context,
            force=first.force,
        )

    async def _each_alone(self, requests: Requests) -> Results:
        """Tell apart which of several devices cannot be scheduled.

        The server does not say which one made the joint request fail. Those that its
        limit has no room for are refused as it would refuse them.
        """
        results: Results = {}
        for device, request in requests.items():
            now = dt_util.utcnow()
            if results and (wait := self.budget.available_at(now) - now):
                refusal = RateLimitedError(wait)
                self._fail(device, refusal, is_automatic=True)
                results[device] = refusal
                continue
            self.budget.take(now)
            alone = {device: request}
            try:
                results |= await self._finish(await self._trigger(alone), alone)
            except FlexMeasuresError as err:
                self._fail(device, err, is_automatic=True)
                results[device] = err
        return results

    async def _finish(self, job_id: str, requests: Requests) -> Results:
        """Wait for a job, and have each device follow what it planned."""
        lead, first = next(iter(requests.items()))
        try:
            job = await self._api.wait_for_job(
                job_id, earlier_jobs=lead.memory.job_durations
            )
        except InfeasibleError as err:
            raise await self._explained(err, lead, first) from err
        if job.time_taken is not None:
            lead.memory.job_durations = remember(
                lead.memory.job_durations, job.time_taken
            )
        results: Results = {}
        for device, request in requests.items():
            try:
                results[device] = await self._succeed(device, request, job)
            except EmptyScheduleError as err:
                self._fail(device, err, is_automatic=True)
                results[device] = err
        return results

    async def _succeed(
        self, device: ScheduleCoordinator, request: PreparedRequest, job: Job
    ) -> Schedule:
        """Take over what a job planned for a device; raises EmptyScheduleError."""
        memory = device.memory
        memory.planned_until = request.end
        # The first schedule may have made the server settle the sensor's sign.
        device.reader.expect_changed_sensor()
        plan = await device.async_read_after_job(since=request.start)
        schedule = plan.power and plan.power.between(request.start, request.end)
        if schedule is None:
            raise EmptyScheduleError
        memory.last_schedule = dt_util.utcnow()
        memory.failure = None
        memory.settings = settings_digest(device.settings)
        missed = memory.targets.unresolved if memory.targets else ()
        memory.targets = TargetReport.from_job(
            job.result, asset=request.sensor.asset_id, sensor=request.sensor.id
        )
        if memory.targets and not memory.targets.misses_the_same(missed):
            device.async_tell(
                Outcome(OutcomeKind.TARGETS_UNMET, memory.targets.as_json())
            )
        device.async_take_over(plan)
        return schedule

    def _fail(
        self, device: ScheduleCoordinator, err: FlexMeasuresError, *, is_automatic: bool
    ) -> None:
        """Keep why there is no new schedule, and show it."""
        device.async_note_error(err)
        memory = device.memory
        before = memory.failure
        in_a_row = before.in_a_row if before else 0
        now = dt_util.utcnow()
        memory.last_attempt = now
        counts = is_automatic and not isinstance(err, _NOBODYS_TURN)
        memory.failure = Failure.of(err, now, in_a_row + counts)
        is_news = before is None or before.key != memory.failure.key
        if is_news and is_automatic:
            _LOGGER.warning(
                "The %s could not be computed: %s", device.name, translated(err)
            )
        # An outage is tried again every minute, which is nothing new each time.
        if is_news or not isinstance(err, CannotConnectError):
            device.async_tell(
                Outcome(OutcomeKind.FAILED, {"reason": err.translation_key})
            )
        device.async_remember()

    @asynccontextmanager
    async def _recorded(
        self, device: ScheduleCoordinator, *, is_automatic: bool = False
    ) -> AsyncIterator[None]:
        """Show in the device's entities what goes wrong."""
        try:
            yield
        except FlexMeasuresError as err:
            self._fail(device, err, is_automatic=is_automatic)
            raise

    async def _explained(
        self,
        error: InfeasibleError,
        device: ScheduleCoordinator,
        request: PreparedRequest,
    ) -> InfeasibleError:
        """Name the prices if they are why no schedule is possible."""
        try:
            contradiction = await find_contradiction(
                self._api,
                {**await device.reader.flex_context(), **request.flex_context},
                start=request.start,
                duration=request.duration,
                resolution=request.sensor.slot_length,
            )
        except FlexMeasuresError as err:
            _LOGGER.debug("Prices could not be compared: %s", err)
            return error
        if contradiction is None:
            return error
        return InfeasiblePricesError(
            error.reason,
            moment=dt_util.as_local(contradiction.moment),
            production=contradiction.production,
            consumption=contradiction.consumption,
            unit=contradiction.unit,
        )


@asynccontextmanager
async def _locked(devices: Iterable[ScheduleCoordinator]) -> AsyncIterator[None]:
    """Let nothing else be asked for these devices; in one order, so that none waits for ever."""
    async with AsyncExitStack() as stack:
        for device in sorted(devices, key=lambda device: device.subentry.subentry_id):
            await stack.enter_async_context(device.lock)
        yield
