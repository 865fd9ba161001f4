"""The address of a FlexMeasures server, as people write it."""

from dataclasses import dataclass
from typing import override

from yarl import URL


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a FlexMeasures server listens."""

    scheme: str
    host: str
    """Name or IP address; an IPv6 address without its brackets."""
    port: int

    @classmethod
    def parse(cls, text: str) -> ServerAddress:
        """Read ``flexmeasures.io``, ``https://host``, ``http://localhost:5000/`` or ``[::1]:5000``.

        HTTPS unless ``http://`` is written. Raises ValueError for anything that is
        not just a scheme, a host and a port: a path, a user or a query would
        silently be lost otherwise.
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
        if url.path not in ("", "/") or url.query_string or url.fragment:
            raise ValueError("only a host and a port are expected")
        # yarl takes almost any text for a host; a URL built from it would not be found again.
        if URL.build(scheme=url.scheme, host=url.host, port=url.port).host != url.host:
            raise ValueError("not a host")
        return cls(scheme=url.scheme, host=url.host, port=url.port)

    @override
    def __str__(self) -> str:
        """Return the address in its one canonical form, e.g. ``http://[::1]:5000``."""
        return str(
            URL.build(scheme=self.scheme, host=self.host, port=self.port).origin()
        )
