"""How soon a new plan is in Home Assistant's sensor once the server has computed it.

From calling `trigger_schedule` in a real Home Assistant to its end, when the sensor
holds the new plan, less the time that the job took by the server's own clock; beside
it the same for `trigger_and_get_schedule` of flexmeasures-client with its defaults.
A battery, 6 hours ahead, at 15 minutes; both take turns in one run.

usage: .environments/homeassistant/bin/python -m benchmarks.trigger_latency [--runs 10]
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
import time
from typing import Any

import aiohttp
from flexmeasures_client.client import FlexMeasuresClient

from sandbox.demo.home import Progress, configure
from sandbox.flexmeasures.server import FlexMeasuresServer
from sandbox.home_assistant.client import HomeAssistantClient
from sandbox.home_assistant.instance import HomeAssistant

HORIZON = timedelta(hours=6)


@dataclass(frozen=True)
class Run:
    """One schedule, in seconds."""

    total: float
    job: float

    @property
    def overhead(self) -> float:
        """What came on top of the server's own time."""
        return self.total - self.job


class JobTimes:
    """Asks the server how long its last job took."""

    def __init__(
        self, session: aiohttp.ClientSession, server: FlexMeasuresServer
    ) -> None:
        """Use an own login, so that no other one is disturbed."""
        self._session = session
        self._server = server
        self._token = ""

    async def log_in(self) -> None:
        """Get a token."""
        user = self._server.home.user("demo")
        login = {"email": user.email, "password": user.password}
        async with self._session.post(
            f"{self._server.url}/api/requestAuthToken", json=login
        ) as answer:
            self._token = (await answer.json())["auth_token"]

    async def last(self) -> float:
        """From being queued to its end, in seconds."""
        asset = self._server.home.asset("battery")
        jobs = (await self._get(f"assets/{asset}/jobs"))["jobs"]
        newest = max(jobs, key=lambda job: job["enqueued_at"])
        job = await self._get(f"jobs/{newest['job_id']}")
        queued, ended = (
            datetime.fromisoformat(job[key]) for key in ("enqueued-at", "ended-at")
        )
        return (ended - queued).total_seconds()

    async def _get(self, path: str) -> Any:
        async with self._session.get(
            f"{self._server.url}/api/v3_0/{path}",
            headers={"Authorization": self._token},
        ) as answer:
            answer.raise_for_status()
            return await answer.json()


async def timed(
    schedule: Callable[[], Awaitable[Any]], times: JobTimes
) -> tuple[Run, Any]:
    """Time one schedule; returns what it gives, too."""
    start = time.perf_counter()
    response = await schedule()
    total = time.perf_counter() - start
    return Run(total, await times.last()), response


async def compare(
    server: FlexMeasuresServer, home_assistant: HomeAssistant, runs: int
) -> tuple[list[Run], list[Run]]:
    """Let both take turns; returns ours and the client's."""
    user = server.home.user("demo")
    ours: list[Run] = []
    clients: list[Run] = []
    async with (
        HomeAssistantClient(home_assistant.url, home_assistant.token) as client,
        aiohttp.ClientSession() as session,
    ):
        await configure(client, server, Progress(), devices=["Home battery"])
        (device_id,) = [
            device["id"]
            for device in await client.command("config/device_registry/list")
            if device["name"] == "Home battery"
        ]
        times = JobTimes(session, server)
        await times.log_in()
        theirs = FlexMeasuresClient(
            email=user.email,
            password=user.password,
            host=server.url.removeprefix("http://"),
            session=session,
        )
        for number in range(runs):
            # Other states of charge, so that the server computes each time.
            soc = 3 + number / 10

            async def call_ours(soc: float = soc) -> Any:
                return await client.call_service(
                    "flexmeasures",
                    "trigger_schedule",
                    {"device_id": device_id, "soc_at_start": soc, "duration": "PT6H"},
                    return_response=True,
                )

            async def call_theirs(soc: float = soc + 0.05) -> None:
                now = datetime.now(UTC)
                start = now - timedelta(
                    minutes=now.minute % 15,
                    seconds=now.second,
                    microseconds=now.microsecond,
                )
                await theirs.trigger_and_get_schedule(
                    start=start,
                    duration=HORIZON,
                    sensor_id=server.home.sensor("battery_power"),
                    flex_model={"soc-at-start": f"{soc} kWh"},
                )

            run, response = await timed(call_ours, times)
            ours.append(run)
            state = await client.state("sensor.home_battery_setpoint")
            assert float(state["state"]) == response["schedule"][0]["value"]
            run, _ = await timed(call_theirs, times)
            clients.append(run)
            print(
                f"run {number + 1:2}: job {ours[-1].job:5.2f} s, ours + {ours[-1].overhead:5.2f} s"
                f" | job {clients[-1].job:5.2f} s, client + {clients[-1].overhead:5.2f} s",
                flush=True,
            )
    return ours, clients


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.trigger_latency", description=__doc__
    )
    parser.add_argument("--runs", type=int, default=10)
    arguments = parser.parse_args()
    with FlexMeasuresServer() as server, HomeAssistant() as home_assistant:
        ours, clients = asyncio.run(compare(server, home_assistant, arguments.runs))
    for name, runs in (("ours", ours), ("client, defaults", clients)):
        print(
            f"{name:17} job {median(run.job for run in runs):5.2f} s,"
            f" total {median(run.total for run in runs):5.2f} s,"
            f" on top of the job {median(run.overhead for run in runs):5.2f} s (medians)"
        )
    ratio = median(run.overhead for run in clients) / median(
        run.overhead for run in ours
    )
    print(f"The client's overhead is {ratio:.1f} times ours")


if __name__ == "__main__":
    main()
