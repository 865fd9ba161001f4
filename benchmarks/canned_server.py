"""A server in a process of its own that answers like FlexMeasures, at once: for timing only our side.

It has 50 batteries of one site, whose power sensors have the ids from 1 on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
import os
import random
import re
import signal
from typing import Any, NamedTuple, override
from urllib.parse import parse_qs, urlsplit

BATTERIES = range(1, 51)
# A battery's power sensor has the id of the battery, and its state of charge:
SOC_SENSORS = range(1001, 1051)
SITE = 2000
PRICES = (2001, 2002)
HOUR = timedelta(hours=1)

_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")


class _Server(ThreadingHTTPServer):
    """Knows what its sensors and assets are."""

    # Connections that are accepted while it hangs.
    request_queue_size = 128

    def __init__(self, resolution: timedelta) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.resolution = resolution

    @cached_property
    def sensors(self) -> dict[int, dict[str, Any]]:
        """All sensors by their ids."""
        minutes = self.resolution // timedelta(minutes=1)
        return {
            item["id"]: item
            for item in (
                *(_sensor(id_, "power", "kW", f"PT{minutes}M") for id_ in BATTERIES),
                *(_sensor(id_, "SoC", "kWh", "PT0S") for id_ in SOC_SENSORS),
                *(_sensor(id_, "price", "EUR/kWh", "PT1H") for id_ in PRICES),
            )
        }

    @cached_property
    def assets(self) -> list[dict[str, Any]]:
        """The site and its batteries."""
        consumption, production = ({"sensor": price} for price in PRICES)
        context = {"consumption-price": consumption, "production-price": production}
        return [
            {"id": SITE, "name": "Site", "account_id": 1, "flex_context": context},
            *(
                {
                    "id": battery,
                    "name": f"Battery {battery}",
                    "account_id": 1,
                    "parent_asset_id": SITE,
                    "flex_model": {
                        "soc-min": "1 kWh",
                        "soc-max": "10 kWh",
                        "state-of-charge": {"sensor": soc_sensor},
                    },
                }
                for battery, soc_sensor in zip(BATTERIES, SOC_SENSORS, strict=True)
            ),
        ]


def _sensor(id_: int, name: str, unit: str, resolution: str) -> dict[str, Any]:
    return {
        "id": id_,
        "name": name,
        "unit": unit,
        "event_resolution": resolution,
        "timezone": "Europe/Amsterdam",
        "generic_asset_id": id_ % 1000 or SITE,
        "attributes": "{}",
    }


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of a coordinator that reads a plan."""

    protocol_version = "HTTP/1.1"
    server: _Server

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        """Accept every login."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"auth_token": "token", "user_id": 1, "status": 200})

    def do_GET(self) -> None:
        """Tell the version, the assets, the sensors, or a sensor's data."""
        url = urlsplit(self.path)
        match url.path.strip("/").split("/"):
            case ["api"]:
                self._answer({"flexmeasures_version": "1.0.1"})
            case ["api", _, "assets"]:
                self._answer(self.server.assets)
            case ["api", _, "sensors"]:
                self._answer(list(self.server.sensors.values()))
            case ["api", _, "sensors", id_]:
                self._answer(self.server.sensors[int(id_)])
            case ["api", _, "sensors", id_, "data"]:
                query = {key: values[0] for key, values in parse_qs(url.query).items()}
                self._answer_data(self.server.sensors[int(id_)], query)
            case _:
                self.send_error(404)

    def _answer_data(self, sensor: dict[str, Any], query: dict[str, str]) -> None:
        """Plan other values each time; nobody has measured anything."""
        if query.get("source-type") == "user":
            text = "No data source with source-type user"
            self._answer({"message": text, "status": 422}, status=422)
            return
        resolution = query.get("resolution", sensor["event_resolution"])
        count = round(_duration(query["duration"]) / _duration(resolution))
        self._answer(
            {
                "values": [round(random.uniform(-5, 5), 3) for _ in range(count)],  # noqa: S311
                "start": datetime.fromisoformat(query["start"]).isoformat(),
                "duration": query["duration"],
                "unit": query["unit"],
                "resolution": resolution,
                "status": "PROCESSED",
            }
        )

    def _answer(self, body: Any, *, status: int = 200) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _duration(text: str) -> timedelta:
    """Read an ISO 8601 duration of hours, minutes and seconds."""
    match = _DURATION.fullmatch(text)
    assert match, text
    hours, minutes, seconds = (int(number or 0) for number in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _serve(port: Connection, resolution: timedelta) -> None:
    server = _Server(resolution)
    port.send(server.server_port)
    server.serve_forever()


class CannedServer(NamedTuple):
    """A server that is running."""

    url: str
    process: BaseProcess

    def hang(self) -> None:
        """Let it accept connections but answer nothing, for good."""
        assert self.process.pid
        os.kill(self.process.pid, signal.SIGSTOP)


@contextmanager
def running_server(resolution: timedelta) -> Iterator[CannedServer]:
    """Run the server, whose power sensors have this resolution."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, resolution), daemon=True)
    process.start()
    try:
        yield CannedServer(f"http://127.0.0.1:{ours.recv()}", process)
    finally:
        # It may hang.
        process.kill()
        process.join()


@contextmanager
def canned_server(resolution: timedelta) -> Iterator[str]:
    """Run the server; gives its address."""
    with running_server(resolution) as server:
        yield server.url
