"""The demo's S2 battery, as a program of its own."""

import json
from pathlib import Path
import tempfile
from typing import Self

from ..environments import REPOSITORY, child_environment, program
from ..errors import SandboxError
from ..processes import Child


class S2Battery:
    """Runs sandbox.s2.resource_manager; it waits until it is told where to connect."""

    def __enter__(self) -> Self:
        """Start it."""
        self._folder = tempfile.TemporaryDirectory(prefix="s2-battery-")
        folder = Path(self._folder.name)
        self._child = Child(
            "The S2 battery",
            (program("homeassistant"), "-m", "sandbox.s2.resource_manager"),
            log=folder / "log",
            folder=folder,
            environment=child_environment(PYTHONPATH=str(REPOSITORY)),
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._child.stop()
        self._folder.cleanup()

    def connect(self, address: str, token: str) -> None:
        """Tell it where to connect, and with which token: that is kept nowhere else."""
        self._child.tell(json.dumps([address, token]))

    def error(self, what: str) -> SandboxError:
        """Return an error about it."""
        return self._child.error(what)
