"""Submission options in a request: query parameters, or fields of its form."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from starlette.datastructures import QueryParams

from tallykeep.core.errors import InvalidQueryError
from tallykeep.core.options.declaration import Option, Scope
from tallykeep.core.options.parsers import short
from tallykeep.core.options.submission_options import OPTIONS, SubmissionOptions, options_for
from tallykeep.formats.csv.titles import normal_title

_ALIKE = 0.85  # of 1; «dryrn» is meant to be «dry_run», «on_hold» is not meant to be «on_error»
_MAX_ALIKE_LENGTH = 30

_NONE = SubmissionOptions()
_NAMES = (*OPTIONS, "include_unprocessed")
_BY_TITLE = {normal_title(name): name for name in _NAMES}
_IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "maxLength": 255},
    "description": "Sent again with the same key, the same submission is the same action.",
}


def parameter(option: Option) -> dict[str, Any]:
    """Describe the option as an OpenAPI parameter of the query."""
    return {"name": option.name, "in": "query", "schema": dict(option.schema), "description": option.description}


def parameters(*scopes: Scope) -> list[dict[str, Any]]:
    """Describe the options for such submissions as OpenAPI parameters, in the order of their declaration."""
    return [parameter(option) for option in options_for(*scopes)]


PARAMETERS = [*parameters(Scope.EVERY), _IDEMPOTENCY_KEY]


def read_submission_options(texts: Mapping[str, str]) -> SubmissionOptions:
    """Read the options among these parameters; raises InvalidQueryError for what is not understood, or is misspelled.

    Other parameters are ignored, but a dry run that is none because of a typo would write.
    """
    if not texts:
        return _NONE
    for name in texts:
        _refuse_misspelled(name)
    if isinstance(texts, QueryParams):
        refuse_contradictions(texts.multi_items())
    options = SubmissionOptions(**{name: OPTIONS[name].read(text) for name, text in texts.items() if name in OPTIONS})
    for name in texts:
        if name in OPTIONS:
            _require_company(OPTIONS[name], options)
    return options


def read_options_for(parameters: Mapping[str, str], *scopes: Scope) -> SubmissionOptions:
    """Read the options for such submissions alone, blank ones as if left out; raises InvalidQueryError."""
    texts = {option.name: parameters.get(option.name) for option in options_for(*scopes)}
    return SubmissionOptions(**{name: OPTIONS[name].read(text) for name, text in texts.items() if text})


def refuse_contradictions(pairs: Iterable[tuple[str, str]]) -> None:
    """Raise InvalidQueryError for an option that is given twice and differently: a dry run must not write."""
    first: dict[str, str] = {}
    for name, text in pairs:
        if name in _NAMES and first.setdefault(name, text) != text:
            raise InvalidQueryError(
                f"Property .{name} is given as {short(first[name])!r} and as {short(text)!r}; give it once"
            )


def _require_company(option: Option, options: SubmissionOptions) -> None:
    if option.only_with is None:
        return
    other, value = option.only_with
    if getattr(options, other) != value:
        raise InvalidQueryError(f"Property .{option.name} goes with {other}={value} only")


def _refuse_misspelled(name: str) -> None:
    if name in _NAMES or len(name) > _MAX_ALIKE_LENGTH:
        return
    for close in get_close_matches(normal_title(name), _BY_TITLE, n=1, cutoff=_ALIKE):
        raise InvalidQueryError(f"Property .{name} is not known; it is called {_BY_TITLE[close]}")
