"""Addresses in settings, and which hosts a request may be for."""

import pytest

from tallykeep.api.transport.trusted_hosts import TrustedHosts
from tallykeep.core import addresses
from tallykeep.core.settings import BadSettingsError, read_settings


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("public_url", "https://bulk.example.com/", "https://bulk.example.com"),
        ("public_url", "http://10.0.0.1:8000/tallykeep", "http://10.0.0.1:8000/tallykeep"),
        ("trusted_hosts", "Bulk.Example.com. , *.example.org,::1", ("bulk.example.com", "*.example.org", "[::1]")),
        ("trusted_hosts", "*", ("*",)),
        ("trusted_proxies", "10.0.0.7, 192.168.0.0/16,fd00::/8", ("10.0.0.7", "192.168.0.0/16", "fd00::/8")),
        ("closed_paths", "/docs/,/openapi.json", ("/docs", "/openapi.json")),
    ],
)
def test_addresses_are_read(monkeypatch: pytest.MonkeyPatch, name: str, text: str, read: object) -> None:
    monkeypatch.setenv(f"TALLYKEEP_{name.upper()}", text)
    assert getattr(read_settings(), name) == read


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("public_url", "bulk.example.com"),
        ("public_url", "ftp://bulk.example.com"),
        ("public_url", "https://bulk.example.com/?a=b"),
        ("public_url", "https://me@bulk.example.com"),
        ("trusted_hosts", "bulk.example.com:8000"),
        ("trusted_hosts", "https://bulk.example.com"),
        ("trusted_hosts", ","),
        ("trusted_proxies", "*"),
        ("trusted_proxies", "proxy.example.com"),
        ("trusted_proxies", "10.0.0.1/8"),
        ("closed_paths", "docs"),
        ("closed_paths", "/"),
    ],
)
def test_what_is_no_address_is_refused_with_an_example(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(f"TALLYKEEP_{name.upper()}", text)
    with pytest.raises(BadSettingsError, match="such as"):
        read_settings()


@pytest.mark.parametrize(
    "host",
    [
        "bulk.example.com",
        "BULK.example.com:8443",
        "a.b.example.org",
        "localhost:1",
        "127.0.0.1",
        "[::1]:8000",
        "bulk.example.com.",
    ],
)
def test_trusted_hosts(host: str) -> None:
    assert TrustedHosts(("bulk.example.com", "*.example.org")).trusts([(b"host", host.encode())])


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "bulk.example.com.evil.example",
        "example.org",
        "evilexample.org",
        "",
        "bulk.example.com@evil.example",
        "127.0.0.1.evil.example",
        "a b",
        "[::1",
    ],
)
def test_other_hosts(host: str) -> None:
    trusted = TrustedHosts(("bulk.example.com", "*.example.org"))
    assert not trusted.trusts([(b"host", host.encode())])
    assert not trusted.trusts([])
    assert not trusted.trusts([(b"host", b"bulk.example.com"), (b"host", host.encode())])


def test_without_names_all_are_trusted() -> None:
    assert TrustedHosts(None).trusts([])
    assert TrustedHosts(("*",)).trusts([(b"host", b"any.example")])


def test_what_is_reached_from_the_machine_alone() -> None:
    assert [addresses.is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "x")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip
