"""A server that stores what feeds post, at once: for timing only our side.

In a thread: not for a process whose time is measured.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import threading
from typing import Any, NamedTuple, override
from urllib.parse import parse_qs, urlsplit

from custom_components.flexmeasures.api.durations import iso_duration, parse_duration

SITE = 1
USER = 1
SOURCE = 1


class Slot(NamedTuple):
    """An interval of a sensor."""

    sensor: int
    start: datetime


class StoringServer(ThreadingHTTPServer):
    """Has sensors for power in kW, whose ids count from 1 on, and what was posted of them."""

    request_queue_size = 128

    def __init__(self, sensors: int, resolution: timedelta) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sensors = range(1, sensors + 1)
        self.resolution = resolution
        self.values: dict[Slot, float | None] = {}
        self.posts_of_sensor: Counter[int] = Counter()
        self.posts_of_slot: Counter[Slot] = Counter()
        self.reads = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def describe(self) -> list[dict[str, Any]]:
        """Return all sensors as the server's API does."""
        return [
            {
                "id": sensor,
                "name": f"power {sensor}",
                "unit": "kW",
                "event_resolution": iso_duration(self.resolution),
                "timezone": "Europe/Amsterdam",
                "generic_asset_id": SITE,
                "attributes": "{}",
            }
            for sensor in self.sensors
        ]

    def store(self, sensor: int, data: dict[str, Any]) -> None:
        """Keep values."""
        self.posts_of_sensor[sensor] += 1
        start = datetime.fromisoformat(data["start"])
        for index, value in enumerate(data["values"]):
            slot = Slot(sensor, start + index * self.resolution)
            self.posts_of_slot[slot] += 1
            self.values[slot] = value

    def read(self, sensor: int, query: dict[str, str]) -> dict[str, Any]:
        """Return the values of a period."""
        start = datetime.fromisoformat(query["start"])
        count = parse_duration(query["duration"]) // self.resolution
        return {
            "values": [
                self.values.get(Slot(sensor, start + index * self.resolution))
                for index in range(count)
            ],
            "start": query["start"],
            "duration": query["duration"],
            "unit": query["unit"],
            "resolution": iso_duration(self.resolution),
            "status": "PROCESSED",
        }


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of feeds."""

    protocol_version = "HTTP/1.1"
    server: StoringServer

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        """Accept every login and all values."""
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        match urlsplit(self.path).path.strip("/").split("/"):
            case ["api", _, "sensors", sensor, "data"]:
                self.server.store(int(sensor), data)
                self._answer({"status": "PROCESSED"})
            case _:
                self._answer({"auth_token": "token", "user_id": USER, "status": 200})

    def do_GET(self) -> None:
        """Tell what there is."""
        self.server.reads += 1
        url = urlsplit(self.path)
        match url.path.strip("/").split("/"):
            case ["api"]:
                self._answer({"flexmeasures_version": "1.0.1"})
            case ["api", _, "assets"]:
                self._answer([{"id": SITE, "name": "Site", "account_id": 1}])
            case ["api", _, "sensors"]:
                self._answer(self.server.describe())
            case ["api", _, "sources"]:
                source = {"id": SOURCE, "type": "user", "user_id": USER}
                self._answer({"sources": [source]})
            case ["api", _, "sensors", sensor, "data"]:
                query = {key: values[0] for key, values in parse_qs(url.query).items()}
                self._answer(self.server.read(int(sensor), query))
            case _:
                self.send_error(404)

    def _answer(self, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def storing_server(sensors: int, resolution: timedelta) -> Iterator[StoringServer]:
    """Run the server."""
    with StoringServer(sensors, resolution) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
