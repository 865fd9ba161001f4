"""The address of a FlexMeasures server, as people write it."""

from dataclasses import dataclass, replace
from ipaddress import ip_address
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
_USUAL_PORTS = {"http": 80, "https": 443}
_LOCAL_ENDINGS = frozenset({"home", "internal", "lan", "local", "localdomain"})
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
        ``https://host/login?next=/assets/3``, is shortened to that of the server, to
        which no query and no fragment ever belongs. Raises ValueError for a user, who
        would silently be lost otherwise.
        """
        text = text.strip()
        if "://" not in text:
            text = f"https://{text}"
        if any(map(str.isspace, text)):
            raise ValueError("no spaces are expected")
        url = URL(text)
        if "@" in url.authority:
            raise ValueError("no user is expected")
        if url.scheme not in ("http", "https"):
            raise ValueError("only http and https are spoken")
        if not url.host or url.port is None or not 0 < url.port < 65536:
            raise ValueError("host or port is missing")
        if url.host in ("http", "https"):
            raise ValueError("the scheme is misspelt")
        # yarl takes almost any text for a host; a URL built from it would not be found again.
        if URL.build(scheme=url.scheme, host=url.host, port=url.port).host != url.host:
            raise ValueError("not a host")
        return cls(url.scheme, url.host, url.port, _without_page(url.path))

    @property
    def is_in_home(self) -> bool:
        """Whether it is of the home's own network, as far as its name tells."""
        try:
            return ip_address(self.host).is_private
        except ValueError:
            _, dot, ending = self.host.rpartition(".")
            return not dot or ending in _LOCAL_ENDINGS

    def spoken(self, scheme: str) -> ServerAddress:
        """Return the same server with or without encryption; on a port of its own if it has one."""
        is_usual = self.port == _USUAL_PORTS[self.scheme]
        return replace(
            self, scheme=scheme, port=_USUAL_PORTS[scheme] if is_usual else self.port
        )

    @override
    def __str__(self) -> str:
        """Return the address in its one canonical form, e.g. ``http://[::1]:5000/path``."""
        server = URL.build(scheme=self.scheme, host=self.host, port=self.port)
        return f"{server.origin()}{self.path}"


def _without_page(path: str) -> str:
    """Return what of a path leads to the server, without a page of it that comes after that.

    Raises ValueError for what is no plain path.
    """
    segments = path.strip("/").split("/")
    own = [*takewhile(lambda segment: segment.lower() not in _PAGES, segments)]
    if own == [""]:
        return ""
    if not all(map(_SEGMENT.fullmatch, own)):
        raise ValueError("not a path")
    return "".join(f"/{segment}" for segment in own)
