"""A server in a process of its own that answers like FlexMeasures, at once: for timing only our side."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import multiprocessing
from multiprocessing.connection import Connection
import random
from typing import Any, override
from urllib.parse import parse_qs, urlsplit

RESOLUTION = timedelta(minutes=5)


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of a coordinator that reads a plan."""

    protocol_version = "HTTP/1.1"

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        """Accept every login."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"auth_token": "token", "user_id": 1, "status": 200})

    def do_GET(self) -> None:
        """Tell a sensor, or its data: other values each time."""
        url = urlsplit(self.path)
        if url.path.endswith("/data"):
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            slots = round(_seconds(query["duration"]) / RESOLUTION.total_seconds())
            self._answer(
                {
                    "values": [round(random.uniform(-5, 5), 3) for _ in range(slots)],  # noqa: S311
                    "start": datetime.fromisoformat(query["start"]).isoformat(),
                    "duration": query["duration"],
                    "unit": query["unit"],
                    "resolution": "PT5M",
                    "status": "PROCESSED",
                }
            )
            return
        sensor_id = int(url.path.rpartition("/")[2])
        self._answer(
            {
                "id": sensor_id,
                "name": "power",
                "unit": "kW",
                "event_resolution": "PT5M",
                "timezone": "Europe/Amsterdam",
                "generic_asset_id": sensor_id,
                "attributes": "{}",
            }
        )

    def _answer(self, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _seconds(duration: str) -> float:
    """Seconds of an ISO 8601 duration that has only hours."""
    return float(duration.removeprefix("PT").removesuffix("H")) * 3600


def _serve(port: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    port.send(server.server_port)
    server.serve_forever()


@contextmanager
def canned_server() -> Iterator[str]:
    """Run the server; gives its address."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()
