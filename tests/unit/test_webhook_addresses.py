"""Where an event may be sent: URLs read in one way, addresses checked, and no other address connected to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tallykeep.core.errors import InvalidPayloadError
from tallykeep.engine.webhooks.addresses import TargetRefusedError, checked_addresses, resolve, why_refused
from tallykeep.engine.webhooks.registry import Registry
from tallykeep.engine.webhooks.sending import Sender
from tallykeep.engine.webhooks.target_url import TargetUrl, read_target_url

PUBLIC = "93.184.216.34"
REFUSED = {
    "127.0.0.1": "loopback", "127.255.255.254": "loopback", "0.0.0.0": "unspecified", "0.1.2.3": "unspecified",
    "10.0.0.1": "private", "172.16.0.1": "private", "172.31.255.255": "private", "192.168.1.1": "private",
    "100.64.0.1": "CGNAT", "100.100.100.200": "CGNAT", "169.254.169.254": "metadata", "168.63.129.16": "cloud",
    "192.0.0.8": "reserved", "192.0.2.1": "documentation", "192.88.99.1": "6to4", "198.18.0.1": "benchmarks",
    "198.51.100.1": "documentation", "203.0.113.1": "documentation", "224.0.0.1": "multicast",
    "239.255.255.255": "multicast", "240.0.0.1": "reserved", "255.255.255.255": "reserved",
    "::": "unspecified", "::1": "loopback", "::ffff:127.0.0.1": "disguise", "::ffff:93.184.216.34": "disguise",
    "::7f00:1": "disguise", "64:ff9b::7f00:1": "translated", "64:ff9b::5db8:d822": "translated",
    "64:ff9b:1::1": "translated", "100::1": "discarded", "2001::1": "Teredo",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": "Teredo",
    "2001:10::1": "reserved", "2001:db8::1": "documentation", "2002:7f00:1::1": "6to4", "3fff::1": "documentation",
    "fc00::1": "unique local", "fd00:ec2::254": "unique local", "fe80::1": "link-local", "fe80::1%lo": "link-local",
    "fec0::1": "site-local", "ff02::1": "multicast", "5f00::1": "reserved", "4000::1": "reserved",
}  # fmt: skip
TAKEN = (
    PUBLIC, "8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "11.0.0.1",
    "168.63.129.17", "223.255.255.255", "2606:2800:220:1:248:1893:25c8:1946", "2001:4860:4860::8888", "2a00:1450::1",
)  # fmt: skip

Fake = Callable[[str, int], Awaitable[list[str]]]


def resolver(*answers: list[str] | Exception) -> Fake:
    """A resolver that answers this, one after the other; the last one again and again."""
    left = list(answers)

    async def answer(host: str, port: int) -> list[str]:
        answered = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answered, Exception):
            raise answered
        return answered

    return answer


@pytest.mark.parametrize(("address", "word"), REFUSED.items())
def test_an_address_that_is_not_public_is_refused_and_named(address: str, word: str) -> None:
    assert word in str(why_refused(address))


@pytest.mark.parametrize("address", TAKEN)
def test_public_addresses_are_taken(address: str) -> None:
    assert why_refused(address) is None


@pytest.mark.parametrize("address", REFUSED)
def test_a_host_is_refused_if_one_of_its_addresses_is_not_public(address: str) -> None:
    for addresses in ([address], [PUBLIC, address], [address, PUBLIC]):
        with pytest.raises(TargetRefusedError, match="public addresses only"):
            asyncio.run(checked_addresses("shop.example", 443, resolver(addresses), allow_private=False))
    assert asyncio.run(checked_addresses("shop.example", 443, resolver([address]), allow_private=True)) == [address]


@pytest.mark.parametrize("answer", [[], OSError(-2, "Name or service not known"), UnicodeError("label too long")])
def test_a_host_without_an_address_is_refused(answer: list[str] | Exception) -> None:
    with pytest.raises(TargetRefusedError, match="no address"):
        asyncio.run(checked_addresses("shop.example", 443, resolver(answer), allow_private=True))


def test_the_systems_resolver_is_asked() -> None:
    assert asyncio.run(resolve("127.0.0.1", 80)) == ["127.0.0.1"]


URLS = {
    "https://shop.example": ("https", "shop.example", 443, "/"),
    "http://shop.example/": ("http", "shop.example", 80, "/"),
    "HTTPS://Shop.Example:8443/a/b?c=d&e=%20": ("https", "shop.example", 8443, "/a/b?c=d&e=%20"),
    "https://shop.example?x=1": ("https", "shop.example", 443, "/?x=1"),
    "https://93.184.216.34/x@y": ("https", "93.184.216.34", 443, "/x@y"),
    "https://[2606:2800:220:1::1]:443/": ("https", "2606:2800:220:1::1", 443, "/"),
    "https://xn--mnchen-3ya.example/": ("https", "xn--mnchen-3ya.example", 443, "/"),
    "http://under_score.example/": ("http", "under_score.example", 80, "/"),
}


@pytest.mark.parametrize(("text", "parts"), URLS.items())
def test_a_url_is_read(text: str, parts: tuple[str, str, int, str]) -> None:
    assert read_target_url(text, allow_private=False) == TargetUrl(*parts)


NO_URLS = {
    "": "should be a URL", "x" * 2049: "2048", "shop.example": "https://", "ftp://shop.example/": "https://",
    "file:///etc/passwd": "https://", "gopher://shop.example/": "https://", "//shop.example": "https://",
    "https://": "ASCII", "https:///x": "ASCII", "https://user@shop.example/": "user name",
    "https://user:word@shop.example/": "user name", "https://shop.example@127.0.0.1/": "user name",
    "https://shop.example\\@127.0.0.1/": "user name", "https://shop.example#@127.0.0.1/": "fragment",
    "https://shop.example/#x": "fragment", "https://shop.example\\.evil.example/": "ASCII",
    "https://shop.example /": "ASCII", " https://shop.example/": "https://", "https://shop.example/\r\nX: y": "ASCII",
    "https://münchen.example/": "ASCII", "https://shop.example/ü": "ASCII",
    "HTTP\u017f://shop.example/": "https://", "https://shop.example/\u017f": "ASCII",
    "https://\u212aelvin.example/": "ASCII",
    "https://shop.example/?\u0131": "ASCII", "https://shop.example:/": "ASCII",
    "https://shop.example:0/": "port", "https://shop.example:65536/": "port", "https://shop.example:22/": "port",
    "https://shop.example:25/": "port", "https://shop.example:99999999/": "ASCII",
    "http://2130706433/": "192.0.2.1", "http://0x7f000001/": "192.0.2.1", "http://0x7f.0.0.1/": "192.0.2.1",
    "http://017700000001/": "192.0.2.1", "http://0177.0.0.1/": "192.0.2.1", "http://127.1/": "192.0.2.1",
    "http://127.0.0.01/": "192.0.2.1", "http://127.0.0.0x1/": "192.0.2.1", "http://1.2.3.4.5/": "192.0.2.1",
    "http://256.1.1.1/": "192.0.2.1", "http://[::1/": "ASCII", "http://[1::2::3]/": "192.0.2.1",
    "http://[::1%25lo]/": "ASCII", "http://shop.example./": "last dot", "http://-shop.example/": "labels",
    "http://shop..example/": "labels", f"http://{'a' * 64}.example/": "labels",
    f"http://{'a.' * 127}example/": "labels",
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), NO_URLS.items())
def test_what_is_no_url_for_events(text: str, words: str) -> None:
    with pytest.raises(InvalidPayloadError, match=r"Property .target_url") as refused:
        read_target_url(text, allow_private=False)
    assert words in refused.value.details


@pytest.mark.parametrize("value", [None, 5, ["https://shop.example"], {"url": "x"}])
def test_what_is_no_text(value: object) -> None:
    with pytest.raises(InvalidPayloadError):
        read_target_url(value, allow_private=True)


def test_other_ports_are_for_private_targets() -> None:
    assert read_target_url("http://localhost:25/", allow_private=True).port == 25


def test_a_webhook_is_refused_as_it_is_made() -> None:
    body = {"target_url": "https://intranet.example/", "events": ["async_action.ended"]}
    registry = Registry(1, ("VOUCHERS.IMPORT",), False, resolver(["10.1.2.3"]))
    with pytest.raises(InvalidPayloadError, match=r"intranet.example has an address that is private"):
        asyncio.run(registry.checked(body))
    with pytest.raises(InvalidPayloadError, match="no address"):
        asyncio.run(Registry(1, (), False, resolver(OSError("none"))).checked(body))
    assert asyncio.run(Registry(1, (), False, resolver([PUBLIC])).checked(body))["target_url"] == body["target_url"]


@asynccontextmanager
async def listening(tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server on loopback: its port, and what it was sent first."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1], heads


def test_a_name_that_turns_to_loopback_behind_the_check_is_never_connected_to() -> None:
    """DNS rebinding: public as the webhook is made, loopback as the event is sent."""

    async def scenario() -> None:
        async with listening() as (port, heads):
            turning = resolver([PUBLIC], ["127.0.0.1"])
            body = {"target_url": f"http://shop.example:{port}/", "events": ["async_action.ended"]}
            await Registry(1, (), False, turning).checked(body)
            async with Sender(allow_private=False, timeout_seconds=5, resolve=turning) as sender:
                answer = await sender.send(TargetUrl("http", "shop.example", port, "/"), {}, b"{}")
            assert (answer.status, heads) == (None, [])
            assert "an address that is loopback" in str(answer.error)

    asyncio.run(scenario())


def test_it_is_the_address_that_was_checked_which_is_connected_to() -> None:
    """Asked once, whatever the name turns to afterwards; the receiver is told the name."""
    lookups: list[str] = []

    async def counted(host: str, port: int) -> list[str]:
        lookups.append(host)
        return ["127.0.0.1"] if len(lookups) == 1 else ["127.0.0.2"]

    async def scenario() -> None:
        async with listening() as (port, heads):
            async with Sender(allow_private=True, timeout_seconds=5, resolve=counted) as sender:
                answer = await sender.send(
                    TargetUrl("http", "shop.example", port, "/x?y"), {"webhook-id": "evt_1"}, b"{}"
                )
            assert answer.is_success
            (head,) = heads
            assert head.startswith(b"POST /x?y HTTP/1.1\r\n")
            assert f"Host: shop.example:{port}\r\n".encode() in head
            assert lookups == ["shop.example"]

    asyncio.run(scenario())


def _certificate_of(host: str, directory: Path) -> Path:
    """A file with a key and a certificate that it has signed itself, for this name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = directory / "certificate.pem"
    unsealed = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unsealed)
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


