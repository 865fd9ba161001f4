"""The one door to a FlexMeasures server.

Times go in and out as aware datetimes (out: UTC), durations as timedelta, power
in the unit asked for with the sign that the sensor stores. Every call may raise
any `FlexMeasuresError`; nothing else leaves here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from .answers import answered_resolution, job_error, known, reading, time_zone_named
from .concurrency import together
from .creation import Creation
from .durations import iso_duration
from .errors import (
    FlexMeasuresError,
    JobLostError,
    JobTimeoutError,
    NotFoundError,
    NoWorkerError,
    RejectedError,
    ServerError,
)
from .models import (
    Asset,
    Automation,
    Catalogue,
    Job,
    PostedData,
    Recorded,
    Sensor,
    SensorData,
    parse_moment,
)
from .polling import ask_patiently
from .rate_limit import Allowance
from .refusals import recognised

# The server itself stops a scheduling job after 3 minutes; it may have to queue first.
JOB_PATIENCE = timedelta(minutes=5)


class FlexMeasuresApi(Creation):
    """One login on one FlexMeasures server."""

    async def get_sensor(self, sensor_id: int) -> Sensor:
        """Return a sensor's metadata; raises NotFoundError or NotPermittedError."""
        try:
            answer = await self._request("GET", f"sensors/{sensor_id}")
        except RejectedError as err:
            # Here the server answers 422 where elsewhere it answers 404.
            raise NotFoundError(err.reason) from None
        with reading("sensor"):
            return Sensor.from_json(answer, await time_zone_named(answer["timezone"]))

    async def get_asset(self, asset_id: int) -> Asset:
        """Return an asset with its own flex-model and flex-context."""
        answer = await self._request("GET", f"assets/{asset_id}")
        with reading("asset"):
            return Asset.from_json(answer)

    async def get_catalogue(self) -> Catalogue:
        """Return all assets and sensors that the account can see, public ones included."""
        assets, sensors = await together(
            self._request("GET", "assets", params={"all_accessible": "true"}),
            self._request("GET", "sensors", params={"include_public_assets": "true"}),
        )
        with reading("assets and sensors"):
            time_zones = {
                name: await time_zone_named(name)
                for name in {item["timezone"] for item in sensors}
            }
            catalogue = Catalogue(
                assets={item["id"]: Asset.from_json(item) for item in assets},
                sensors={},
            )
            for item in sensors:
                sensor = Sensor.from_json(item, time_zones[item["timezone"]])
                catalogue.sensors[sensor.id] = catalogue.signed(sensor)
            return catalogue

    async def get_data(
        self,
        sensor_id: int,
        *,
        start: datetime,
        duration: timedelta,
        unit: str,
        resolution: timedelta | None = None,
        source: int | None = None,
        source_type: str | None = None,
        prior: datetime | None = None,
    ) -> SensorData | None:
        """Return the newest values, or those known at `prior`; None if `source_type` wrote none.

        `start` must lie on the grid of `resolution` (default: the sensor's own), or
        every value comes back as None.
        """
        params = {
            "start": start.isoformat(),
            "duration": iso_duration(duration),
            "unit": unit,
        }
        if resolution is not None:
            params["resolution"] = iso_duration(resolution)
        if source is not None:
            params["source"] = str(source)
        if source_type is not None:
            params["source-type"] = source_type
        if prior is not None:
            params["prior"] = prior.isoformat()
        try:
            answer = await self._request(
                "GET", f"sensors/{sensor_id}/data", params=params
            )
        except RejectedError as err:
            if "No data source with source-type" in err.reason:
                return None
            if "No sensor found" in err.reason:
                raise NotFoundError(err.reason) from None
            raise
        with reading("data"):
            values = tuple(map(known, answer["values"]))
            return SensorData(
                start=parse_moment(answer["start"]),
                resolution=answered_resolution(answer, len(values)),
                unit=answer["unit"],
                values=values,
            )

    async def get_recorded(self, sensor_id: int) -> tuple[Recorded, ...]:
        """Return since when which sources have data of a sensor (``GET /sensors/<id>/stats``).

        The server remembers its answer for up to two minutes.
        """
        answer = await self._request("GET", f"sensors/{sensor_id}/stats")
        with reading("statistics"):
            return tuple(
                Recorded.from_json(source, stats)
                for source, stats in answer.items()
                if isinstance(stats, dict)
            )

    async def get_source_types(self) -> dict[int, str]:
        """Return the types of the data sources that the account can see, by their ids."""
        answer = await self._request("GET", "sources", params={"only_latest": "false"})
        with reading("sources"):
            return {item["id"]: item["type"] for item in answer["sources"]}

    async def post_data(
        self,
        sensor: Sensor,
        *,
        start: datetime,
        duration: timedelta,
        values: Sequence[float | None],
        unit: str,
        prior: datetime | None = None,
    ) -> PostedData:
        """Store values that fill `duration` evenly from `start` on; None leaves a gap.

        The server puts `start` on the grid of the time zone in which it is written. Zero duration: one value at an instant. `prior` is when they became known
        (default: now).
        """
        payload: dict[str, Any] = {
            "start": start.astimezone(sensor.time_zone).isoformat(),
            "duration": iso_duration(duration),
            "values": list(values),
            "unit": unit,
        }
        if prior is not None:
            payload["prior"] = prior.isoformat()
        answer = await self._request(
            "POST", f"sensors/{sensor.id}/data", payload=payload
        )
        with reading("receipt"):
            return PostedData(status=answer["status"], job=answer.get("job"))

    async def trigger_schedule(
        self,
        asset_id: int,
        *,
        start: datetime,
        duration: timedelta,
        flex_model: Sequence[Mapping[str, Any]],
        flex_context: Mapping[str, Any],
        force: bool,
    ) -> str:
        """Ask for a schedule and return its job's id.

        `start` must lie on the power sensors' resolution grid. Each item of
        `flex_model` names its power ``sensor``; the rest, and the context, add to
        or override what the assets say on the server. Without `force` the server
        answers a request that it has seen within the hour with that one's job,
        even a failed one.
        """
        payload: dict[str, Any] = {
            "start": start.isoformat(),
            "duration": iso_duration(duration),
            "flex-model": list(flex_model),
        }
        if flex_context:
            payload["flex-context"] = flex_context
        if force:
            payload["force-new-job-creation"] = True
        try:
            answer = await self._request(
                "POST", f"assets/{asset_id}/schedules/trigger", payload=payload
            )
        except FlexMeasuresError as err:
            raise recognised(err) from None
        with reading("job"):
            return str(answer["job"])

    async def trigger_forecast(
        self,
        sensor_id: int,
        *,
        duration: timedelta,
        regressors: Sequence[int] = (),
    ) -> str:
        """Ask for a forecast from the running interval on, and return its job's id.

        One job, since nothing but the duration is asked for. `regressors` are sensors of which both what was measured and what is forecast
        tells something about this one.
        """
        payload: dict[str, Any] = {"duration": iso_duration(duration)}
        if regressors:
            payload["config"] = {"regressors": list(regressors)}
        answer = await self._request(
            "POST", f"sensors/{sensor_id}/forecasts/trigger", payload=payload
        )
        with reading("job"):
            return str(answer["job"])

    async def get_forecast(self, sensor: Sensor, job_id: str) -> SensorData:
        """Return what a job that has finished has forecast, in the sensor's unit."""
        # Not as other data: those of another forecaster may be there too.
        answer = await self._request("GET", f"sensors/{sensor.id}/forecasts/{job_id}")
        with reading("forecast"):
            values = tuple(map(known, answer["values"]))
            if answered_resolution(answer, len(values)) != sensor.resolution:
                raise ValueError("a forecast with gaps")
            return SensorData(
                start=parse_moment(answer["start"]),
                resolution=sensor.resolution,
                unit=answer["unit"],
                values=values,
            )

    async def get_automations(self, asset_id: int) -> tuple[Automation, ...]:
        """Return what the server does by itself for an asset; nothing on one before 1.1.

        Raises NotPermittedError.
        """
        try:
            answer = await self._request("GET", f"assets/{asset_id}/automations")
        except NotFoundError:
            return ()
        return Automation.all_from_json(answer)

    async def get_automation(
        self, asset_id: int, automation_id: int
    ) -> Automation | None:
        """Return one of them with the sensors that it is about; None if it is gone."""
        try:
            answer = await self._request(
                "GET", f"assets/{asset_id}/automations/{automation_id}"
            )
        except NotFoundError:
            return None
        return Automation.from_json(answer)

    @property
    def trigger_allowance(self) -> Allowance | None:
        """What was left after the last job that was accepted; None if untold.

        The server counts them for all of the account, whoever asks.
        """
        return self._transport.trigger_allowance

    async def get_job(self, job_id: str) -> Job:
        """Return a job's state (``GET /jobs/<uuid>``, 422 for one that failed)."""
        try:
            answer = await self._request(
                "GET", f"jobs/{job_id}", also_accept=HTTPStatus.UNPROCESSABLE_ENTITY
            )
        except ServerError as err:
            raise recognised(err) from None
        with reading("job"):
            return Job.from_json(job_id, answer)

    async def wait_for_job(
        self, job_id: str, *, patience: timedelta = JOB_PATIENCE
    ) -> Job:
        """Wait until a job has finished, also while the server is away for a moment.

        Raises JobFailedError (InfeasibleError when no schedule can satisfy the
        constraints), JobLostError or, after `patience`, JobTimeoutError (NoWorkerError
        when it has not begun) or why the server could not be asked.
        """

        async def look() -> Job:
            try:
                job = await self.get_job(job_id)
            except NotFoundError:
                raise JobLostError from None
            if job.is_finished:
                return job
            if job.is_unsuccessful:
                raise job_error(job)
            raise (JobTimeoutError if job.has_begun else NoWorkerError)(patience)

        return await ask_patiently(look, patience)
