"""What the tests of feeds share."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from ..home import NOW, SLOT, Home
from .fed_home import FedHome


@pytest.fixture
def recorder_before_all(freezer: FrozenDateTimeFactory, recorder_mock: Any) -> None:
    """Start the recorder before Home Assistant, and let time stand still."""
    freezer.move_to(NOW)


@pytest.fixture
async def fed(home: Home) -> FedHome:
    """A home whose recorder has run for four days."""
    fed = FedHome(home)
    await fed.recorded.runs_since(SLOT.replace(day=18))
    return fed
