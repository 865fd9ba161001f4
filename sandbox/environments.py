"""The Python environments that scripts/setup makes."""

import os
from pathlib import Path

from .errors import SandboxError

REPOSITORY = Path(__file__).resolve().parent.parent


def program(environment: str, name: str = "python") -> Path:
    """Return a program of an environment; it need not exist, unless it is Python."""
    programs = REPOSITORY / ".environments" / environment / "bin"
    if not (programs.parent / "complete").exists():
        raise SandboxError(
            f"The {environment} environment is missing: run scripts/setup {environment}"
        )
    return programs / name


def site_packages(environment: str) -> Path:
    """Return the folder of an environment that holds its packages."""
    return next(program(environment).parent.parent.glob("lib/python3.*/site-packages"))


def child_environment(**more: str) -> dict[str, str]:
    """Return the environment variables for a child process in one of our environments."""
    # Without compiled modules Home Assistant and FlexMeasures start two and four times as slowly.
    dropped = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    return (
        {key: value for key, value in os.environ.items() if key not in dropped}
        | {"PYTHONUNBUFFERED": "1"}
        | more
    )
