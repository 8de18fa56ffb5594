"""Characters that nobody sees, which would make two keys of one: control and format characters, fillers, joiners.

All of Unicode's categories Cc, Cf, Zl and Zp, and letters and marks that are blank. Variation selectors are none of
them: emoji are written with these.
"""

import re
import unicodedata

_CONTROL = r"\x00-\x1f\x7f-\x9f"
_FORMAT = (
    "\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f"
    "\\ufeff\\ufff9-\\ufffb\\U000110bd\\U000110cd\\U00013430-\\U0001343f\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a"
    "\\U000e0001\\U000e0020-\\U000e007f"
)
_BLANK = r"\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0"
_HIDDEN = re.compile(f"[{_CONTROL}{_FORMAT}{_BLANK}]")
# Persian words, Indian scripts and families of emoji are joined by these.
_JOINER = re.compile("(?<=[\\u0600-\\U0010ffff])[\\u200c\\u200d](?=[\\u0600-\\U0010ffff])")
_HIDDEN_ASCII = re.compile(r"[\x00-\x1f\x7f]")


def hidden_in(text: str) -> str | None:
    """Return the first hidden character of a text, None where it has none; quick for ASCII."""
    match = (_HIDDEN_ASCII if text.isascii() else _HIDDEN).search(text)
    return match[0] if match else None


def without_joiners(text: str) -> str:
    """Return the text without the joiners that scripts and emoji are written with."""
    return text if text.isascii() else _JOINER.sub("", text)


def is_control(character: str) -> bool:
    """Whether it is one of the control characters, which have no names."""
    return unicodedata.category(character) == "Cc"


def named(character: str) -> str:
    """Return a character's number and name: U+200B (zero width space)."""
    name = unicodedata.name(character, "").lower()
    return f"U+{ord(character):04X} ({name})" if name else f"U+{ord(character):04X}"


def without_hidden(text: str) -> str:
    """Return the text with its hidden characters replaced by their numbers, to be shown."""
    return _HIDDEN.sub(lambda match: "\N{REPLACEMENT CHARACTER}" if is_control(match[0]) else _marked(match[0]), text)


def _marked(character: str) -> str:
    return f"<U+{ord(character):04X}>"


def bared(text: str) -> str:
    """Return the text without its hidden characters."""
    return _HIDDEN.sub("", text) if hidden_in(text) else text
