"""The versions of the protocol."""

from collections.abc import Iterable
from typing import Final

VERSIONS: Final = ("1.0.0", "0.0.2-beta")
"""That are spoken here, the best one first."""


def common_version(offered: Iterable[str]) -> tuple[str, str] | None:
    """Pick the best version that is offered as well, and give also how it is spelled.

    Only the very same version will do, but for a "v" that some put before it.
    """
    spellings = {
        text[1:] if text.startswith(("v", "V")) else text: text for text in offered
    }
    return next(
        ((version, spellings[version]) for version in VERSIONS if version in spellings),
        None,
    )
