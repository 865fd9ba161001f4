"""A real FlexMeasures server with a home in it."""

from collections.abc import Callable
import contextlib
import json
from pathlib import Path
import secrets
import shutil
import tempfile
from typing import Any, Self

from ..environments import REPOSITORY, child_environment, program
from ..errors import SandboxError
from ..processes import Child, tail
from .home import Home
from .postgresql import PostgreSQL
from .redis import Redis, redis_program

# Importing FlexMeasures takes 4 s on an idle machine of 2026, and much longer on a busy one, or the first time.
START_SECONDS = 180
CONFIGURATION = """\
SQLALCHEMY_DATABASE_URI = {uri!r}
SECRET_KEY = {secret!r}
FLEXMEASURES_REDIS_URL = "127.0.0.1"
FLEXMEASURES_REDIS_PORT = {redis_port}
FLEXMEASURES_TIMEZONE = "Europe/Amsterdam"
FLEXMEASURES_CREATE_TEMPLATE_ASSETS_ON_STARTUP = False
FLEXMEASURES_API_TRIGGER_RATE_LIMIT = {trigger_rate_limit!r}
FLEXMEASURES_API_DEFAULT_RATE_LIMIT = {default_rate_limit!r}
TRUSTED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
SERVER_NAME = None
# The default asks a server on the internet.
SECURITY_PASSWORD_CHECK_BREACHED = None
# The default, "1 week", is more than Flask-Security-Too 5.9 understands.
SECURITY_TWO_FACTOR_LOGIN_VALIDITY = "7 days"
"""


