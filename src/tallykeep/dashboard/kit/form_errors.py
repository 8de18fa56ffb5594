"""The API's refusals in the words of the dashboard's forms."""

import re
from collections.abc import Mapping

_ACTUAL = re.compile(r" \(actual value is '((?:(?!'\)| \(actual value is ').)*+)'\)", re.DOTALL)
_TOO_FEW_CODES = re.compile(r"code_config allows only (\d+) different codes, but (\d+) are wanted")
_TOO_MANY_CODES = re.compile(r"vouchers_count: \d+ are too many for one action; at most (\d+) are generated at a time")
_PROPERTY = re.compile(r"\bProperty \.")
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")


def form_message(details: str, labels: Mapping[str, str]) -> str:
    """Return a refusal for people: fields by their labels in the form, the value at fault in quotes.

    `labels` are by the API's names.
    """
    message = _TOO_FEW_CODES.sub(lambda match: _too_few(int(match[1]), int(match[2])), details)
    message = _TOO_MANY_CODES.sub(lambda match: f"At most {int(match[1]):,} codes are generated at a time", message)
    message = _PROPERTY.sub("", message)
    for name, label in labels.items():
        # Where a problem begins: elsewhere it is somebody's text.
        message = re.sub(rf"(^|; ){re.escape(name)}(?=:| is | should )", rf"\g<1>{label}", message)
    message = _TIMESTAMP.sub(r"\1", message.replace("; ", ". "))
    return _ACTUAL.sub(lambda match: f", not «{match[1]}»" if match[1] else "", message)


def _too_few(possible: int, wanted: int) -> str:
    return (
        f"The pattern allows only {possible:,} different codes, but {wanted:,} are wanted:"
        " put more # into it, or ask for fewer codes"
    )