def test_certificates_are_of_the_name_and_not_of_the_address(tmp_path: Path) -> None:
    file = _certificate_of("shop.example", tmp_path)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(file)
    names: list[str | None] = []
    serving.sni_callback = lambda _, name, __: names.append(name)

    async def scenario() -> None:
        async with listening(serving) as (port, heads):
            trusting = ssl.create_default_context(cafile=file)
            here = resolver(["127.0.0.1"])
            async with Sender(allow_private=True, timeout_seconds=5, resolve=here, ssl_context=trusting) as sender:
                right = await sender.send(TargetUrl("https", "shop.example", port, "/"), {}, b"{}")
                wrong = await sender.send(TargetUrl("https", "other.example", port, "/"), {}, b"{}")
            async with Sender(allow_private=True, timeout_seconds=5, resolve=here) as distrusting:
                unknown = await distrusting.send(TargetUrl("https", "shop.example", port, "/"), {}, b"{}")
        assert (right.status, wrong.status, unknown.status) == (200, None, None)
        assert "mismatch" in str(wrong.error)
        assert "self-signed" in str(unknown.error)
        assert (len(heads), names) == (1, ["shop.example", "other.example", "shop.example"])

    asyncio.run(scenario())


def test_an_address_that_does_not_answer_is_passed_over_for_the_next() -> None:
    async def scenario() -> None:
        async with listening() as (port, heads):
            both = resolver(["127.0.0.77", "127.0.0.1"])
            async with Sender(allow_private=True, timeout_seconds=5, resolve=both) as sender:
                answer = await sender.send(TargetUrl("http", "shop.example", port, "/"), {}, b"{}")
            assert (answer.status, len(heads)) == (200, 1)

    asyncio.run(scenario())


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def scenario() -> None:
        async with listening() as (port, heads):
            async with Sender(allow_private=True, timeout_seconds=5) as sender:
                assert (await sender.send(TargetUrl("http", "127.0.0.1", port, "/"), {}, b"{}")).is_success
            assert len(heads) == 1

    asyncio.run(scenario())