class FlexMeasuresServer:
    """A FlexMeasures server with its database, Redis and worker, each of which can be stopped and started again."""

    home: Home

    def __init__(
        self,
        folder: Path | None = None,
        *,
        is_metered: bool = False,
        trigger_rate_limit: str = "1000 per minute",
        default_rate_limit: str = "100000 per minute",
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Prepare a server that keeps its data in a folder; without one it starts empty and leaves nothing.

        `is_metered`: with meters in its home, and all that they have counted for more than a year.
        """
        self._given_folder = folder
        self._is_metered = is_metered
        self._rate_limits = {
            "trigger_rate_limit": trigger_rate_limit,
            "default_rate_limit": default_rate_limit,
        }
        self._report = report
        self._cleanup = contextlib.ExitStack()
        self._port = 0
        self._worker_runs = False

    @property
    def url(self) -> str:
        """The server's address, the same for as long as its data."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def database_uri(self) -> str:
        """The address of the database, for psycopg2 of FlexMeasures' own environment."""
        return self._database.uri.replace("+psycopg2", "")

    def start(self) -> Self:
        """Start everything."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        self._folder = self._make_folder()
        self._home_file = self._folder / "home.json"
        self._state_file = self._folder / "server.json"
        executable = redis_program()
        self._redis = (
            Redis(executable, self._folder, self._log("redis")) if executable else None
        )
        self._database = PostgreSQL(
            self._folder / "postgresql", self._log("postgresql")
        )
        self._cleanup.callback(self._database.close)
        if self._redis:
            self._cleanup.callback(self._redis.stop)
            self._redis.start()
        if not self._home_file.exists():
            # What an interrupted start may have left.
            shutil.rmtree(self._folder / "postgresql", ignore_errors=True)
        state = self._read_state()
        self._report("Loading FlexMeasures")
        self._app = self._start_app(state["secret"])
        self._cleanup.callback(self._app.stop)
        # Meanwhile:
        self._database.start()
        self._report("Preparing its database")
        self._tell(
            "prepare", str(self._home_file), self._is_metered, timeout=START_SECONDS
        )
        self.home = Home.read(self._home_file)
        self._port = state["port"]
        self.start_web()
        self._state_file.write_text(json.dumps(state | {"port": self._port}))
        self.start_worker()
        self._report(f"FlexMeasures runs on {self.url}")

    def _make_folder(self) -> Path:
        if self._given_folder:
            folder = self._given_folder.resolve()
            folder.mkdir(parents=True, exist_ok=True)
        else:
            folder = Path(tempfile.mkdtemp(prefix="flexmeasures-"))
            self._cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        # PostgreSQL, which may run as another user, has a folder of its own in it.
        folder.chmod(0o711)
        (folder / "logs").mkdir(exist_ok=True)
        return folder

    def _log(self, name: str) -> Path:
        return self._folder / "logs" / f"{name}.log"

    def _read_state(self) -> dict[str, Any]:
        if self._state_file.exists():
            state: dict[str, Any] = json.loads(self._state_file.read_text())
            return state
        return {"secret": secrets.token_urlsafe(), "port": 0}

    def _start_app(self, secret: str) -> Child:
        configuration = self._folder / "flexmeasures.cfg"
        configuration.touch(mode=0o600)
        redis_port = self._redis.port if self._redis else 0
        configuration.write_text(
            CONFIGURATION.format(
                uri=self._database.uri,
                secret=secret,
                redis_port=redis_port,
                **self._rate_limits,
            )
        )
        return Child(
            "FlexMeasures",
            (
                program("flexmeasures"),
                "-m",
                "sandbox.flexmeasures.app",
                configuration,
                "real" if self._redis else "fake",
            ),
            log=self._log("flexmeasures"),
            folder=self._folder,
            environment=child_environment(
                FLEXMEASURES_ENV="production",
                HOME=str(self._folder),
                PYTHONPATH=str(REPOSITORY),
            ),
            talks=True,
        )

    def _tell(self, *command: str | bool, timeout: float = 60) -> Any:
        self._app.tell(json.dumps(command))
        answer = json.loads(self._app.listen(timeout))
        if "error" in answer:
            raise self._app.error(f"says: {answer['error']}")
        return answer["result"]

    def stop(self) -> None:
        """Stop everything; the data stays if a folder was given."""
        self._cleanup.close()

    def forget(self) -> None:
        """Drop all schedules and measurements that have come since the first start, once the jobs there are have ended."""
        self._tell("forget", timeout=START_SECONDS)

    def finish_jobs(self) -> None:
        """Wait until the jobs there are have ended."""
        self._tell("finish_jobs", timeout=START_SECONDS)

    def start_web(self) -> None:
        """Start the web server."""
        self._port = self._tell("start_web", str(self._port))

    def stop_web(self) -> None:
        """Stop the web server: its port refuses connections."""
        self._tell("stop", "web")

    def start_worker(self) -> None:
        """Start the worker; without a real Redis the web server has it built in."""
        if self._redis:
            self._tell("start_worker")
        self._worker_runs = True

    def stop_worker(self) -> None:
        """Stop the worker: jobs stay queued."""
        self._require_redis()
        self._tell("stop", "worker")
        self._worker_runs = False

    def start_database(self) -> None:
        """Start PostgreSQL."""
        self._database.start()
        # The worker's first job would fail on a connection to the server that was.
        self._restart_worker()

    def stop_database(self) -> None:
        """Stop PostgreSQL."""
        self._database.stop()

    def start_redis(self) -> None:
        """Start Redis, empty."""
        self._require_redis().start()
        # Redis has forgotten the worker, and so has FlexMeasures.
        self._restart_worker()

    def stop_redis(self) -> None:
        """Stop Redis."""
        self._require_redis().stop()

    def _restart_worker(self) -> None:
        if self._redis and self._worker_runs:
            self.stop_worker()
            self.start_worker()

    def _require_redis(self) -> Redis:
        if not self._redis:
            raise SandboxError(
                "There is no redis-server on this machine: Redis and the worker are part of the web server"
            )
        return self._redis

    def log_text(self) -> str:
        """Return the end of all logs."""
        return "\n".join(
            f"--- {log.name}\n{tail(log)}"
            for log in sorted(self._folder.glob("logs/*.log"))
        )

    def __enter__(self) -> Self:
        """Start everything."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop everything."""
        self.stop()
