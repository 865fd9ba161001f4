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
    ("text", "path", "canonical"),
    [
        ("https://host/flexmeasures/", "/flexmeasures", "https://host/flexmeasures"),
        ("host/flexmeasures", "/flexmeasures", "https://host/flexmeasures"),
        ("http://host:5000/a/b_c.d-1~", "/a/b_c.d-1~", "http://host:5000/a/b_c.d-1~"),
        ("HTTP://HOST/FlexMeasures", "/FlexMeasures", "http://host/FlexMeasures"),
        ("[::1]/energy/", "/energy", "https://[::1]/energy"),
    ],
)
def test_server_under_a_path(text: str, path: str, canonical: str) -> None:
    address = ServerAddress.parse(text)

    assert address.path == path
    assert str(address) == canonical
    assert ServerAddress.parse(canonical) == address


@pytest.mark.parametrize(
    ("server", "page"),
    [
        ("http://host:5000", "/assets"),
        ("http://host:5000", "/assets/3/graphs?start_time=2026-11-22T00:00:00+01:00"),
        ("http://host:5000", "/sensors/10#chart"),
        ("https://host", "/login?next=%2Fdashboard"),
        ("https://host", "/login?next=/Assets"),
        ("https://host", "/Login?next=/assets/3"),
        ("https://host", "/login?email=somebody@example.com"),
        ("https://host", "/?next=/assets"),
        ("https://host", "?next=/Assets"),
        ("https://host", "#top"),
        ("https://host/flexmeasures", "?next=/flexmeasures/assets"),
        ("https://host/FlexMeasures", "/Assets/3"),
        ("https://host", "/dashboard"),
        ("https://host", "/ui/"),
        ("https://host", "/api"),
        ("https://host", "/api/v3_0/assets?all_accessible=true"),
        ("https://host", "/logged-in-user"),
        ("https://host", "/users/read/1?name=a%20b"),
        ("https://host/flexmeasures", "/dashboard"),
        ("https://host/flexmeasures", "/api/v3_0/sensors/10/data?unit=kW"),
    ],
)
def test_page_of_a_server(server: str, page: str) -> None:
    """It is shortened to its server, whatever it says besides."""
    assert str(ServerAddress.parse(f"{server}{page}")) == server


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
        "https://host/a//b",
        "https://host/é",
        "https://host/a%20b",
        "https://host/a:b",
        "http:host",
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
    """Anything but the address of a server is refused instead of being half understood."""
    with pytest.raises(ValueError, match=r".+"):
        ServerAddress.parse(text)
