"""A scripted stand-in for a FlexMeasures server, for what the real one cannot be made to do.

It answers what the real one does (see the API reference), for a home like the
sandbox's. A test can replace any answer with `FakeServer.answer`, change what the
server knows (`users`, `assets`, `sensors`, `schedules`, `jobs`...) and look at
what it was asked (`requests`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import json as json_module
import re
from typing import Any, override
from unittest.mock import Mock
from uuid import UUID

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ContentTypeError,
    RequestInfo,
)
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from pytest_homeassistant_custom_component.test_util.aiohttp import (
    AiohttpClientMocker,
    AiohttpClientMockResponse,
)
from yarl import URL

from homeassistant.util import dt as dt_util

type Json = dict[str, Any]

URL_OF_SERVER = "http://flexmeasures.test:5000"
CONNECTION_KEY = ConnectionKey(
    host="flexmeasures.test",
    port=5000,
    is_ssl=True,
    ssl=True,
    proxy=None,
    proxy_auth=None,
    proxy_headers_hash=None,
    server_hostname=None,
)
"""What a connection that came to nothing was to."""
REFUSED = ClientConnectorError(
    CONNECTION_KEY,
    ConnectionRefusedError(111, "Connect call failed ('10.0.0.1', 5000)"),
)
"""What is raised when nothing listens."""
EMAIL = "demo@example.com"
MEMBER_EMAIL = "member@example.com"
NEIGHBOUR_EMAIL = "neighbour@example.com"
PASSWORD = "a-very-secret-password"
TOKEN_PREFIX = "secret-token-"
VERSION = "1.0.1"
TIME_ZONE = "Europe/Amsterdam"

ACCOUNT = 1
NEIGHBOUR_ACCOUNT = 2

ZONE = 1
HOUSE = 2
BATTERY = 3
GARAGE = 4
CABIN = 5
NEIGHBOUR_HOUSE = 6

PRICE = 1  # EUR/MWh, hourly, public
PRICE_15MIN = 2  # EUR/kWh, 15 minutes, public
FEED_IN = 3  # EUR/kWh, hourly, public
DOLLAR_PRICE = 4  # USD/kWh, hourly, public
PUBLIC_POWER = 5  # MW, 15 minutes, public
CONSUMPTION = 6  # kW, of the house
BATTERY_POWER = 10  # kW, 15 minutes, consumption is positive
BATTERY_SOC = 11  # kWh, instantaneous
BATTERY_CHARGING = 12  # kW, 15 minutes
GARAGE_POWER = 20  # W, 5 minutes, production is positive
GARAGE_SOC = 21  # kWh, instantaneous
CABIN_POWER = 30  # MW, hourly, production is positive
CABIN_SOC = 31  # %, instantaneous
NEIGHBOUR_POWER = 40  # kW, of another account
UNKNOWN_SENSOR = 9999

ASSET_TYPES = {
    1: "building",
    2: "solar",
    3: "one-way_evse",
    4: "two-way_evse",
    5: "battery",
    6: "heat-storage",
}

# The server's rate limiter puts these on every answer under /api/.
HEADERS = {
    "FlexMeasures-Version": VERSION,
    "Retry-After": "57",
    "X-RateLimit-Limit": "500",
    "X-RateLimit-Remaining": "499",
}

FORBIDDEN: Json = {
    "message": "You cannot be authorized for this content or functionality.",
    "result": "Rejected",
    "status": "INVALID_SENDER",
}
UNAUTHENTICATED: Json = {
    "message": "You could not be properly authenticated for this content or functionality.",
    "status": "UNAUTHORIZED",
}
RATE_LIMITED: Json = {
    "message": "You hit a rate limit. The limit you hit allows 10 per 5 minute.",
    "result": "Rejected",
    "status": "TOO_MANY_REQUESTS",
}
NEVER_SCHEDULED = (
    "No data source with source-type 'scheduler' has recorded any data on this sensor."
)
INTERNAL_ERROR: Json = {"errors": ["An internal error has occurred."], "status": 500}
NO_SUCH_PATH: Json = {
    "message": "The requested URL was not found on the server.",
    "status": 404,
}
HTML = "<!doctype html><html><body>Hello</body></html>"


@dataclass
class User:
    """A user of the server."""

    id: int
    password: str = PASSWORD
    account: int = ACCOUNT
    is_account_admin: bool = True


@dataclass
class StoredSchedule:
    """What the scheduler wrote to a sensor, with the sign that is stored."""

    start: datetime
    resolution: timedelta
    values: list[float | None]
    unit: str = "kW"

    def at(self, moment: datetime, unit: str) -> float | None:
        """The value at a moment, in another unit; None where there is none."""
        index = (moment - self.start) // self.resolution
        if not 0 <= index < len(self.values) or (value := self.values[index]) is None:
            return None
        return (
            value * _factor(self.unit) / _factor(unit) if unit != self.unit else value
        )


def _factor(unit: str) -> float:
    """What a unit of power, energy or an energy price is in watts, Wh or per Wh."""
    currency, _, energy = unit.rpartition("/")
    prefixes = {"": 1.0, "k": 1e3, "M": 1e6}
    factor = prefixes[energy.removesuffix("h").removesuffix("W")]
    return 1 / factor if currency else factor


@dataclass(frozen=True)
class Request:
    """A request that the server got."""

    method: str
    url: URL
    json: Any
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """Without the query, e.g. ``/api/v3_0/sensors/10/data``."""
        return self.url.path

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(self.url.query)


@dataclass
class Answer:
    """What the server says."""

    json: Any = None
    status: int = 200
    text: str | None = None
    """Instead of JSON, as HTML."""
    headers: Mapping[str, str] = field(default_factory=dict)
    exception: BaseException | None = None
    """Raised instead of an answer."""
    wait_for: asyncio.Event | None = None
    """The answer comes once this is set."""


@dataclass
class _Scripted:
    """An answer that a test put in the place of the server's own."""

    method: str
    path: re.Pattern[str]
    answer: Answer
    times: int | None


