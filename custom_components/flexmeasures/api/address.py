"""The address of a FlexMeasures server, as people write it."""

from dataclasses import dataclass
from itertools import takewhile
import re
from typing import override

from yarl import URL

# How the paths of a server's own pages begin, which people copy from their browser.
_PAGES = frozenset(
    {
        *(
            "accounts",
            "api",
            "assets",
            "dashboard",
            "docs",
            "logged-in-user",
            "sensors",
        ),
        *("static", "tasks", "ui", "users"),
        *("change", "confirm", "login", "logout", "register", "reset", "verify"),
    }
)
_SEGMENT = re.compile(r"(?!\.{1,2}$)[\w.~-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a FlexMeasures server listens."""

    scheme: str
    host: str
    """Name or IP address; an IPv6 address without its brackets."""
    port: int
    path: str = ""
    """What comes before all paths of the server, like ``/flexmeasures``."""

    @classmethod
    def parse(cls, text: str) -> ServerAddress:
        """Read ``flexmeasures.io``, ``http://localhost:5000/``, ``[::1]:5000`` or ``host/path``.

        HTTPS unless ``http://`` is written. The address of a page of the server, like
        ``https://host/assets/3``, is shortened to that of the server. Raises ValueError
        for a user, and for a query that belongs to no such page: they would silently be
        lost otherwise.
        """
        text = text.strip()
        if "://" not in text:
            text = f"https://{text}"
        if any(character.isspace() or character == "@" for character in text):
            raise ValueError("neither spaces nor a user are expected")
        url = URL(text)
        if url.scheme not in ("http", "https"):
            raise ValueError("only http and https are spoken")
        if not url.host or url.port is None or not 0 < url.port < 65536:
            raise ValueError("host or port is missing")
        path, is_page = _without_page(url.path)
        if not is_page and (url.query_string or url.fragment):
            raise ValueError("neither a query nor a fragment is expected")
        if url.host in ("http", "https"):
            raise ValueError("the scheme is misspelt")
        # yarl takes almost any text for a host; a URL built from it would not be found again.
        if URL.build(scheme=url.scheme, host=url.host, port=url.port).host != url.host:
            raise ValueError("not a host")
        return cls(scheme=url.scheme, host=url.host, port=url.port, path=path)

    @override
    def __str__(self) -> str:
        """Return the address in its one canonical form, e.g. ``http://[::1]:5000/path``."""
        server = URL.build(scheme=self.scheme, host=self.host, port=self.port)
        return f"{server.origin()}{self.path}"


def _without_page(path: str) -> tuple[str, bool]:
    """Return what of a path leads to the server, and whether a page of it came after that.

    Raises ValueError for what is no plain path.
    """
    segments = path.strip("/").split("/")
    own = [*takewhile(lambda segment: segment not in _PAGES, segments)]
    if own == [""]:
        return "", False
    if not all(map(_SEGMENT.fullmatch, own)):
        raise ValueError("not a path")
    return "".join(f"/{segment}" for segment in own), len(own) < len(segments)
