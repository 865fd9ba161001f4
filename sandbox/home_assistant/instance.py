"""A real Home Assistant with this repository's integrations."""

from collections.abc import Callable, Mapping
import contextlib
import http.client
import json
from pathlib import Path
import shutil
import tempfile
from typing import Any, Self

from ..environments import REPOSITORY, child_environment, program
from ..errors import SandboxError
from ..processes import Child, free_port, run, tail

INTEGRATIONS = (
    REPOSITORY / "custom_components" / "flexmeasures",
    # Is there for whoever names it in the configuration.
    Path(__file__).parent / "simulated_home",
)
ATTEMPTS = 3
# What it logs, and goes on without its web server or its integrations.
NO_PORT = "Failed to create HTTP server"
NO_CORE = "Activating recovery mode"
START_SECONDS = 120
# Not default_config: that wants other programs, and the internet.
CONFIGURATION = """\
homeassistant:
  name: FlexMeasures demo
  latitude: 52.374
  longitude: 4.89
  elevation: 2
  unit_system: metric
  currency: EUR
  country: NL
  time_zone: Europe/Amsterdam
  language: en
  internal_url: http://127.0.0.1:{port}
  external_url: http://127.0.0.1:{port}
frontend:
recorder:
  commit_interval: 1
history:
logbook:
energy:
sun:
logger:
  default: warning
  logs:
    # Complaints about programs that only cameras need.
    haffmpeg: critical
    homeassistant.components.camera.img_util: critical
"""


class HomeAssistant:
    """A Home Assistant that has an owner and nothing left to set up, on a loopback port."""

    username = "demo"
    password = "flexmeasures-demo"  # noqa: S105

    def __init__(
        self,
        folder: Path | None = None,
        *,
        configuration: str = "",
        environment: str = "homeassistant",
        host: str = "127.0.0.1",
        history: Mapping[str, Any] | None = None,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Prepare a Home Assistant that keeps its configuration in a folder; without one it starts anew and leaves nothing.

        `configuration` is added to its configuration.yaml; `history`, as history.py wants it, is what its entities have shown before.
        The `environment` has its version, and the frontend of that. By the `host` "localhost" browsers also keep its frontend, as they do
        with encryption.
        """
        self._given_folder = folder
        self._configuration = configuration
        self._environment = environment
        self._host = host
        self._history = history
        self._folder: Path | None = None
        self._report = report
        self._child: Child | None = None
        self._port = 0
        self.token = ""

    @property
    def url(self) -> str:
        """The address, which a restart does not change."""
        return f"http://{self._host}:{self._port}"

    @property
    def folder(self) -> Path:
        """The configuration folder."""
        if not self._folder:
            raise SandboxError(
                "Home Assistant has no configuration before its first start"
            )
        return self._folder

    def start(self) -> Self:
        """Start it, with the same configuration and on the same port as before, and wait until it is up."""
        if not self._folder:
            self._folder = self._make_folder()
        state = self._folder / "sandbox.json"
        self._report("Starting Home Assistant")
        if state.exists():
            self._port, self.token = json.loads(state.read_text())
            self._run()
        else:
            self._start_anew()
            state.touch(mode=0o600)
            state.write_text(json.dumps([self._port, self.token]))
        self._report(f"Home Assistant runs on {self.url}")
        return self

    def _make_folder(self) -> Path:
        if not self._given_folder:
            return Path(tempfile.mkdtemp(prefix="homeassistant-"))
        self._given_folder.mkdir(parents=True, exist_ok=True)
        return self._given_folder.resolve()

    def _start_anew(self) -> None:
        for attempt in range(ATTEMPTS):
            self._port = free_port()
            self._prepare()
            try:
                self._run()
            except SandboxError:
                # Another process may have been faster to take the port.
                if attempt == ATTEMPTS - 1 or NO_PORT not in self.log_text():
                    raise
            else:
                return

    def _prepare(self) -> None:
        shutil.rmtree(self.folder / ".storage", ignore_errors=True)
        (self.folder / "configuration.yaml").write_text(
            CONFIGURATION.format(port=self._port) + self._configuration
        )
        for integration in INTEGRATIONS:
            link = self.folder / "custom_components" / integration.name
            link.parent.mkdir(exist_ok=True)
            if not link.exists():
                link.symlink_to(integration)
        order = {
            "folder": str(self.folder),
            "username": self.username,
            "password": self.password,
            "port": self._port,
            "history": self._write_history(),
        }
        self.token = run(
            "Preparing Home Assistant",
            (
                program(self._environment),
                "-m",
                "sandbox.home_assistant.seed",
                json.dumps(order),
            ),
            folder=self.folder,
            environment=child_environment(PYTHONPATH=str(REPOSITORY)),
        ).strip()

    def _write_history(self) -> str | None:
        if not self._history:
            return None
        for left in self.folder.glob("home-assistant_v2.db*"):
            left.unlink()
        file = self.folder / "history.json"
        file.write_text(json.dumps(self._history))
        return str(file)

    def _run(self) -> None:
        self._child = Child(
            "Home Assistant",
            (
                program(self._environment, "hass"),
                # A missing package is an error of our set-up, not to be hidden.
                "--skip-pip",
                "--config",
                self.folder,
            ),
            log=self._log,
            folder=self.folder,
            environment=child_environment(),
            grace=20,
        )
        self._child.wait_until(self._is_ready, START_SECONDS)

    def _is_ready(self) -> bool:
        log = self.log_text()
        if NO_PORT in log or NO_CORE in log:
            raise SandboxError(f"Home Assistant does not start:\n{log}")
        return self._ask("/api/config").get("state") == "RUNNING"

    def _ask(self, path: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        with (
            contextlib.closing(connection),
            contextlib.suppress(OSError, http.client.HTTPException, ValueError),
        ):
            connection.request(
                "GET", path, headers={"Authorization": f"Bearer {self.token}"}
            )
            answer: dict[str, Any] = json.load(connection.getresponse())
            return answer
        return {}

    def stop(self) -> None:
        """Stop it; it can be started again."""
        if self._child:
            self._child.stop()
            self._child = None

    @property
    def _log(self) -> Path:
        return self.folder / "sandbox.log"

    def log_text(self, lines: int = 1000) -> str:
        """Return the end of what it has logged since the first start."""
        return tail(self._log, lines)

    def __enter__(self) -> Self:
        """Start it."""
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        """Stop it for good."""
        self.stop()
        if self._folder and not self._given_folder:
            shutil.rmtree(self._folder, ignore_errors=True)
