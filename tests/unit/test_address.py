"""Addresses of servers, as people write them."""

import pytest

from custom_components.flexmeasures.api.address import ServerAddress


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "canonical"),
    [
        ("flexmeasures.io", "https", "flexmeasures.io", 443, "https://flexmeasures.io"),
        ("https://host", "https", "host", 443, "https://host"),
        ("https://host:443/", "https", "host", 443, "https://host"),
        ("http://host", "http", "host", 80, "http://host"),
        ("http://host:443", "http", "host", 443, "http://host:443"),
        ("host:5000", "https", "host", 5000, "https://host:5000"),
        (
            "http://localhost:5000/",
            "http",
            "localhost",
            5000,
            "http://localhost:5000",
        ),
        ("http://[::1]:5000", "http", "::1", 5000, "http://[::1]:5000"),
        ("[::1]:5000", "https", "::1", 5000, "https://[::1]:5000"),
        ("[FE80::0:1]", "https", "fe80::1", 443, "https://[fe80::1]"),
        ("192.168.1.5:80", "https", "192.168.1.5", 80, "https://192.168.1.5:80"),
        ("my_server", "https", "my_server", 443, "https://my_server"),
        (
            "  HTTPS://FlexMeasures.IO\n",
            "https",
            "flexmeasures.io",
            443,
            "https://flexmeasures.io",
        ),
        (
            "bücher.example",
            "https",
            "bücher.example",
            443,
            "https://xn--bcher-kva.example",
        ),
    ],
)
def test_address(text: str, scheme: str, host: str, port: int, canonical: str) -> None:
    """An address is read in many forms, and written in one, which can be read again."""
    address = ServerAddress.parse(text)

    assert address == ServerAddress(scheme, host, port)
    assert str(address) == canonical
    assert ServerAddress.parse(canonical) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "https://",
        "http://:5000",
        "//host",
        "flex measures.io",
        "flex\tmeasures.io",
        "ftp://host",
        "file:///etc/passwd",
        "javascript://host",
        "http:/host",
        "http//localhost:5000",
        "http://https://host",
        "flexmeasures.io/api",
        "https://host/ui/",
        "https://host?x=1",
        "https://host#x",
        "user@example.com",
        "https://user:password@host",
        "https://:password@host",
        "host:port",
        "host:0",
        "host:-1",
        "host:65536",
        "host:5000:5000",
        "::1",
        "::1:5000",
        "[::1",
        "[flexmeasures.io]",
        "<b>host</b>",
        "host\\path",
        "ho\x00st",
        "é" * 80,
        "*。Host",
        "[]@host",
    ],
)
def test_not_an_address(text: str) -> None:
    """Anything but a scheme, a host and a port is refused instead of being half understood."""
    with pytest.raises(ValueError, match=r".+"):
        ServerAddress.parse(text)
