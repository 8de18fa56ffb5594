"""The CLI's way to the API: the public endpoints, nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, BinaryIO

import httpx
import typer

Url = Annotated[str, typer.Option(envvar="TALLYKEEP_URL", help="Where Tallykeep serves.")]
AppId = Annotated[str | None, typer.Option(envvar="TALLYKEEP_APP_ID", help="The project's X-App-Id.")]
AppToken = Annotated[str | None, typer.Option(envvar="TALLYKEEP_APP_TOKEN", help="The project's X-App-Token.")]

DEFAULT_URL = "http://127.0.0.1:8000"
_BOUNDARY = "tallykeep-file-boundary-5d2f9a"


class ClientError(Exception):
    """The server is not there, or it refused; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the API is and who asks."""

    url: str
    app_id: str
    app_token: str


def connection(url: str, app_id: str | None, app_token: str | None) -> Connection:
    """A connection from the options; raises ClientError where keys are missing."""
    if not app_id or not app_token:
        raise ClientError(
            "Keys are missing: pass --app-id and --app-token, or set TALLYKEEP_APP_ID and TALLYKEEP_APP_TOKEN "
            "(the first start of `tallykeep serve` shows them)"
        )
    return Connection(url, app_id.strip(), app_token.strip())


class Client:
    """A small client of the public API; a context manager."""

    def __init__(self, where: Connection) -> None:
        self._url = where.url
        headers = {"X-App-Id": where.app_id, "X-App-Token": where.app_token}
        self._http = httpx.Client(base_url=where.url, headers=headers, timeout=httpx.Timeout(60, read=600))

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """GET as JSON."""
        return self._request("GET", path, params=query)

    def post(self, path: str, **query: Any) -> dict[str, Any]:
        """POST without a body."""
        return self._request("POST", path, params=query)

    def download(self, path: str, **query: Any) -> Iterator[bytes]:
        """GET a file in chunks; a refusal is raised before the first of them."""
        with self._reachable(), self._http.stream("GET", path, params=query) as answer:
            if answer.is_error:
                answer.read()
                raise ClientError(_refusal(answer))
            yield from answer.iter_bytes()

    def submit_file(self, path: str, file: Path, chunks: Iterator[bytes], **query: Any) -> str:
        """Submit a file within a form, streamed; returns the action's id."""
        name = file.name.replace('"', "%22")
        head = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        tail = f"\r\n--{_BOUNDARY}--\r\n".encode()

        def form() -> Iterator[bytes]:
            yield head
            yield from chunks
            yield tail

        headers = {
            "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
            "Content-Length": str(len(head) + file.stat().st_size + len(tail)),
        }
        return str(self._request("POST", path, params=query, content=form(), headers=headers)["async_action_id"])

    def _request(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        with self._reachable():
            answer = self._http.request(method, path, **options)
        if answer.is_error:
            raise ClientError(_refusal(answer))
        body: dict[str, Any] = answer.json()
        return body

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise ClientError(f"No Tallykeep answers at {self._url} ({error}); is `tallykeep serve` running?") from None


@contextmanager
def refusals_shown() -> Iterator[None]:
    """Say what went wrong and end with exit code 1, where a ClientError is raised."""
    try:
        yield
    except ClientError as error:
        typer.secho(f"tallykeep: {error}", fg="red", err=True)
        raise typer.Exit(1) from None


def _refusal(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return f"HTTP {answer.status_code}"
    return f"{body.get('message')}: {body.get('details')} (HTTP {answer.status_code}, request {body.get('request_id')})"


def read_chunks(file: BinaryIO, size: int = 1 << 18) -> Iterator[bytes]:
    """A file's bytes in chunks."""
    while chunk := file.read(size):
        yield chunk
