"""The tree of errors. An error here is answered to the client; a row's failure is data, never an error."""

from typing import ClassVar


class TallykeepError(Exception):
    """Root of all errors that carry a message meant for a person."""


class DatabaseUnavailableError(TallykeepError):
    """No database could be reached; the message says which and what to do."""


class UnsupportedDatabaseError(TallykeepError):
    """The database is not one that this version works with; the message says why and what to do."""


class DataDirectoryUnusableError(TallykeepError):
    """The data directory, or something in it, cannot be made or written; the message says what and why."""


class DataDirectoryInUseError(TallykeepError):
    """Another Tallykeep serves this data directory."""


class NotYetError(TallykeepError):
    """A batch has to wait; it is tried again later."""


class OutOfOrderError(NotYetError):
    """An earlier batch of the same action is open again: this one has to wait for it."""


class BeingTriedError(NotYetError):
    """Another worker is trying the batch in isolation: nobody else may until it has ended."""


class NotTriedError(TallykeepError):
    """A batch could not be applied in an isolated process at the moment; nothing is known about its rows."""


class CannotJoinError(TallykeepError):
    """A batch is not written together with those of other actions: it has to be applied separately."""


class BatchLostError(TallykeepError):
    """The batch was closed, or its action ended, by someone else: nothing may be written."""


class UnreadableActionError(TallykeepError):
    """What is stored of an action's submission cannot be read; nothing will ever be applied by it."""


class OvertakenError(TallykeepError):
    """Others created or deleted a resource after it was looked up: the work has to be done again."""


class AnswerCutOffError(TallykeepError):
    """An answer that has begun is to be cut off; the log says why already."""


class RequestError(TallykeepError):
    """Root of the errors answered to a client.

    Wire format: {code, key, message, details, request_id} with resource_id and resource_type where known
    (public API documentation, component schema "Error").
    """

    code: ClassVar[int] = 400
    key: str = "bad_request"
    message: str = "Bad request"

    def __init__(
        self,
        details: str,
        *,
        key: str | None = None,
        message: str | None = None,
        resource_id: str | None = None,
        resource_type: str | None = None,
    ) -> None:
        super().__init__(details)
        self.details = details
        self.key = key or self.key
        self.message = message or self.message
        self.resource_id = resource_id
        self.resource_type = resource_type
        self.headers: dict[str, str] = {}


class InvalidPayloadError(RequestError):
    """The body cannot be understood as a whole."""

    key = "invalid_payload"
    message = "Invalid payload"


class InvalidQueryError(RequestError):
    """A query parameter cannot be understood."""

    key = "invalid_query_params"
    message = "Invalid query params"


class InvalidVoucherError(RequestError):
    """A voucher's fields contradict each other."""

    key = "invalid_voucher"
    message = "Invalid voucher"


class InvalidRequestError(RequestError):
    """The request says two things at once of who asks."""

    key = "invalid_request"
    message = "Invalid request"


class UnauthorizedError(RequestError):
    """The keys are missing, wrong, expired or revoked.

    `challenge` says so in the terms of RFC 6750, section 3; by itself it names no error, as for who showed nothing.
    """

    code = 401
    key = "unauthorized"
    message = "Unauthorized"

    def __init__(self, details: str, *, challenge: str = 'Bearer realm="tallykeep"') -> None:
        super().__init__(details)
        self.headers["WWW-Authenticate"] = challenge


class ForbiddenError(RequestError):
    """Who asks is known, and may not do this: for want of `permission`, or for another reason."""

    code = 403
    key = "forbidden"
    message = "Forbidden"
    permission: str | None = None


class NotFoundError(RequestError):
    """No such resource in the caller's project."""

    code = 404
    key = "not_found"
    message = "Resource not found"

    @classmethod
    def of(cls, resource_type: str, resource_id: str, by: str = "id") -> "NotFoundError":
        """Return the error in the wording of the wire format: «Cannot find async_action with id aa_…»."""
        details = f"Cannot find {resource_type} with {by} {resource_id}"
        return cls(details, resource_id=resource_id, resource_type=resource_type)


class MethodNotAllowedError(RequestError):
    """The path exists, the method does not."""

    code = 405
    key = "method_not_allowed"
    message = "Method not allowed"


class DuplicateFoundError(RequestError):
    """A resource with this key exists already."""

    code = 409
    key = "duplicate_found"
    message = "Duplicate resource found"


class ResourceInUseError(RequestError):
    """Others depend on the resource; the message says which and what to do."""

    code = 409
    key = "resource_in_use"
    message = "Resource is in use"


class UploadTimeoutError(RequestError):
    """The request came too slowly, or stopped in the middle of its body."""

    code = 408
    key = "request_timeout"
    message = "Request timeout"


class BodyTooLargeError(RequestError):
    """The body is larger than the setting max_body_bytes allows."""

    code = 413
    key = "payload_too_large"
    message = "Payload Too Large"


class UnsupportedMediaTypeError(RequestError):
    """The content type is not one this endpoint reads."""

    code = 415
    key = "unsupported_media_type"
    message = "Unsupported media type"


class ConflictError(RequestError):
    """The state of the action does not allow this."""

    code = 409
    key = "conflict"
    message = "Conflict"


class UriTooLongError(RequestError):
    """The URL is too long, or has too many parameters."""

    code = 414
    key = "uri_too_long"
    message = "URI too long"


class MisdirectedRequestError(RequestError):
    """The Host header names a host that the setting trusted_hosts does not."""

    code = 421
    key = "misdirected_request"
    message = "Misdirected request"


class HeadersTooLargeError(RequestError):
    """The request's headers are too large or too many."""

    code = 431
    key = "headers_too_large"
    message = "Request header fields too large"


class TooManyRequestsError(RequestError):
    """The project, or the key, already uses its share of something; the message names it and its size."""

    code = 429
    key = "too_many_requests"
    message = "Too many requests"


class QuotaTooSmallError(RequestError):
    """The submission alone has more rows than a quota has in all: it has to be split, and waiting does not help."""

    key = "quota_too_small"
    message = "Quota too small"


class IdempotencyKeyReusedError(RequestError):
    """The same Idempotency-Key came with another submission."""

    code = 422
    key = "idempotency_key_reused"
    message = "Idempotency key reused"


class ServiceUnavailableError(RequestError):
    """The database cannot be reached, or others write what the request needs; it may be sent again."""

    code = 503
    key = "service_unavailable"
    message = "Service unavailable"

    def __init__(self, details: str) -> None:
        super().__init__(details)
        self.headers["Retry-After"] = "1"


class UploadLostError(ServiceUnavailableError):
    """The batches of an upload were swept up before its end; it may be sent again."""

    key = "upload_lost"


class InternalError(RequestError):
    """A defect of ours; the request id finds it in the log."""

    code = 500
    key = "internal_error"
    message = "Internal error"


class DamagedBatchError(RequestError, UnreadableActionError):
    """What is stored of a batch is not what was written; the text names the batch, and no value of its rows."""

    code = 500
    key = "damaged_batch"
    message = "Damaged batch"
