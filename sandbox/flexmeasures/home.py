"""What the sandbox's FlexMeasures server knows: its users, and the ids of its assets and sensors."""

from dataclasses import dataclass
import json
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class User:
    """A user of the FlexMeasures server."""

    id: int
    email: str
    password: str
    account: str


@dataclass(frozen=True)
class Home:
    """Users and ids by the names that seed.py gives them."""

    users: dict[str, User]
    assets: dict[str, int]
    sensors: dict[str, int]

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read what seed.py wrote."""
        content = json.loads(file.read_text())
        users = {name: User(**user) for name, user in content["users"].items()}
        return cls(users=users, assets=content["assets"], sensors=content["sensors"])

    def user(self, name: str) -> User:
        """Return a user: demo (account-admin), member, neighbour (of another account) or admin (of the server)."""
        return self.users[name]

    def asset(self, name: str) -> int:
        """Return the id of an asset."""
        return self.assets[name]

    def sensor(self, name: str) -> int:
        """Return the id of a sensor."""
        return self.sensors[name]
