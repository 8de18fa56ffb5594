"""Where the peer's OpenAPI file contradicts itself or asks for what is not there, each entry as narrow as can be."""

import re
from dataclasses import dataclass

from jsonschema import ValidationError

_VOUCHERS = r"(GET|POST|PUT) /v1/(campaigns/\{\}/)?vouchers(/.*)?"
_ACTION = r"GET /v1/async-actions/\{\}"


@dataclass(frozen=True, kw_only=True)
class Tolerated:
    """A place in some answers where the file's schema need not be met, and why; all three are patterns."""

    answer: str  # method and path
    path: str  # dotted steps into the body, [] for any index
    message: str
    why: str
    captured: bool = True  # the file's own examples show it

    def covers(self, answer: str, path: str, error: ValidationError) -> bool:
        match = re.fullmatch(self.answer, answer) and re.fullmatch(self.path, path)
        return bool(match and re.search(self.message, error.message))


_CAMPAIGNS = r"(GET|POST|PUT) /v1/campaigns(/\{\})?"
_PROJECT, _OF_PROJECT = r"(GET|POST|PUT) /management/v1/projects(/\{\})?", r"(data\[\])?"

TOLERATED = (
    Tolerated(
        answer=_VOUCHERS,
        path=r"(vouchers\[\]\.)?(discount|validity_timeframe|validity_day_of_week)",
        message="^None for not nullable$",
        why="The examples show null where a voucher has none; the schemas do not say nullable.",
    ),
    Tolerated(
        answer=f"{_VOUCHERS}|{_CAMPAIGNS}",
        path=r"(vouchers\[\]\.|voucher\.|campaigns\[\]\.voucher\.)?discount",
        message="'ADD_MANY_ITEMS'.* is valid under each of ",
        why="A discount of several units meets the schemas of both one unit and several; only one of them may be met.",
    ),
    Tolerated(
        answer=f"{_VOUCHERS}|{_CAMPAIGNS}",
        path=r"((vouchers|campaigns)\[\]\.)?validity_hours\.daily\[\]\.(start_time|expiration_time)",
        message=r"^'\d\d:\d\d' is not a 'time'$",
        why="Described as HH:mm with the example 12:00, while the format `time` demands seconds and an offset.",
        captured=False,
    ),
    Tolerated(
        answer=_ACTION,
        path=r"result\.failed",
        message=r"^\[.*\] is not of type 'object'$",
        why="VOUCHERS.IMPORT and ORDERS.IMPORT: the schemas say object, the examples show an array.",
    ),
    Tolerated(
        answer=_ACTION,
        path=r"result\.errors\[\]\.(code|source_id)",
        message="^None for not nullable$",
        why="A row of a bulk update that has no key, or is no object, has none to show.",
        captured=False,
    ),
    Tolerated(
        answer=r"GET /v1/async-actions(/\{\})?",
        path=r"(async_actions\[\]\.)?type",
        message="^'CUSTOMERS.PERMANENT_DELETION' is not one of ",
        why="The reference API deletes a customer at once; what is stored of rows is erased by an action of our own.",
        captured=False,
    ),
    Tolerated(
        answer="GET /v1/metadata-schemas",
        path="",
        message="^'data' is a required property$",
        why="The schema describes `schemas` as data_ref says, the example shows it, and `data` is required beside it.",
    ),
    Tolerated(
        answer=r"(GET|POST|PUT) /management/v1/projects/\{\}/webhooks(/\{\})?",
        path=r"(data\[\]\.)?events\[\]",
        message=" is not one of ",
        why="Events of asynchronous actions are ours. The examples have names that the schema does not, too.",
    ),
    Tolerated(
        answer=_PROJECT,
        path=_OF_PROJECT,
        message="^'webhook_token' is a required property$",
        why="No example shows one, and each webhook has a secret of its own.",
    ),
    Tolerated(
        answer=_PROJECT,
        path=_OF_PROJECT,
        message="^'(cluster_id|api_usage_notifications|webhooks_callout_notifications|webhook_version)' is",
        why="Settings of what is not there: clusters, notifications, versions of webhooks.",
        captured=False,
    ),
    Tolerated(
        answer="POST /v1/oauth/introspect",
        path="",
        message="^'(access_token|client_id|expires_at|expires_in|scope|token_type)' is a required property$",
        why="The example of an inactive token has `active` alone; the schema asks for all of an active one.",
    ),
)
# Successes with another status than the file has: what takes long is done by an action, and answered with its id.
OTHER_STATUSES = {("DELETE", "/management/v1/projects/{}"): "202"}
