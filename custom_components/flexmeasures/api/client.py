"""The one door to a FlexMeasures server.

Times go in and out as aware datetimes (out: UTC), durations as timedelta, power
in the unit asked for with the sign that the sensor stores. Every call may raise
any `FlexMeasuresError`; nothing else leaves here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Self

from aiohttp import ClientSession
from awesomeversion import AwesomeVersion

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .address import ServerAddress
from .answers import answered_resolution, job_error, known, reading, time_zone_named
from .concurrency import Shared, together
from .durations import iso_duration
from .errors import (
    JobLostError,
    JobTimeoutError,
    NotFlexMeasuresError,
    NotFoundError,
    RejectedError,
    ServerError,
    ServerTooOldError,
    UnknownUserError,
    WrongPasswordError,
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
from .transport import Transport, UnauthorizedError

MINIMUM_SERVER_VERSION = "1.0.0"

# The server itself stops a scheduling job after 3 minutes; it may have to queue first.
JOB_PATIENCE = timedelta(minutes=5)


class FlexMeasuresApi:
    """One login on one FlexMeasures server."""

    def __init__(
        self,
        session: ClientSession,
        address: ServerAddress,
        username: str,
        password: str,
    ) -> None:
        """Prepare; nothing is sent before the first call."""
        self._transport = Transport(session, address, username, password)
        self._login: Shared[None, int] = Shared()
        self._user_id: int | None = None
        self._own_source: int | None = None

    @classmethod
    def from_login(cls, hass: HomeAssistant, login: Mapping[str, Any]) -> Self:
        """See the server as a config entry's data logs in to it."""
        return cls(
            async_get_clientsession(hass),
            ServerAddress.parse(login[CONF_HOST]),
            login[CONF_USERNAME],
            login[CONF_PASSWORD],
        )

    async def get_version(self) -> str:
        """Return the server's version; raises NotFlexMeasuresError and ServerTooOldError.

        Needs no login (``GET /api/``).
        """
        try:
            answer = await self._transport.send(
                "GET", "", path="/api/", include_auth=False
            )
        except (NotFoundError, UnauthorizedError) as err:
            raise NotFlexMeasuresError(str(err)) from None
        with reading("version"):
            version = str(answer["flexmeasures_version"])
            too_old = AwesomeVersion(version) < AwesomeVersion(MINIMUM_SERVER_VERSION)
        if too_old:
            raise ServerTooOldError(version, MINIMUM_SERVER_VERSION)
        return version

    @property
    def username(self) -> str:
        """The e-mail address: as it was given, or as the server has accepted it."""
        return self._transport.email

    async def log_in(self) -> int:
        """Get a new token (it holds for 6 hours) and return the user's id.

        Raises UnknownUserError or WrongPasswordError if, and only if, the server
        looked the login up and refused it. It compares letter case, which nobody else
        does with e-mail addresses: what it does not know is tried in lower case too.
        """
        given = self.username
        try:
            return await self._log_in_as(given)
        except UnknownUserError:
            if given == given.lower():
                raise
        return await self._log_in_as(given.lower())

    async def _log_in_as(self, username: str) -> int:
        """Log in with one spelling of the username, which is kept if it is accepted."""
        try:
            answer = await self._transport.send(
                "POST",
                "requestAuthToken",
                path="/api/",
                payload={
                    "email": username,
                    "password": self._transport.password,
                },
                include_auth=False,
            )
        except UnauthorizedError:
            raise WrongPasswordError from None
        except NotFoundError:
            raise UnknownUserError from None
        with reading("token"):
            self._transport.access_token = str(answer["auth_token"])
            user_id = self._user_id = int(answer["user_id"])
        self._transport.email = username
        return user_id

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

    async def get_own_source(self) -> int | None:
        """Return the data source that this login's values are of; None before its first."""
        if self._own_source is None:
            answer = await self._request("GET", "sources")
            with reading("sources"):
                self._own_source = next(
                    (
                        item["id"]
                        for item in answer["sources"]
                        if item["type"] == "user"
                        and item.get("user_id") == self._user_id
                    ),
                    None,
                )
        return self._own_source

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
        answer = await self._request(
            "POST", f"assets/{asset_id}/schedules/trigger", payload=payload
        )
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
        answer = await self._request(
            "GET", f"jobs/{job_id}", also_accept=HTTPStatus.UNPROCESSABLE_ENTITY
        )
        with reading("job"):
            return Job.from_json(job_id, answer)

    async def wait_for_job(
        self, job_id: str, *, patience: timedelta = JOB_PATIENCE
    ) -> Job:
        """Wait until a job has finished, also while the server is away for a moment.

        Raises JobFailedError (InfeasibleError when no schedule can satisfy the
        constraints), JobLostError or, after `patience`, JobTimeoutError or why the
        server could not be asked.
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
            raise JobTimeoutError(job.status, patience)

        return await ask_patiently(look, patience)

    async def _request(
        self,
        method: str,
        uri: str,
        *,
        params: Mapping[str, str] | None = None,
        payload: Mapping[str, Any] | None = None,
        also_accept: HTTPStatus | None = None,
    ) -> Any:
        """Send a request with a valid token.

        A 401 may mean an expired token or a server that lost its database, so log
        in again: only that can tell whether the user has to do something.
        """
        used_token = self._transport.access_token
        if used_token is None:
            await self._renew_token(None)
            used_token = self._transport.access_token
        try:
            return await self._transport.send(
                method, uri, params=params, payload=payload, also_accept=also_accept
            )
        except UnauthorizedError:
            await self._renew_token(used_token)
        try:
            return await self._transport.send(
                method, uri, params=params, payload=payload, also_accept=also_accept
            )
        except UnauthorizedError as err:
            raise ServerError(str(err)) from None

    async def _renew_token(self, used_token: str | None) -> None:
        """Log in, unless another request has done so; share what comes of it."""
        if self._transport.access_token == used_token:
            await self._login.async_get(None, self.log_in)
