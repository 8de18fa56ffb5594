"""The CLI's client of the API: public endpoints only."""

import secrets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any

import httpx

from tallykeep.cli.kit.exits import CliError, RefusedError, UnavailableError, Waits

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_UNKNOWN_HOST = ("Name or service not known", "No address associated", "nodename nor servname", "name resolution")
_TOO_MANY, _NOT_NOW = 429, 503
_IDEMPOTENT = ("GET", "PUT", "DELETE")
_TIMEOUT = httpx.Timeout(60, connect=10, read=600)  # an upload is answered once all of its rows are stored


@dataclass(frozen=True, slots=True)
class Submitted:
    """The action that a submission started, or that the same one had started before, and the answer that said so."""

    action_id: str
    replayed: bool
    answer: dict[str, Any]


class Client:
    """A small client of the public API; a context manager.

    Every request raises RefusedError where the server refuses it, UnavailableError where it does not answer or fails.
    One that is refused because too much is asked for (429) is sent again, when the server says, within two minutes; so
    is one that the server cannot serve just now (503), where it does no harm to do it twice.
    """

    def __init__(self, url: str, credentials: dict[str, str]) -> None:
        self.url = url
        self._http = httpx.Client(
            base_url=url,
            headers=credentials,
            timeout=_TIMEOUT,
            trust_env=httpx.URL(url).host not in _LOOPBACK,  # no proxy stands between a machine and itself
            verify=_trusted(url),
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """GET and return JSON."""
        return self._json(self._request("GET", path, params=query))

    def get_now(self, path: str, **query: Any) -> dict[str, Any]:
        """GET and return JSON; a server that cannot serve just now is told of at once."""
        return self._json(self._request("GET", path, may_repeat=False, params=query))

    def is_ready(self) -> bool:
        """Return whether the server takes requests and work; False also where nothing answers."""
        try:
            self.get_now("/readyz")
        except CliError:
            return False
        return True

    def text(self, path: str) -> str:
        """GET and return text."""
        return self._request("GET", path).text

    def post(self, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """POST with or without a JSON body, and return JSON."""
        return self._json(self._request("POST", path, params=query, json=body))

    def put(self, path: str, body: Any, **query: Any) -> dict[str, Any]:
        """PUT a JSON body, and return JSON."""
        return self._json(self._request("PUT", path, params=query, json=body))

    def delete(self, path: str, **query: Any) -> None:
        """DELETE; there is no answer to read."""
        self._request("DELETE", path, params=query)

    def start(self, path: str, body: Any, idempotency_key: str, **query: Any) -> Submitted:
        """POST a request that starts an action."""
        headers = {"Idempotency-Key": idempotency_key}
        return self._submitted(self._request("POST", path, params=query, json=body, headers=headers))

    def download(self, path: str, **query: Any) -> Iterator[bytes]:
        """GET a file in chunks; a refusal is raised before the first of them."""
        waits = Waits()
        while True:
            with self._reachable(), self._http.stream("GET", path, params=query) as answer:
                if answer.is_success:
                    yield from answer.iter_bytes()
                    return
                answer.read()
            waits.wait_for(self._refusal(answer))

    def post_file(self, path: str, name: str, content: bytes | IO[bytes], **query: Any) -> dict[str, Any]:
        """POST a file in a form, to be looked at, and return JSON; nothing is kept of it."""
        files = {"file": (name, content)}
        return self._json(self._request("POST", path, may_repeat=True, params=query, files=files))

    def submit_file(
        self, path: str, name: str, size: int, chunks: Iterator[bytes], idempotency_key: str, **query: Any
    ) -> Submitted:
        """Send a file of `size` bytes within a form, as its chunks come. It is sent once: the chunks are gone then."""
        boundary = f"tallykeep-{secrets.token_hex(16)}"
        escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{escaped}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode("utf-8", "replace")
        closing = f"\r\n--{boundary}--\r\n".encode()

        def form() -> Iterator[bytes]:
            yield head
            yield from chunks
            yield closing

        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + size + len(closing)),
            "Idempotency-Key": idempotency_key,
        }
        return self._submitted(self._send("POST", path, params=query, content=form(), headers=headers))

    def _request(self, method: str, path: str, *, may_repeat: bool | None = None, **options: Any) -> httpx.Response:
        """Send a request, again where it may be repeated, which its method and its key tell unless it is said."""
        waits = Waits()
        if may_repeat is None:
            may_repeat = method in _IDEMPOTENT or "Idempotency-Key" in options.get("headers", ())
        while True:
            try:
                return self._send(method, path, **options)
            except RefusedError as refused:
                waits.wait_for(refused)
            except UnavailableError as away:
                if not may_repeat:
                    raise
                waits.wait_for(away)

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        with self._reachable():
            answer = self._http.request(method, path, **options)
        if not answer.is_success:
            raise self._refusal(answer)
        return answer

    def _json(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            body = answer.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise UnavailableError(f"The server at {self.url} is not Tallykeep")
        return body

    def _submitted(self, answer: httpx.Response) -> Submitted:
        body = self._json(answer)
        return Submitted(str(body.get("async_action_id")), "idempotent-replayed" in answer.headers, body)

    def _refusal(self, answer: httpx.Response) -> RefusedError | UnavailableError:
        message = _message(answer)
        if answer.status_code >= 500:
            return UnavailableError(message, answer.status_code, _retry_after(answer))
        return RefusedError(message, answer.status_code, _retry_after(answer), _error_key(answer))

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise UnavailableError(f"No Tallykeep answers at {self.url}: {_why(error)} ({error})") from None


def _trusted(url: str) -> ssl.SSLContext | bool:
    """Return whom to trust: the usual authorities, which take 20 ms to read, or nobody where there is no TLS."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if httpx.URL(url).scheme == "http" else True


def _retry_after(answer: httpx.Response) -> float | None:
    """Return after how many seconds a request may be sent again that was one too many, or came when it could not be
    served; None where that is not said.
    """
    text = answer.headers.get("retry-after", "")
    is_said = answer.status_code in (_TOO_MANY, _NOT_NOW) and text.isascii() and text.isdecimal()
    return float(text) if is_said else None


def _error_key(answer: httpx.Response) -> str | None:
    try:
        return str(answer.json()["key"])
    except (ValueError, KeyError, TypeError):
        return None


def _why(error: httpx.TransportError | httpx.DecodingError) -> str:
    """Say why no answer came, and what to do."""
    said = str(error)
    if "CERTIFICATE" in said:
        return "its certificate is not trusted here; SSL_CERT_FILE may name the authority that signed it"
    if any(words in said for words in _UNKNOWN_HOST):
        return "there is no such host; check the URL (--url, TALLYKEEP_URL, a profile)"
    if isinstance(error, httpx.TimeoutException):
        return "it takes too long; is a firewall in between, or is the server overloaded?"
    if isinstance(error, httpx.ConnectError):
        return (
            "nothing listens there. Start it with `tallykeep serve`, or say where it is with --url, TALLYKEEP_URL or"
            " a profile. `tallykeep doctor` has the details"
        )
    return "the connection broke; the server's log may say why"


def _message(answer: httpx.Response) -> str:
    try:
        body = answer.json()
        return f"{body['message']}: {body['details']} (HTTP {answer.status_code}, request {body['request_id']})"
    except (ValueError, KeyError, TypeError):
        if moved := answer.headers.get("location"):
            return f"{answer.url.copy_with(query=None)} has moved to {moved}; use that with --url"
        return f"HTTP {answer.status_code} from {answer.url.copy_with(query=None)}; is a Tallykeep there?"
