"""A submission's request: its rows as they stream in, and what else it says."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from fastapi import Request

from tallykeep.api.auditing.attempt import attempt_of
from tallykeep.api.requests.bodies import body_chunks, has_body, media_type, received_chunks, require_media_type
from tallykeep.api.requests.multipart import FileForm, charset_of
from tallykeep.api.requests.submission_options import read_submission_options, refuse_contradictions
from tallykeep.api.responses.answers import request_id
from tallykeep.core.action_type import ActionType, Submission
from tallykeep.core.batch import Batch, Source
from tallykeep.core.concurrency.side_thread import Aside
from tallykeep.core.errors import InvalidQueryError
from tallykeep.core.options.submission_options import OPTIONS, SubmissionOptions
from tallykeep.core.settings import Settings
from tallykeep.engine.file_rules.retried_lines import with_lines_of_column
from tallykeep.formats.compression import Limit
from tallykeep.tenants.callers import Caller

FORM = "multipart/form-data"
NDJSON = ("application/x-ndjson", "application/jsonl")
_MAX_KEY_LENGTH = 255


class RequestUpload:
    """The rows of a request: its body, or the file within its form.

    Raises UnsupportedMediaTypeError and InvalidQueryError at once.
    """

    def __init__(
        self, request: Request, accepted: tuple[str, ...], settings: Settings, aside: Aside, *,
        no_body: bytes | None = None,
    ) -> None:  # fmt: skip
        self._request = request
        self._aside = aside
        self._max_received = Limit(settings.max_body_bytes, "TALLYKEEP_MAX_BODY_BYTES")
        self._expanded = Limit(settings.max_expanded_bytes, "TALLYKEEP_MAX_EXPANDED_BYTES")
        self._no_body = no_body
        self._empty = no_body is not None and not has_body(request)
        self._form: FileForm | None = None
        self._early_options: dict[str, str | None] = {}
        self._received: AsyncIterator[bytes] | None = None
        read_submission_options(request.query_params)  # what is wrong there is refused before the rows are read
        self._query = dict(request.query_params)
        if not self._empty:
            require_media_type(request, *accepted)
            if media_type(request) == FORM:
                self._form = FileForm(request.headers.get("content-type", ""))

    @property
    def file_name(self) -> str | None:
        """Return the file's name, where the form gave one."""
        return self._form.file_name if self._form else None

    @property
    def by_line(self) -> bool | None:
        """Return what the content type says; within a form, and without a body, nothing does."""
        return None if self._form or self._empty else media_type(self._request) in NDJSON

    def early_option(self, name: str) -> Any:
        """Return what the query says, or the form in front of its file.

        Of the charset, the content type of either, too.
        """
        value = OPTIONS[name].read(self.early(name))
        return self._charset_of_type() if name == "charset" and value is None else value

    def _charset_of_type(self) -> str | None:
        return self._form.charset if self._form else charset_of(self._request.headers.get("content-type", ""))

    @property
    def mapped_columns(self) -> frozenset[str]:
        """Return the columns that a mapping is known to name by now; a mapping may come behind the file as well."""
        with suppress(InvalidQueryError):
            return frozenset(OPTIONS["mapping"].read(self._in_front().get("mapping") or None))
        return frozenset()

    def early(self, name: str) -> str | None:
        """Return a parameter that has to be known before the rows; None where nobody has said so by now."""
        return self._early_options.setdefault(name, self._in_front().get(name))

    def _in_front(self) -> dict[str, str]:
        return {**self._form.fields_in_front, **self._query} if self._form else self._query

    def parameters(self) -> dict[str, str]:
        """Return the query's parameters, and the fields of the form that have come; the query's come first."""
        return {**self._form.fields, **self._query} if self._form else self._query

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the file's bytes; raise InvalidPayloadError, BodyTooLargeError, UploadTimeoutError."""
        if self._empty and self._no_body is not None:
            yield self._no_body
            return
        received = self._received = received_chunks(self._request, self._max_received)
        body = body_chunks(self._request, self._max_received, self._expanded, self._aside, received)
        async for chunk in self._form.file(body, self._aside) if self._form else body:
            yield chunk

    async def read_rest(self, chunks: AsyncIterator[bytes]) -> None:
        """Read what is left of the body of which `chunks` have been taken; raises what they raise.

        Behind the file of a form, fields may come; any other body is not even expanded.
        """
        rest = chunks if self._form or self._received is None else self._received
        async for _ in rest:
            pass

    def placed(self, batch: Batch, source: Source) -> Batch:
        """Return the batch as it is: this is the first file."""
        return batch

    def submission_options(self) -> SubmissionOptions:
        """Read those of the query and of the form; raises InvalidQueryError for what was said too late."""
        self.refuse_late()
        submission_options, charset = read_submission_options(self.parameters()), self.early_option("charset")
        is_known = submission_options.charset == charset
        return submission_options if is_known else replace(submission_options, charset=charset)

    def refuse_late(self) -> None:
        """Raise InvalidQueryError for a parameter that came behind the rows that it is about, or twice."""
        refuse_contradictions(self._form.all_fields if self._form else ())
        parameters = self.parameters()
        for name, early in self._early_options.items():
            if parameters.get(name) != early:
                raise InvalidQueryError(f"Property .{name} should stand in the query, or before the form's file")


class CorrectedUpload(RequestUpload):
    """Rows that failed, sent again; a file of failed rows says where they stood in the first one."""

    def placed(self, batch: Batch, source: Source) -> Batch:
        """Return the batch with the lines of the first file, where the column `line` has them."""
        return with_lines_of_column(batch, source)


def submission(
    request: Request, caller: Caller, action_type: ActionType, parameters: dict[str, Any], *, body: Any = None,
    id_prefix: str = "v-", parent_id: str | None = None,
) -> Submission:  # fmt: skip
    """Describe who submits what; raise InvalidQueryError for an Idempotency-Key that cannot be one."""
    idempotency_key = _idempotency_key(request)
    return Submission(
        action_type=action_type,
        project_id=caller.project_id,
        request_id=request_id(request, id_prefix),
        requested_by=caller.key_id,
        parameters=parameters,
        idempotency_key=idempotency_key,
        request=(request.method, request.url.path, body) if idempotency_key else (),
        parent_id=parent_id,
        entry=attempt_of(request).entry(caller),
        quota_guard=request.app.state.context.open_actions.guard_of(caller),
    )


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 0 < len(key) <= _MAX_KEY_LENGTH:
        raise InvalidQueryError(f"The header Idempotency-Key should have 1 to {_MAX_KEY_LENGTH} characters")
    return key
