"""What a check of schemathesis calls a failure and is none."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import AllowHeaderMismatch, JsonSchemaError, RejectedPositiveData

Case, Response = schemathesis.Case, schemathesis.Response


def _says_what_is_wrong(failure: Failure, case: Case, response: Response) -> bool:
    return response.status_code in (400, 422) and bool(response.json()["details"])


def _is_of_its_body(failure: Failure, case: Case, response: Response) -> bool:
    return case.meta is not None and case.meta.is_negative_at(ParameterLocation.BODY)


def _is_of_a_discount(failure: Failure, case: Case, response: Response) -> bool:
    return "/properties/discount:" in failure.message


@dataclass(frozen=True)
class Accepted:
    """A kind of failure that is right for these operations, where `is_right` says so, and why."""

    failure: type[Failure]
    reason: str
    is_right: Callable[[Failure, Case, Response], bool] = lambda *_: True
    operations: re.Pattern[str] = re.compile(".*")


_BELOW_OTHERS = re.compile(r"POST /v1/.*/(import|importCSV|cancel|retry|rotate)")

ACCEPTED: tuple[Accepted, ...] = (
    Accepted(
        RejectedPositiveData,
        "a schema cannot tell all: which fields go together, which texts are dates, what a file has to hold",
        _says_what_is_wrong,
    ),
    Accepted(
        AcceptedNegativeData,
        "bodies are read with patience: null counts as left out, and what is wrong with a row is its failure",
        _is_of_its_body,
    ),
    Accepted(
        JsonSchemaError,
        "of a discount, fields that are not those of its type are kept and shown as they came",
        _is_of_a_discount,
    ),
    Accepted(
        AllowHeaderMismatch,
        "what ends the path may also be a code or an id, so the methods of the path of one are allowed",
        operations=_BELOW_OTHERS,
    ),
)


def is_accepted(failure: Failure, case: Case, response: Response) -> bool:
    """Tell whether this is no failure of ours."""
    return any(
        isinstance(failure, each.failure)
        and each.operations.fullmatch(case.operation.label)
        and each.is_right(failure, case, response)
        for each in ACCEPTED
    )
