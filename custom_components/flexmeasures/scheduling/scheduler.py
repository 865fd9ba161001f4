"""Has schedules computed: asks for a job, waits for it, and hands its result to the devices."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..api.client import JOB_PATIENCE, FlexMeasuresApi
from ..api.errors import (
    FlexMeasuresError,
    InfeasibleError,
    JobFailedError,
    NotAuthenticatedError,
    RateLimitedError,
    RejectedError,
)
from ..api.models import Job
from ..api.polling import ask_patiently
from ..api.refusals import LevelTooOldError
from ..const import CONF_JOINT_SCHEDULING
from ..coordinator import ScheduleCoordinator
from ..device.lifetime import DeviceUnloadedError
from ..device.listeners import Listeners
from ..device.prices import SharedPrices
from ..device.result import ScheduleResult
from ..plan.schedule import Schedule
from ..plan.targets import TargetReport
from .budget import TriggerBudget
from .feed_in import with_bounded_feed_in
from .infeasibility import explained
from .jobs import AcceptedJob, Requests, jobs_under_way
from .planned_here import PlannedHere
from .request import PreparedRequest, ScheduleRequest, prepare
from .soc_entity import present_problem

type Results = dict[str, Schedule | FlexMeasuresError | None]
"""What a job gave each device, by subentry id: the window that was asked for.

