"""The demo that the README names."""

import asyncio
from asyncio.subprocess import PIPE, STDOUT

from sandbox.environments import REPOSITORY


async def test_once() -> None:
    """It sets up all that it has; devices follow what the server has planned, and bills are what it has stored."""
    demo = await asyncio.create_subprocess_exec(
        REPOSITORY / "scripts/demo", "--once", stdout=PIPE, stderr=STDOUT
    )

    output, _ = await demo.communicate()

    text = output.decode()
    assert demo.returncode == 0, text
    assert "All 48 slots are what the FlexMeasures server stores" in text
    assert "In 96 slots before, it has done what was planned" in text
    assert "is what the server's values add up to" in text
    assert "are the server's own, hour by hour" in text
    assert "The device S2 battery was told" in text
