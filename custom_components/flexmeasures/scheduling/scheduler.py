"""Has schedules computed: asks for a job, waits for it, and hands its result to the devices."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime
import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..api.client import FlexMeasuresApi
from ..api.errors import (
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
from ..const import CONF_JOINT_SCHEDULING
from ..coordinator import ScheduleCoordinator
from ..device.result import ScheduleResult
from ..plan.schedule import Schedule
from ..plan.targets import TargetReport
from .budget import TriggerBudget
from .contradiction import find_contradiction
from .request import PreparedRequest, ScheduleRequest, prepare

_LOGGER = logging.getLogger(__name__)

type Requests = Mapping[ScheduleCoordinator, PreparedRequest]
"""What is asked for together; the first device is the one that it is wanted for."""

type Results = dict[ScheduleCoordinator, Schedule | FlexMeasuresError]


class AccountScheduler:
    """Schedules the devices of one account: each alone, or those of a site together."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        api: FlexMeasuresApi,
        coordinators: Mapping[str, ScheduleCoordinator],
    ) -> None:
        """Start with nothing under way; `coordinators` are those of all devices."""
        self.budget = TriggerBudget()
        self._hass = hass
        self._entry = entry
        self._api = api
        self._coordinators = coordinators
        self._is_joint = entry.options.get(CONF_JOINT_SCHEDULING, False)

    def together_with(
        self, coordinator: ScheduleCoordinator
    ) -> list[ScheduleCoordinator]:
        """Return the devices that are scheduled in one request with this one, itself first.

        One that failed last time goes alone until it succeeds, so that it spoils no
        other's schedule.
        """
        site = coordinator.metadata.site
        if not self._is_joint or coordinator.memory.is_failing or site is None:
            return [coordinator]
        others = [
            other
            for other in self._coordinators.values()
            if other is not coordinator
            and other.metadata.site == site
            and other.is_scheduled_by_itself
            and not other.memory.is_failing
        ]
        return [coordinator, *others]

    async def async_compute(
        self,
        coordinator: ScheduleCoordinator,
        request: ScheduleRequest,
        *,
        is_automatic: bool = False,
    ) -> Schedule:
        """Have a schedule computed, wait for it and follow it.

        Return the window that was asked for. Raises FlexMeasuresError. What is
        `is_automatic` has its place in the budget already.
        """
        together = self.together_with(coordinator)
        async with (
            _locked(together),
            _noted(coordinator, is_automatic=is_automatic),
        ):
            requests = await self._prepare(together, request)
            if not is_automatic:
                self.budget.take(dt_util.utcnow())
            try:
                job_id = await self._trigger(requests)
                results = await self._finish(job_id, requests)
            except JobFailedError, RejectedError:
                if len(requests) == 1:
                    raise
                results = await self._each_alone(requests)
        result = results[coordinator]
        if isinstance(result, FlexMeasuresError):
            raise result
        return result

    async def async_trigger(
        self, coordinator: ScheduleCoordinator, request: ScheduleRequest
    ) -> str:
        """Have a schedule computed, and follow it once it is there.

        Return the job's id as soon as the server has accepted it. Raises
        FlexMeasuresError; a later failure shows in the device's entities.
        """
        together = self.together_with(coordinator)
        async with _locked(together), _noted(coordinator):
            requests = await self._prepare(together, request)
            self.budget.take(dt_util.utcnow())
            try:
                job_id = await self._trigger(requests)
            except RejectedError:
                if len(requests) == 1:
                    raise
                requests = {coordinator: requests[coordinator]}
                job_id = await self._trigger(requests)
        self._entry.async_create_background_task(
            self._hass,
            self._finish_later(job_id, requests),
            f"{coordinator.name} job {job_id}",
        )
        return job_id

    async def _finish_later(self, job_id: str, requests: Requests) -> None:
        """Finish a job for which nobody waits."""
        lead = next(iter(requests))
        try:
            async with _locked(requests), _noted(lead, is_automatic=True):
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
        self, together: Sequence[ScheduleCoordinator], request: ScheduleRequest
    ) -> Requests:
        """Return the requests of the first device and of those that fit in one with it."""
        lead, *others = together
        requests = {lead: await prepare(lead, request)}
        same_window = replace(request, flex_model={})
        since = dt_util.utcnow()
        for other in others:
            try:
                prepared = await prepare(other, same_window)
            except FlexMeasuresError as err:
                other.async_note_failure(err, since=since, is_automatic=True)
                continue
            if prepared.fits(requests[lead]):
                requests[other] = prepared
        return requests

    async def _trigger(self, requests: Requests) -> str:
        """Send one request for all; return the job's id."""
        now = dt_util.utcnow()
        lead, first = next(iter(requests.items()))
        site = lead.metadata.site
        job_id = await self._api.trigger_schedule(
            first.sensor.asset_id if len(requests) == 1 or site is None else site,
            start=first.window.start,
            duration=max(request.window.duration for request in requests.values()),
            flex_model=[request.flex_model for request in requests.values()],
            flex_context=first.flex_context,
            force=first.force,
        )
        for coordinator in requests:
            coordinator.async_note_attempt(now)
        return job_id

    async def _each_alone(self, requests: Requests) -> Results:
        """Tell apart which of several devices cannot be scheduled.

        The server does not say which one made the joint request fail. Those that its
        limit has no room for are refused as it would refuse them.
        """
        results: Results = {}
        for coordinator, request in requests.items():
            now = dt_util.utcnow()
            if results and (wait := self.budget.available_at(now) - now):
                results[coordinator] = _refused(
                    coordinator, RateLimitedError(wait), now
                )
                continue
            self.budget.take(now)
            alone = {coordinator: request}
            try:
                results |= await self._finish(await self._trigger(alone), alone)
            except FlexMeasuresError as err:
                results[coordinator] = _refused(coordinator, err, now)
        return results

    async def _finish(self, job_id: str, requests: Requests) -> Results:
        """Wait for a job, and have each device follow what it planned."""
        lead, first = next(iter(requests.items()))
        try:
            job = await self._api.wait_for_job(job_id)
        except InfeasibleError as err:
            raise await self._explained(err, lead, first) from err
        results: Results = {}
        for coordinator, request in requests.items():
            try:
                results[coordinator] = await coordinator.async_apply(
                    _result_of(job, request)
                )
            except EmptyScheduleError as err:
                attempt = coordinator.memory.last_attempt or dt_util.utcnow()
                results[coordinator] = _refused(coordinator, err, attempt)
        return results

    async def _explained(
        self,
        error: InfeasibleError,
        coordinator: ScheduleCoordinator,
        request: PreparedRequest,
    ) -> InfeasibleError:
        """Name the prices if they are why no schedule is possible."""
        try:
            contradiction = await find_contradiction(
                self._api,
                {**await coordinator.metadata.flex_context(), **request.flex_context},
                request.window,
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


def _result_of(job: Job, request: PreparedRequest) -> ScheduleResult:
    """Return what a job has done for the device that a request is for."""
    sensor = request.sensor
    return ScheduleResult(
        request.window,
        request.digest,
        TargetReport.from_job(
            job.result,
            asset=sensor.asset_id,
            sensor=sensor.id,
            wishes=request.wishes,
        ),
    )


def _refused(
    coordinator: ScheduleCoordinator, err: FlexMeasuresError, since: datetime
) -> FlexMeasuresError:
    """Keep why one of several devices has no new schedule; return the error."""
    coordinator.async_note_failure(err, since=since, is_automatic=True)
    return err


@asynccontextmanager
async def _noted(
    coordinator: ScheduleCoordinator, *, is_automatic: bool = False
) -> AsyncIterator[None]:
    """Show in the device's entities what goes wrong."""
    since = dt_util.utcnow()
    try:
        yield
    except FlexMeasuresError as err:
        coordinator.async_note_failure(err, since=since, is_automatic=is_automatic)
        raise


@asynccontextmanager
async def _locked(coordinators: Iterable[ScheduleCoordinator]) -> AsyncIterator[None]:
    """Let nothing else be asked for these devices; in one order, so that none waits for ever."""
    async with AsyncExitStack() as stack:
        for coordinator in sorted(
            coordinators, key=lambda each: each.subentry.subentry_id
        ):
            await stack.enter_async_context(coordinator.lock)
        yield