None for one that was unloaded just then.
"""


class AccountScheduler:
    """Schedules the devices of one account: each alone, or those of a site together."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        api: FlexMeasuresApi,
        coordinators: Mapping[str, ScheduleCoordinator],
        *,
        budget: TriggerBudget,
        prices: SharedPrices,
        planned_here: PlannedHere,
    ) -> None:
        """Start with nothing under way; `coordinators` are those of the loaded devices."""
        self.budget = budget
        self.planned_here = planned_here
        self.endings: Listeners[[]] = Listeners()
        """Are called when a job is waited for no more."""
        self.is_closed = False
        """Whether the account is unloaded: what is under way is for who comes after."""
        self._hass = hass
        self._entry = entry
        self._api = api
        self._coordinators = coordinators
        self._prices = prices
        self._following: dict[str, asyncio.Task[Results]] = {}
        entry.async_on_unload(self._close)

    def together_with(
        self, coordinator: ScheduleCoordinator
    ) -> list[ScheduleCoordinator]:
        """Return the devices that are scheduled in one request with this one, itself first.

        One that failed last time goes alone until it succeeds, so that it spoils no
        other's schedule.
        """
        site = coordinator.metadata.site
        is_joint = self._entry.options.get(CONF_JOINT_SCHEDULING, False)
        if not is_joint or coordinator.memory.is_failing or site is None:
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
        self, coordinator: ScheduleCoordinator, request: ScheduleRequest
    ) -> None:
        """Have a schedule computed by itself, wait for it and follow it.

        Raises FlexMeasuresError.
        """
        job = await self.async_trigger(coordinator, request, is_automatic=True)
        await self.async_result(job, coordinator.subentry.subentry_id)

    async def async_trigger(
        self,
        coordinator: ScheduleCoordinator,
        request: ScheduleRequest,
        *,
        is_automatic: bool = False,
        is_awaited: bool = True,
    ) -> AcceptedJob:
        """Have a schedule computed, and follow it once it is there.

        Return the job as soon as the server has accepted it. Raises FlexMeasuresError;
        a later failure shows in the device's entities. What is `is_automatic` has its
        place in the budget already; `is_awaited` says whether `async_result` will be
        asked what came of it.
        """
        since = dt_util.utcnow()
        is_unattended = is_automatic or not is_awaited
        try:
            requests = await self._prepare(
                self.together_with(coordinator), request, is_automatic=is_automatic
            )
            if not is_automatic:
                self.budget.take(dt_util.utcnow())
            try:
                return await self._send(requests, is_unattended=is_unattended)
            except RejectedError:
                if len(requests) == 1:
                    raise
        except FlexMeasuresError as err:
            coordinator.async_note_failure(err, since=since, is_automatic=is_automatic)
            raise
        lead = coordinator.subentry.subentry_id
        if not is_awaited:
            requests = {lead: requests[lead]}
        sent = await self._send_each(requests, since=since, is_unattended=is_unattended)
        job = sent[lead]
        if isinstance(job, FlexMeasuresError):
            raise job
        return job

    async def async_result(self, job: AcceptedJob, subentry_id: str) -> Schedule | None:
        """Return what a job planned for a device in the window that was asked for.

        None if the device is unloaded before, alone or with its account. Raises
        FlexMeasuresError.
        """
        while subentry_id in self._coordinators:
            self.async_follow(job)
            if (following := self._following.get(job.id)) is None:
                return None
            await asyncio.wait([following])
            if following.cancelled():
                return None
            # There is none if the device was loaded anew just then.
            result = following.result().get(subentry_id)
            if isinstance(result, FlexMeasuresError):
                raise result
            if result is not None:
                return result
        return None

    @callback
    def async_resume(self) -> None:
        """Follow the jobs that were under way when their devices were unloaded."""
        for job in jobs_under_way(self._coordinators):
            self.async_follow(job)

    @callback
    def async_follow(self, job: AcceptedJob) -> None:
        """Wait for a job, unless that is done, and have its devices follow what it plans.

        One of several devices goes on for those that are left.
        """
        following = self._following.get(job.id)
        parts = list(job.parts(self._coordinators))
        if self.is_closed or not parts or (following and not following.done()):
            return
        for coordinator, part in parts:
            coordinator.async_begin_job(part)
        name = f"FlexMeasures job {job.id}"
        if len(job.requests) == 1:
            ((coordinator, _),) = parts
            following = coordinator.lifetime.async_create_background_task(
                self._follow(job), name, eager_start=False
            )
        else:
            following = self._entry.async_create_background_task(
                self._hass, self._follow(job), name, eager_start=False
            )
        self._following[job.id] = following

    @callback
    def _close(self) -> None:
        """Follow nothing more."""
        self.is_closed = True

    async def _prepare(
        self,
        together: Sequence[ScheduleCoordinator],
        request: ScheduleRequest,
        *,
        is_automatic: bool,
    ) -> Requests:
        """Return the requests of the first device and of those that fit in one with it."""
        lead, *others = together
        first = await prepare(lead, request)
        requests = {lead.subentry.subentry_id: first}
        same_window = replace(request, flex_model={})
        since = dt_util.utcnow()
        for other in others:
            try:
                prepared = await prepare(other, same_window)
            except FlexMeasuresError as err:
                other.async_note_failure(err, since=since, is_automatic=is_automatic)
                continue
            if prepared.fits(first):
                requests[other.subentry.subentry_id] = prepared
        return requests

    async def _send(self, requests: Requests, *, is_unattended: bool) -> AcceptedJob:
        """Send one request for all, and follow its job."""
        now = dt_util.utcnow()
        lead, first = next(iter(requests.items()))
        coordinator = self._coordinators.get(lead)
        site = coordinator.metadata.site if coordinator else None
        window = replace(
            first.window,
            duration=max(request.window.duration for request in requests.values()),
        )
        stored = await coordinator.metadata.flex_context() if coordinator else {}
        flex_context = await with_bounded_feed_in(
            self._prices, stored, first.flex_context, window
        )
        try:
            job_id = await self._api.trigger_schedule(
                first.asset if len(requests) == 1 or site is None else site,
                start=window.start,
                duration=window.duration,
                flex_model=[request.flex_model for request in requests.values()],
                flex_context=flex_context,
                force=first.force,
            )
        except RateLimitedError as err:
            self.budget.note_refused(err, dt_util.utcnow())
            raise
        self.budget.note_accepted(self._api.trigger_allowance, dt_util.utcnow())
        for request in requests.values():
            self.planned_here.note(request.sensor)
        job = AcceptedJob(job_id, now, is_unattended, requests)
        self.async_follow(job)
        return job

    async def _send_each(
        self, requests: Requests, *, since: datetime, is_unattended: bool
    ) -> dict[str, AcceptedJob | FlexMeasuresError]:
        """Send a request for each device, to tell apart which of them cannot be scheduled.

        The server does not say which one made the joint request fail. Those that its
        limit has no room for are refused as it would refuse them. `since` is when they
        were asked for.
        """
        sent: dict[str, AcceptedJob | FlexMeasuresError] = {}
        for subentry_id, request in requests.items():
            now = dt_util.utcnow()
            try:
                if sent and (wait := self.budget.available_at(now) - now):
                    raise RateLimitedError(wait)
                self.budget.take(now)
                sent[subentry_id] = await self._send(
                    {subentry_id: request}, is_unattended=is_unattended
                )
            except FlexMeasuresError as err:
                self._note_failure(
                    subentry_id, err, since=since, is_automatic=is_unattended
                )
                sent[subentry_id] = err
        return sent

    async def _follow(self, job: AcceptedJob) -> Results:
        """Wait for a job, and have each device follow what it planned."""
        results: Results
        try:
            results = await self._results(job)
        except FlexMeasuresError as err:
            results = dict.fromkeys(job.requests, err)
            self._note_failure(
                next(iter(job.requests)),
                err,
                since=job.since,
                is_automatic=job.is_unattended,
            )
        if any(isinstance(each, NotAuthenticatedError) for each in results.values()):
            self._entry.async_start_reauth(self._hass)
        for subentry_id, result in results.items():
            coordinator = self._coordinators.get(subentry_id)
            if coordinator and result is not None:
                coordinator.async_end_job(job.id)
        self._following.pop(job.id)
        # For devices that were loaded anew just then.
        self.async_resume()
        self.endings.async_call()
        return results

    async def _results(self, job: AcceptedJob) -> Results:
        """Wait for a job and hand out what it gave; raise FlexMeasuresError if it failed for all."""
        try:
            ended = await self._api.wait_for_job(job.id)
        except JobFailedError as err:
            if len(job.requests) > 1:
                return await self._results_alone(job)
            ((subentry_id, request),) = job.requests.items()
            # A job of one device ends with it.
            coordinator = self._coordinators[subentry_id]
            match err:
                case InfeasibleError():
                    raise await explained(
                        err, self._api, coordinator.metadata, request
                    ) from err
                case LevelTooOldError():
                    # Nothing was sent because of it, and the server knows no better.
                    raise (
                        coordinator.soc_problem or present_problem(coordinator) or err
                    ) from None
            raise
        return {
            subentry_id: await self._apply(job, subentry_id, ended)
            for subentry_id in job.requests
        }

    async def _results_alone(self, job: AcceptedJob) -> Results:
        """Have each device scheduled alone, and hand out what that gave."""
        results: Results = {}
        sent = await self._send_each(
            job.requests, since=job.since, is_unattended=job.is_unattended
        )
        for subentry_id, alone in sent.items():
            if isinstance(alone, FlexMeasuresError):
                results[subentry_id] = alone
                continue
            try:
                results[subentry_id] = await self.async_result(alone, subentry_id)
            except FlexMeasuresError as err:
                results[subentry_id] = err
        return results

    async def _apply(
        self, job: AcceptedJob, subentry_id: str, ended: Job
    ) -> Schedule | FlexMeasuresError | None:
        """Have a device follow what a job planned, unless it is gone; return that, or why not."""
        if (coordinator := self._coordinators.get(subentry_id)) is None:
            return None
        result = _result_of(ended, job.requests[subentry_id])
        try:
            return await ask_patiently(
                lambda: coordinator.async_apply(result), JOB_PATIENCE
            )
        except DeviceUnloadedError:
            return None
        except FlexMeasuresError as err:
            self._note_failure(
                subentry_id, err, since=job.since, is_automatic=job.is_unattended
            )
            return err

    @callback
    def _note_failure(
        self,
        subentry_id: str,
        err: FlexMeasuresError,
        *,
        since: datetime,
        is_automatic: bool,
    ) -> None:
        """Show in a device's entities why it has no new schedule, unless it is gone."""
        if coordinator := self._coordinators.get(subentry_id):
            coordinator.async_note_failure(err, since=since, is_automatic=is_automatic)


def _result_of(job: Job, request: PreparedRequest) -> ScheduleResult:
    """Return what a job has done for the device that a request is for."""
    return ScheduleResult(
        job.id,
        request.window,
        request.digest,
        TargetReport.from_job(
            job.result,
            asset=request.asset,
            sensor=request.sensor,
            wishes=request.wishes,
        ),
    )