class _Response(AiohttpClientMockResponse):
    """A response that is as strict about its content type as aiohttp is."""

    @override
    async def json(self, *args: Any, **kwargs: Any) -> Any:
        if self.content_type != "application/json":
            raise ContentTypeError(
                Mock(RequestInfo, real_url=self.url),
                (),
                status=self.status,
                message=(
                    "Attempt to decode JSON with unexpected mimetype: "
                    f"{self.content_type}"
                ),
                headers=CIMultiDictProxy(CIMultiDict(self.headers)),
            )
        return json_module.loads(self.response or b"null")


class FakeServer:
    """Answers every address the same way, by what it knows."""

    def __init__(self, mocker: AiohttpClientMocker) -> None:
        """Answer all requests of Home Assistant's web session."""
        self.version = VERSION
        self.root = ""
        """The path that it is reachable under, which its `requests` are without."""
        self.users = {
            EMAIL: User(1),
            MEMBER_EMAIL: User(2, is_account_admin=False),
            NEIGHBOUR_EMAIL: User(3, account=NEIGHBOUR_ACCOUNT),
        }
        self.tokens: dict[str, User] = {}
        """Valid tokens; clear them to have them expire."""
        self.assets = _home_assets()
        """By id; as the server hands them out."""
        self.sensors = _home_sensors()
        """By id; as the server hands them out."""
        self.schedules: dict[int, StoredSchedule] = {}
        """What the scheduler wrote, by sensor; each triggered job adds to it."""
        self.data: dict[int, StoredSchedule] = {}
        """What others wrote, by sensor."""
        self.jobs: dict[str, Json] = {}
        """What ``GET /jobs/<uuid>`` answers, by uuid; a triggered job finishes at once."""
        self.planned_values: list[float | None] = [3.0, -2.0, 0.0]
        """What a triggered job plans, over and over, in the sensor's unit and stored sign."""
        self.planner: Callable[[Json, datetime, int], list[float | None]] | None = None
        """Plans instead, by a flex-model, from a start on, so many slots."""
        self.forecasts: dict[int, StoredSchedule] = {}
        """What the forecaster wrote, by sensor; each triggered job adds to it."""
        self.forecast_values: list[float | None] = [0.5, 1.0, 2.0]
        """What a triggered job forecasts, over and over, in the sensor's unit and stored sign."""
        self.automations: dict[int, list[Json]] = {}
        """What it does by itself, with all its details, by asset; as it hands them out."""
        self.posted: dict[int, dict[datetime, float]] = {}
        """What the demo user wrote and is not overwritten, by sensor and start."""
        self.loses_posts = False
        """Whether it accepts what it then does not store, like a worker that is killed."""
        self.posting_is_queued = False
        """Whether posted data is accepted for later (202) instead of processed (200)."""
        self.trigger_limit = (10, timedelta(minutes=5))
        """How many schedules it computes for an account, and in which time."""
        self.tells_limit = True
        """Whether it says in headers how much of the limit is left."""
        self._triggers_used = 0
        self._triggers_reset_at = datetime.min.replace(tzinfo=UTC)
        self.requests: list[Request] = []
        """All requests so far; clear it at will."""
        self.on_answer: Callable[[Request, Answer], Awaitable[Answer]] | None = None
        """Gives another answer to what has been done, or keeps it back for a while."""
        self._scripted: list[_Scripted] = []
        self._mocker = mocker
        for method in ("GET", "POST", "PATCH", "DELETE"):
            mocker.request(
                method, re.compile(r".*"), side_effect=self._respond, status=500
            )
        # Asked whether it speaks TLS, it does not.
        mocker.request("HEAD", re.compile(r"https://.*"), exc=ClientConnectionError())

    def answer(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        json: Any = None,
        text: str | None = None,
        headers: Mapping[str, str] | None = None,
        exception: BaseException | None = None,
        wait_for: asyncio.Event | None = None,
        times: int | None = None,
    ) -> None:
        """Replace an answer.

        A `*` in the path (which has no query) stands for anything without a slash.
        Answers with `times` are given as often, in the order they were added; then
        comes the one added last without, and else the server's own. `text` is
        sent as HTML unless `headers` have another Content-Type.
        """
        pattern = "[^/]+".join(re.escape(part) for part in path.split("*"))
        self._scripted.append(
            _Scripted(
                method,
                re.compile(pattern),
                Answer(json, status, text, headers or {}, exception, wait_for),
                times,
            )
        )

    def fail(self, exception: BaseException) -> None:
        """Let every request fail, as when the server is away."""
        for method in ("GET", "POST", "PATCH", "DELETE"):
            self._scripted.append(
                _Scripted(method, re.compile(r".*"), Answer(exception=exception), None)
            )

    def hang(self) -> asyncio.Event:
        """Let every request wait until the event is set, and come to nothing then."""
        ends = asyncio.Event()
        for method in ("GET", "POST", "PATCH", "DELETE"):
            answer = Answer(exception=ClientConnectionError("gone"), wait_for=ends)
            self._scripted.append(_Scripted(method, re.compile(r".*"), answer, None))
        return ends

    def recover(self) -> None:
        """Give the server's own answers again."""
        self._scripted.clear()

    def requests_to(self, method: str, path: str) -> list[Request]:
        """The requests so far to one path, in which a `*` stands for anything without a slash."""
        pattern = "[^/]+".join(re.escape(part) for part in path.split("*"))
        return [
            request
            for request in self.requests
            if request.method == method and re.fullmatch(pattern, request.path)
        ]

    def set_flex_model(self, asset_id: int, **values: Any) -> None:
        """Replace an asset's flex-model; ``soc_min="1 kWh"`` sets ``soc-min``."""
        self.assets[asset_id]["flex_model"] = _hyphenated(values)

    def set_flex_context(self, asset_id: int, **values: Any) -> None:
        """Replace an asset's flex-context, the same way."""
        self.assets[asset_id]["flex_context"] = _hyphenated(values)

    def add_sensor(
        self,
        sensor_id: int,
        name: str,
        unit: str,
        resolution: str,
        asset_id: int = HOUSE,
        **attributes: Any,
    ) -> int:
        """Add a sensor, by default one of the house; return its id."""
        self.sensors[sensor_id] = _sensor(
            sensor_id, name, unit, resolution, asset_id, attributes
        )
        return sensor_id

    async def _respond(
        self, method: str, url: URL, data: Any
    ) -> AiohttpClientMockResponse:
        """Give a scripted answer, or the server's own."""
        headers = self._mocker.mock_calls[-1][3] or {}
        own = URL.build(path=url.path.removeprefix(self.root), query=url.query)
        is_found = url.path.startswith(f"{self.root}/")
        request = Request(
            method.upper(),
            url.origin().join(own) if is_found else url,
            data,
            headers,
        )
        self.requests.append(request)
        answer = (
            (self._scripted_answer(request) or self._own_answer(request))
            if is_found
            else Answer(status=404, text=HTML)
        )
        if self.on_answer is not None:
            answer = await self.on_answer(request, answer)
        if answer.wait_for is not None:
            await answer.wait_for.wait()
        if answer.exception is not None:
            raise answer.exception
        is_json = answer.text is None
        return _Response(
            method=method,
            url=url,
            status=answer.status,
            text=json_module.dumps(answer.json) if is_json else answer.text,
            headers={
                name: value
                for name, value in HEADERS.items()
                if self.tells_limit or not name.startswith("X-RateLimit")
            }
            | {"Content-Type": "application/json" if is_json else "text/html"}
            | dict(answer.headers),
        )

    def _scripted_answer(self, request: Request) -> Answer | None:
        matching = [
            scripted
            for scripted in self._scripted
            if scripted.method == request.method
            and scripted.path.fullmatch(request.path)
        ]
        for scripted in matching:
            if scripted.times is not None:
                scripted.times -= 1
                if not scripted.times:
                    self._scripted.remove(scripted)
                return scripted.answer
        return matching[-1].answer if matching else None

    def _own_answer(self, request: Request) -> Answer:
        """What the real server would say."""
        match request.method, request.path.split("/")[2:]:
            case "GET", [""]:
                return Answer(
                    {
                        "flexmeasures_version": self.version,
                        "message": "For these API versions endpoints are available.",
                        "status": 200,
                        "versions": ["v3_0"],
                    }
                )
            case "POST", ["requestAuthToken"]:
                return self._log_in(request.json)
            case method, ["v3_0", *path]:
                user = self.tokens.get(request.headers.get("Authorization", ""))
                if user is None:
                    return Answer(UNAUTHENTICATED, 401)
                return self._creation(
                    user, method, path, request.json
                ) or self._authenticated_answer(user, method, path, request)
        return Answer(status=404, text=HTML)

    def _log_in(self, credentials: Json) -> Answer:
        email = credentials["email"]
        if (user := self.users.get(email)) is None:
            text = f"User with email '{email}' does not exist"
            return Answer({"errors": [text], "status": 404}, 404)
        if user.password != credentials["password"]:
            text = "User password does not match."
            return Answer({"errors": [text], "status": 401}, 401)
        logins = len(self.requests_to("POST", "/api/requestAuthToken"))
        token = f"{TOKEN_PREFIX}{logins}-of-{user.id}"
        self.tokens[token] = user
        return Answer({"auth_token": token, "status": 200, "user_id": user.id})

    def _authenticated_answer(
        self, user: User, method: str, path: list[str], request: Request
    ) -> Answer:
        match method, path:
            case "GET", ["assets"]:
                answer = self._asset_list(user, request.query)
            case "GET", ["sensors"]:
                answer = self._sensor_list(user, request.query)
            case "GET", ["assets", asset_id]:
                answer = self._asset_answer(user, int(asset_id))
            case "POST", ["assets", asset_id, "schedules", "trigger"]:
                answer = self._asset_answer(user, int(asset_id))
                if answer.status == HTTPStatus.OK:
                    answer = self._limited_trigger(request.json, self._trigger)
            case "GET", ["sensors", sensor_id]:
                answer = self._sensor_answer(user, int(sensor_id))
            case "GET", ["sensors", sensor_id, "data"]:
                answer = self._sensor_answer(user, int(sensor_id))
                if answer.status == HTTPStatus.OK:
                    answer = self._get_data(int(sensor_id), request.query)
            case "POST", ["sensors", sensor_id, "data"]:
                answer = self._post_data(user, int(sensor_id), request.json)
            case "GET", ["jobs", job_id]:
                answer = self._job_answer(job_id)
            case _, [_, item_id, "automations" | "forecasts" as what, *rest]:
                answer = (
                    self._automations(int(item_id), rest)
                    if what == "automations"
                    else self._forecasts_answer(user, int(item_id), rest[0], request)
                )
            case _:
                answer = self._provenance(method, path)
        return answer

    def _asset_list(self, user: User, query: Mapping[str, str]) -> Answer:
        if query.get("account", str(user.account)) != str(user.account):
            return Answer(FORBIDDEN, 403)
        public = "all_accessible" in query
        return Answer(
            [
                _as_sent(asset)
                for asset in self.assets.values()
                if self._may_list(user, asset, public=public)
            ]
        )

    def _sensor_list(self, user: User, query: Mapping[str, str]) -> Answer:
        public = "include_public_assets" in query
        return Answer(
            [
                _as_sent(sensor)
                for sensor in self.sensors.values()
                if self._may_list(
                    user, self.assets[sensor["generic_asset_id"]], public=public
                )
                and self._is_of(sensor["generic_asset_id"], query.get("asset"))
            ]
        )

    def _is_of(self, asset_id: int | None, asked: str | None) -> bool:
        """Tell whether an asset is the one that was asked for, or part of it."""
        while asked is not None and asset_id is not None and str(asset_id) != asked:
            asset_id = self.assets[asset_id]["parent_asset_id"]
        return asset_id is not None

    def _job_answer(self, job_id: str) -> Answer:
        if (job := self.jobs.get(job_id)) is None:
            text = f"Job {job_id} not found."
            return Answer({"message": text, "status": "ERROR"}, 404)
        return Answer(job, _JOB_STATUSES[job["status"]])

    def _may_list(self, user: User, asset: Json, *, public: bool) -> bool:
        owner = asset["account_id"]
        return owner == user.account or (public and owner is None)

    def _asset_answer(self, user: User, asset_id: int) -> Answer:
        if (asset := self.assets.get(asset_id)) is None:
            text = f"No asset found with ID {asset_id}."
            return Answer({"message": text, "status": "NOT_FOUND"}, 404)
        if not self._may_list(user, asset, public=True):
            return Answer(FORBIDDEN, 403)
        return Answer(_as_sent(asset))

    def _sensor_answer(self, user: User, sensor_id: int) -> Answer:
        if (sensor := self.sensors.get(sensor_id)) is None:
            text = f"No sensor found with ID {sensor_id}."
            return unprocessable({"path": {"id": [text]}})
        if not self._may_list(
            user, self.assets[sensor["generic_asset_id"]], public=True
        ):
            return Answer(FORBIDDEN, 403)
        return Answer(_as_sent(sensor))

    def use_triggers(self, count: int) -> None:
        """Let others have had schedules computed with the account."""
        now, (_, window) = dt_util.utcnow(), self.trigger_limit
        if now >= self._triggers_reset_at:
            self._triggers_used, self._triggers_reset_at = 0, now + window
        self._triggers_used += count

    def _limited_trigger(
        self, payload: Json, trigger: Callable[[Json], Answer]
    ) -> Answer:
        """Compute something, or refuse to; the window begins with the first one."""
        self.use_triggers(1)
        amount, window = self.trigger_limit
        if self._triggers_used > amount:
            self._triggers_used = amount
            answer = Answer(rate_limited(amount, window), 429)
        else:
            answer = trigger(payload)
        left = self._triggers_reset_at - dt_util.utcnow()
        answer.headers = {"Retry-After": str(round(left.total_seconds()))}
        if self.tells_limit:
            answer.headers |= {
                "X-RateLimit-Limit": str(amount),
                "X-RateLimit-Remaining": str(amount - self._triggers_used),
            }
        return answer

    def _trigger(self, payload: Json) -> Answer:
        start = dt_util.as_utc(datetime.fromisoformat(payload["start"]))
        duration = dt_util.parse_duration(payload["duration"])
        assert duration
        for model in payload["flex-model"]:
            if (sensor := self.sensors.get(model["sensor"])) is None:
                text = f"No sensor found with ID {model['sensor']}."
                return unprocessable({"json": {"flex_model": {"sensor": [text]}}})
            resolution = dt_util.parse_duration(sensor["event_resolution"])
            assert resolution
            slots = duration // resolution
            if self.planner:
                plan = self.planner(model, start, slots)
            else:
                plan = self.planned_values * (slots // len(self.planned_values) + 1)
            self.schedules[sensor["id"]] = StoredSchedule(
                start, resolution, plan[:slots], sensor["unit"]
            )
        return self._accepted("schedule")

    def _forecasts_answer(
        self, user: User, sensor_id: int, which: str, request: Request
    ) -> Answer:
        if which != "trigger":
            return self._get_forecast(sensor_id, which)
        answer = self._own_sensor_answer(user, sensor_id)
        if answer.status != HTTPStatus.OK:
            return answer
        return self._limited_trigger(
            request.json, lambda payload: self._forecast(sensor_id, payload)
        )

    def _forecast(self, sensor_id: int, payload: Json) -> Answer:
        """Forecast from the running interval on, on the grid of UTC."""
        sensor = self.sensors[sensor_id]
        resolution = dt_util.parse_duration(sensor["event_resolution"])
        duration = dt_util.parse_duration(payload["duration"])
        assert resolution
        assert duration
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        start = epoch + (dt_util.utcnow() - epoch) // resolution * resolution
        count = duration // resolution
        values = self.forecast_values * (count // len(self.forecast_values) + 1)
        self.forecasts[sensor["id"]] = StoredSchedule(
            start, resolution, values[:count], sensor["unit"]
        )
        return self._accepted("forecast")

    def _accepted(self, kind: str) -> Answer:
        """Accept a job, which has finished at once."""
        job_id = str(UUID(int=len(self.jobs) + 1))
        self.jobs[job_id] = finished_job()
        return Answer(
            {
                "job": job_id,
                "job-url": f"/api/v3_0/jobs/{job_id}",
                "message": "Request has been accepted for processing.",
                kind: job_id,
                "status": "ACCEPTED",
            },
            202,
        )

    def _get_forecast(self, sensor_id: int, job_id: str) -> Answer:
        if job_id not in self.jobs:
            return unprocessable({"message": f"Job {job_id} not found."})
        forecast = self.forecasts[sensor_id]
        minutes = len(forecast.values) * forecast.resolution // timedelta(minutes=1)
        return Answer(
            {
                "start": forecast.start.astimezone(
                    dt_util.get_default_time_zone()
                ).isoformat(),
                "duration": f"PT{minutes}M",
                "unit": forecast.unit,
                "values": forecast.values,
            }
        )

    def _automations(self, asset_id: int, automation_id: list[str]) -> Answer:
        """List them, without what they are about, or tell of one; a server before 1.1 knows no such path."""
        if self.version < "1.1":
            return Answer(NO_SUCH_PATH, 404)
        automations = self.automations.get(asset_id, [])
        if not automation_id:
            told = ("id", "type", "name", "cron", "timezone", "active")
            return Answer(
                {
                    "automations": [
                        {key: each[key] for key in told if key in each}
                        for each in automations
                    ]
                }
            )
        for each in automations:
            if str(each["id"]) == automation_id[0]:
                return Answer(each)
        return Answer({"message": "Not found.", "status": "NOT_FOUND"}, 404)

    def _own_data(self, sensor_id: int, query: dict[str, str]) -> Answer:
        """Give what the demo user wrote."""
        start = dt_util.as_utc(datetime.fromisoformat(query["start"]))
        duration = dt_util.parse_duration(query["duration"])
        own = str(self.sensors[sensor_id]["event_resolution"])
        step = dt_util.parse_duration(own) or timedelta(minutes=5)
        assert duration
        posted = self.posted.get(sensor_id, {})
        return Answer(
            {
                "values": [
                    posted.get(start + slot * step) for slot in range(duration // step)
                ],
                "start": start.isoformat(),
                "duration": query["duration"],
                "unit": query["unit"],
                "resolution": own,
            }
        )

    def _get_data(self, sensor_id: int, query: dict[str, str]) -> Answer:
        is_own = query.get("source") == "4" or (
            sensor_id in self.posted and "source-type" not in query
        )
        if is_own and sensor_id not in self.data:
            return self._own_data(sensor_id, query)
        source = query.get("source-type", "")
        by_source = {"scheduler": self.schedules, "forecaster": self.forecasts}
        written = by_source.get(source, self.data).get(sensor_id)
        if source in by_source and written is None:
            text = NEVER_SCHEDULED.replace("scheduler", source)
            return unprocessable(
                {"combined_sensor_data_description": {"source-type": [text]}}
            )
        start = dt_util.as_utc(datetime.fromisoformat(query["start"]))
        duration = dt_util.parse_duration(query["duration"])
        own = str(self.sensors[sensor_id]["event_resolution"])
        resolution = dt_util.parse_duration(query.get("resolution", own))
        assert duration
        resolution = resolution or timedelta(minutes=5)
        return Answer(
            {
                "values": [
                    written.at(start + slot * resolution, query["unit"])
                    if written
                    else None
                    for slot in range(duration // resolution)
                ],
                "start": start.astimezone(dt_util.get_default_time_zone()).isoformat(),
                "duration": query["duration"],
                "unit": query["unit"],
                "resolution": query.get("resolution", own),
                "message": "Request has been processed.",
                "status": "PROCESSED",
            }
        )

    def _own_sensor_answer(self, user: User, sensor_id: int) -> Answer:
        """A public sensor is nobody's to write to."""
        answer = self._sensor_answer(user, sensor_id)
        if answer.status != HTTPStatus.OK:
            return answer
        owner = self.assets[self.sensors[sensor_id]["generic_asset_id"]]["account_id"]
        return answer if owner == user.account else Answer(FORBIDDEN, 403)

    def _provenance(self, method: str, path: list[str]) -> Answer:
        """Tell which sources there are, or since when they have data of a sensor."""
        match method, path:
            case "GET", ["sources"]:
                return Answer({"sources": _SOURCES})
            case "GET", ["sensors", sensor_id, "stats"]:
                return Answer(self._stats(int(sensor_id)))
        return Answer(status=404, text=HTML)

    def _creation(
        self, user: User, method: str, path: list[str], payload: Json
    ) -> Answer | None:
        """Tell what may be added, or add to what there is."""
        answer = None
        match method, path:
            case "GET", ["users", _]:
                answer = Answer({"id": user.id, "account_id": user.account})
            case "GET", ["accounts", _, "auditlog"]:
                answer = Answer([]) if user.is_account_admin else Answer(FORBIDDEN, 403)
            case "GET", ["assets", "types"]:
                answer = Answer(
                    [{"id": key, "name": name} for key, name in ASSET_TYPES.items()]
                )
            case "POST", ["assets"]:
                answer = self._create_asset(user, payload)
            case "POST", ["sensors"]:
                answer = self._create_sensor(user, payload)
            case "PATCH", ["assets", asset_id]:
                answer = self._asset_answer(user, int(asset_id))
                if answer.status == HTTPStatus.OK:
                    self.assets[int(asset_id)] |= payload
                    answer = self._asset_answer(user, int(asset_id))
        return answer

    def _create_asset(self, user: User, payload: Json) -> Answer:
        """Add an asset; in this order the server finds what is wrong."""
        account, parent = payload["account_id"], payload.get("parent_asset_id")
        owned = [
            asset for asset in self.assets.values() if asset["account_id"] == account
        ]
        name, external_id = payload["name"], payload["external_id"]
        if any(
            asset["name"] == name and asset["parent_asset_id"] == parent
            for asset in owned
        ):
            text = f"An asset with the name '{name}' already exists."
            return unprocessable({"json": {"name": [text]}})
        if account != user.account:
            text = "User is not allowed to create assets for this account."
            return unprocessable({"json": {"account_id": [text]}})
        if parent is None:
            may_add = user.is_account_admin
        else:
            may_add = self.assets[parent]["account_id"] == user.account
        if not may_add:
            return Answer(FORBIDDEN, 403)
        if any(asset["external_id"] == external_id for asset in owned):
            return _duplicate("generic_asset_account_id_external_id_key")
        type_id = payload["generic_asset_type_id"]
        asset_id = max(self.assets) + 1
        self.assets[asset_id] = {
            **self.assets[ZONE],
            **payload,
            "id": asset_id,
            "parent_asset_id": parent,
            "generic_asset_type": {"id": type_id, "name": ASSET_TYPES[type_id]},
            "owner": {"id": account, "name": "Demo home"},
        }
        return Answer(_as_sent(self.assets[asset_id]), 201)

    def _create_sensor(self, user: User, payload: Json) -> Answer:
        """Add a sensor; only the database notices that there is one of that name."""
        asset_id = payload["generic_asset_id"]
        if self.assets[asset_id]["account_id"] != user.account:
            return Answer(FORBIDDEN, 403)
        if any(
            sensor["name"] == payload["name"] and sensor["generic_asset_id"] == asset_id
            for sensor in self.sensors.values()
        ):
            return _duplicate("sensor_name_generic_asset_id_key")
        sensor_id = max(self.sensors) + 1
        self.sensors[sensor_id] = _sensor(
            sensor_id,
            payload["name"],
            payload["unit"],
            payload["event_resolution"],
            asset_id,
            json_module.loads(payload["attributes"]),
        ) | {"timezone": payload["timezone"]}
        return Answer(_as_sent(self.sensors[sensor_id]), 201)

    def _stats(self, sensor_id: int) -> Json:
        """Tell what each source has of a sensor."""
        written = {"demo (ID: 4)": self.data, "forecaster (ID: 5)": self.forecasts}
        return {
            source: {
                "First event start": stored[sensor_id].start.isoformat(),
                "Last recorded": dt_util.utcnow().isoformat(),
            }
            for source, stored in written.items()
            if sensor_id in stored
        }

    def _post_data(self, user: User, sensor_id: int, payload: Json) -> Answer:
        if (sensor := self.sensors.get(sensor_id)) is None:
            text = f"No sensor found with ID {sensor_id}."
            return Answer({"message": text, "status": "NOT_FOUND"}, 404)
        if self.assets[sensor["generic_asset_id"]]["account_id"] != user.account:
            return Answer(FORBIDDEN, 403)
        if not self.loses_posts:
            self._store(sensor_id, payload)
        if not self.posting_is_queued:
            text = "Request has been processed."
            return Answer({"message": text, "status": "PROCESSED"})
        job_id = str(UUID(int=10**9 + len(self.requests)))
        return Answer(
            {
                "job": job_id,
                "job-url": f"/api/v3_0/jobs/{job_id}",
                "message": "Sensor data has been accepted for processing.",
                "status": "ACCEPTED",
            },
            202,
        )

    def _store(self, sensor_id: int, payload: Json) -> None:
        """Keep what was posted, as it was posted."""
        values = payload["values"]
        duration = dt_util.parse_duration(payload["duration"])
        assert duration is not None
        start = dt_util.as_utc(datetime.fromisoformat(payload["start"]))
        stored = self.posted.setdefault(sensor_id, {})
        for index, value in enumerate(values):
            if value is not None:
                stored[start + index * (duration / len(values))] = value


_SOURCES = [{"id": 4, "type": "user", "user_id": 1}, {"id": 5, "type": "forecaster"}]

_JOB_STATUSES = {
    "QUEUED": 202,
    "STARTED": 202,
    "DEFERRED": 202,
    "SCHEDULED": 202,
    "FINISHED": 200,
    "FAILED": 422,
    "STOPPED": 422,
    "CANCELED": 422,
}


def _duplicate(constraint: str) -> Answer:
    """What the server says when only its database notices that there is one already."""
    text = (
        "(psycopg2.errors.UniqueViolation) duplicate key value violates unique "
        f'constraint "{constraint}"\nDETAIL:  Key already exists.\n\n[SQL: INSERT INTO'
    )
    return Answer({"message": text, "status": 500}, 500)


def rate_limited(amount: int, window: timedelta) -> Json:
    """A 429 in the server's own words."""
    text = f"You hit a rate limit. The limit you hit allows {amount} per "
    return RATE_LIMITED | {"message": f"{text}{window // timedelta(minutes=1)} minute."}


def unprocessable(message: Json) -> Answer:
    """A 422 in the server's own words."""
    return Answer(
        {"message": message, "result": "Rejected", "status": "UNPROCESSABLE_ENTITY"},
        422,
    )


def finished_job(took: timedelta = timedelta(seconds=1)) -> Json:
    """A job that has just succeeded."""
    now = dt_util.utcnow()
    return {
        "status": "FINISHED",
        "message": "Scheduling job finished.",
        "result": {"num-beliefs": 73, "resolved": [], "unresolved": []},
        "origin": "scheduling",
        "enqueued-at": (now - took).isoformat(),
        "started-at": (now - took / 2).isoformat(),
        "ended-at": now.isoformat(),
        "exc-info": None,
    }


def running_job(status: str = "STARTED") -> Json:
    """A job that has not ended (QUEUED or STARTED)."""
    return finished_job() | {
        "status": status,
        "message": "Scheduling job in progress.",
        "result": None,
        "ended-at": None,
    }


def failed_job(reason: str, exception: str = "ValueError") -> Json:
    """A job that failed; an infeasible problem is ``failed_job("infeasible", "str")``."""
    return finished_job() | {
        "status": "FAILED",
        "message": f"Scheduling job failed with {exception}: {reason}.",
        "result": None,
        "exc-info": f"Traceback (most recent call last): ... {reason}",
    }


def _hyphenated(values: Mapping[str, Any]) -> Json:
    return {key.replace("_", "-"): value for key, value in values.items()}


def _as_sent(item: Json) -> Json:
    """The server sends some structures as JSON inside a string."""
    return {
        key: json_module.dumps(value)
        if key in ("attributes", "flex_model", "flex_context", "sensors_to_show")
        and not isinstance(value, str)
        else value
        for key, value in item.items()
    }


def _assets() -> Iterator[tuple[int, str, int | None, int | None, Json, Json]]:
    """Yield id, name, account, parent, flex-model and flex-context."""
    yield ZONE, "NL transmission zone", None, None, {}, {}
    yield (
        HOUSE,
        "Demo house",
        ACCOUNT,
        None,
        {},
        {
            "consumption-price": {"sensor": PRICE},
            "production-price": {"sensor": FEED_IN},
            "site-power-capacity": "17 kVA",
            "inflexible-consumption": [{"sensor": CONSUMPTION}],
        },
    )
    yield (
        BATTERY,
        "Home battery",
        ACCOUNT,
        HOUSE,
        {
            "soc-min": "1 kWh",
            "soc-max": "10 kWh",
            "power-capacity": "5 kW",
            "roundtrip-efficiency": "90%",
            "state-of-charge": {
                "sensor": BATTERY_SOC,
                "exclude-source-types": ["scheduler"],
            },
            "consumption": {"sensor": BATTERY_POWER},
        },
        {},
    )
    yield (
        GARAGE,
        "Garage battery",
        ACCOUNT,
        HOUSE,
        {
            "soc-min": "500 Wh",
            "soc-max": "5000 Wh",
            "power-capacity": "2500 W",
            "state-of-charge": {
                "sensor": GARAGE_SOC,
                "exclude-source-types": ["scheduler"],
            },
        },
        {},
    )
    yield CABIN, "Cabin battery", ACCOUNT, None, {}, {}
    yield NEIGHBOUR_HOUSE, "Neighbour house", NEIGHBOUR_ACCOUNT, None, {}, {}


def _home_assets() -> dict[int, Json]:
    return {
        asset_id: {
            "account_id": account,
            "attributes": {},
            "child_assets": [],
            "description": None,
            "external_id": None,
            "flex_context": flex_context,
            "flex_model": flex_model,
            "generic_asset_type": {"id": 1, "name": "building"},
            "generic_asset_type_id": 1,
            "id": asset_id,
            "latitude": 52.374,
            "longitude": 4.89,
            "name": name,
            "owner": {"id": account, "name": "Demo home"} if account else None,
            "parent_asset_id": parent,
            "sensors": [],
            "sensors_to_show": [],
        }
        for asset_id, name, account, parent, flex_model, flex_context in _assets()
    }


def ids_by_name() -> dict[str, int]:
    """Return the ids of the sensors that the server has at first, by their names."""
    return {sensor["name"]: sensor_id for sensor_id, sensor in _home_sensors().items()}


def _home_sensors() -> dict[int, Json]:
    consuming = {"consumption_is_positive": True}
    rows: list[tuple[int, str, str, str, int, Json]] = [
        (PRICE, "day-ahead prices", "EUR/MWh", "PT1H", ZONE, {}),
        (PRICE_15MIN, "day-ahead prices 15 min", "EUR/kWh", "PT15M", ZONE, {}),
        (FEED_IN, "feed-in price", "EUR/kWh", "PT1H", ZONE, {}),
        (DOLLAR_PRICE, "price in dollars", "USD/kWh", "PT1H", ZONE, {}),
        (PUBLIC_POWER, "zone power", "MW", "PT15M", ZONE, {}),
        (CONSUMPTION, "household consumption", "kW", "PT15M", HOUSE, consuming),
        (BATTERY_POWER, "battery power", "kW", "PT15M", BATTERY, consuming),
        (BATTERY_SOC, "battery SoC", "kWh", "P0D", BATTERY, {}),
        (BATTERY_CHARGING, "battery charging", "kW", "PT15M", BATTERY, {}),
        (GARAGE_POWER, "garage battery power", "W", "PT5M", GARAGE, {}),
        (GARAGE_SOC, "garage battery SoC", "kWh", "P0D", GARAGE, {}),
        (CABIN_POWER, "cabin battery power", "MW", "PT1H", CABIN, {}),
        (CABIN_SOC, "cabin battery SoC", "%", "P0D", CABIN, {}),
        (NEIGHBOUR_POWER, "neighbour power", "kW", "PT15M", NEIGHBOUR_HOUSE, {}),
    ]
    return {row[0]: _sensor(*row) for row in rows}


def _sensor(
    sensor_id: int,
    name: str,
    unit: str,
    resolution: str,
    asset_id: int,
    attributes: Json,
) -> Json:
    """Describe a sensor as the server does."""
    return {
        "attributes": attributes,
        "entity_address": f"ea1.2026-01.test.flexmeasures:fm1.{sensor_id}",
        "event_resolution": resolution,
        "generic_asset_id": asset_id,
        "id": sensor_id,
        "name": name,
        "timezone": TIME_ZONE,
        "unit": unit,
    }
