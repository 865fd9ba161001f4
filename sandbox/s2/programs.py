"""Simulated devices that speak S2, each a program of its own."""

from pathlib import Path
import tempfile
from typing import Self

from ..environments import REPOSITORY, child_environment, program
from ..processes import Child


class S2Programs:
    """Runs sandbox.s2 for each device that is to be played."""

    def __enter__(self) -> Self:
        """Begin with none."""
        self._folder = tempfile.TemporaryDirectory(prefix="s2-devices-")
        self._children: list[Child] = []
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all."""
        for child in self._children:
            child.stop()
        self._folder.cleanup()

    def play(self, device: str, address: str, token: str) -> None:
        """Be one of `sandbox.s2.__main__.DEVICES`, at an address; the token is kept nowhere else."""
        folder = Path(self._folder.name)
        child = Child(
            f"The simulated {device}",
            (program("homeassistant"), "-m", "sandbox.s2", device, address),
            log=folder / f"{device}.log",
            folder=folder,
            environment=child_environment(PYTHONPATH=str(REPOSITORY)),
        )
        self._children.append(child)
        child.tell(token)
