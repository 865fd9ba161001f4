"""Child processes that never outlive us, and loopback ports for them."""

from collections.abc import Callable, Mapping, Sequence
import contextlib
from dataclasses import dataclass
import json
import os
from pathlib import Path
import queue
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import IO

from .errors import SandboxError

SUPERVISOR = Path(__file__).with_name("supervise.py")


@dataclass(frozen=True)
class Identity:
    """The user and group that a child runs as."""

    user: int
    group: int


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    while True:
        # Below the range from which systems take ports for outgoing connections, so that none of those gets in between.
        port = random.randrange(20000, 32000)  # noqa: S311
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            return port


def tail(log: Path, lines: int = 40) -> str:
    """Return the last lines of a log."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


class Child:
    """A running command, with a supervisor that stops it when we stop it or when we die."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        folder: Path,
        environment: Mapping[str, str],
        stop_signal: signal.Signals = signal.SIGTERM,
        grace: float = 10,
        identity: Identity | None = None,
        talks: bool = False,
    ) -> None:
        """Start the command; its log takes all that it writes, unless it talks: then its standard output is for listen()."""
        self.name = name
        self._log = log
        self._grace = grace
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        order = {
            "command": [str(word) for word in command],
            "stop_signal": stop_signal,
            "grace": grace,
            "identity": {
                "user": identity.user,
                "group": identity.group,
                "extra_groups": [],
            }
            if identity
            else {},
        }
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", SUPERVISOR, json.dumps(order)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if talks else output,
                stderr=output,
                cwd=folder,
                env=environment,
                # Ctrl-C in a terminal is for us; we then stop our children in order.
                start_new_session=True,
            )
        if self._process.stdout:
            threading.Thread(
                target=self._read, args=(self._process.stdout,), daemon=True
            ).start()

    def _read(self, output: IO[bytes]) -> None:
        """Collect what the command writes to its standard output."""
        with output:
            for line in output:
                self._lines.put(line.decode(errors="replace").rstrip("\n"))
        self._lines.put(None)

    def error(self, what: str) -> SandboxError:
        """Return an error about this child, with the end of its log."""
        return SandboxError(
            f"{self.name} {what}. The end of its log:\n{tail(self._log)}"
        )

    def tell(self, line: str) -> None:
        """Write a line to the command's standard input."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()
        except OSError as error:
            raise self.error("has ended") from error

    def listen(self, timeout: float) -> str:
        """Return the next line of the command's standard output."""
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            raise self.error(f"has not answered within {timeout:.0f} s") from None
        if line is None:
            raise self.error("has ended")
        return line

    def wait_until(self, ready: Callable[[], bool], timeout: float) -> None:
        """Wait until a condition holds; stop the command if it does not within a time."""
        try:
            self._wait_until(ready, timeout)
        except BaseException:
            self.stop()
            raise

    def _wait_until(self, ready: Callable[[], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not ready():
            if time.monotonic() > deadline:
                raise self.error(f"was not ready within {timeout:.0f} s")
            self._raise_if_ended()
            time.sleep(0.05)
        # What answered was somebody else's, if ours has ended because it could not
        # have its port.
        self._raise_if_ended()

    def _raise_if_ended(self) -> None:
        if self._process.poll() is not None:
            raise self.error("has ended")

    def stop(self) -> None:
        """Stop the command and wait for its end."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait(self._grace + 10)


def run(
    name: str,
    command: Sequence[str | Path],
    *,
    folder: Path,
    environment: Mapping[str, str],
    identity: Identity | None = None,
) -> str:
    """Run a short command to its end and return what it prints."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        user=identity.user if identity else None,
        group=identity.group if identity else None,
        extra_groups=[] if identity else None,
    )
    if done.returncode:
        raise SandboxError(
            f"{name} failed with status {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def unprivileged() -> Identity | None:
    """Return the user for programs that refuse to run as root; None if we are an ordinary user anyway."""
    return Identity(65534, 65534) if os.geteuid() == 0 else None
