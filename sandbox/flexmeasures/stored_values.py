"""What the FlexMeasures server itself has stored, asked for beside the integration."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from aiohttp import ClientSession

from ..errors import SandboxError
from .server import FlexMeasuresServer


@asynccontextmanager
async def server_session(
    server: FlexMeasuresServer, name: str = "demo"
) -> AsyncIterator[ClientSession]:
    """Log in to the server as one of its users: the owner of the demo home, if nothing else is said."""
    user = server.home.user(name)
    async with ClientSession() as session:
        async with session.post(
            f"{server.url}/api/requestAuthToken",
            json={"email": user.email, "password": user.password},
        ) as answer:
            session.headers["Authorization"] = (await answer.json())["auth_token"]
        yield session


async def stored_values(
    session: ClientSession,
    server: FlexMeasuresServer,
    sensor: str,
    start: datetime,
    end: datetime,
    *,
    unit: str,
    resolution: timedelta | None = None,
    source_type: str | None = None,
) -> list[float | None]:
    """Return the values of a sensor of the sandbox's home in a period, one for each interval.

    Of its own resolution, unless another is given. The session is that of `server_session`.
    """
    parameters = {
        "start": start.isoformat(),
        "duration": _iso(end - start),
        "unit": unit,
    }
    if resolution:
        parameters["resolution"] = _iso(resolution)
    if source_type:
        parameters["source-type"] = source_type
    async with session.get(
        f"{server.url}/api/v3_0/sensors/{server.home.sensor(sensor)}/data",
        params=parameters,
    ) as answer:
        body = await answer.json()
        if not answer.ok:
            raise SandboxError(
                f"The server does not tell the values of {sensor}: {body}"
            )
    values: list[float | None] = body["values"]
    return values


def _iso(duration: timedelta) -> str:
    return f"PT{int(duration.total_seconds())}S"
