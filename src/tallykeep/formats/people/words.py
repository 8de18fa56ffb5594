"""Whether what stands in a text is a word of its own there, or a part of a longer address, id or word."""

import string
import unicodedata

_WORD = frozenset(string.ascii_letters + string.digits + "_-")
_IN_LOCAL_PART = frozenset(".%+")  # beside letters and digits: what stands before an address and belongs to it
_SPECIAL = "!#$&'*/=?^`{|}~"  # an address may have these, too, but texts have them between words
_CLOSING = {"{": "}"}


def is_apart(text: str, start: int, end: int) -> bool:
    """Return whether what stands there in a text with small letters is not a part of something longer.

    A full stop ends it. What an address may hold, but texts put between words, does so unless the two together look
    like an address: `o'neill@` is not `neill@`, but `to=neill@` is.
    """
    before = text[start - 1 : start]
    if before and (before in _IN_LOCAL_PART or _continues(before, text[start])):
        return False
    is_address = "@" in text[start:end]
    if _goes_on(text, end, is_address=is_address):
        return False
    return not (is_address and before and before in _SPECIAL and _is_longer(text, start, end))


def is_apart_in_name(text: str, start: int, end: int) -> bool:
    """Return whether it stands apart in a file's name, where hyphens and underscores join whole words."""
    before, behind = text[start - 1 : start], text[end : end + 2]
    if before and (before in ".+'" or (before not in "_-" and _continues(before, text[start]))):
        return False
    if behind[:1] == ".":
        return not behind[1:].isalpha()
    return not behind or behind[0] in "_-" or not _continues(behind[0], text[end - 1])


def _goes_on(text: str, end: int, *, is_address: bool) -> bool:
    """Return whether what ends there goes on behind: with a letter or a digit, or with these behind a full stop."""
    behind = text[end : end + 2]
    if behind[:1] == ".":
        return _continues(behind[1:], ".")
    if is_address and behind[:1] == "_":
        return False  # no domain has one
    if is_address and behind[:1] == "-":
        return behind[1:].isalnum()
    return _continues(behind[:1], text[end - 1])


def _continues(character: str, beside: str) -> bool:
    """Return whether a character belongs to the same word as the one beside it."""
    if not character or character.isascii():
        return character in _WORD if character else False
    category = unicodedata.category(character)
    if category == "Lo" and beside.isascii() and beside.isalnum():
        return False  # scripts without spaces, in which an address stands
    return category[0] in "LNM"


def _is_longer(text: str, start: int, end: int) -> bool:
    """Return whether the address that begins there, behind a special character, is the end of a longer address.

    Goes no further back than to the address before it.
    """
    begin = start
    while begin and _is_local(text[begin - 1]):
        begin -= 1
    if text[begin - 1 : begin] == "@" or not text[begin:start].strip(_SPECIAL):
        return False
    special = text[start - 1]
    if special == "=" or text[begin] == "/":
        return False  # name=address, and a path
    if special == "'" and text[begin:start][-2:-1] not in _SPECIAL:
        return True  # o'neill@, and not email='neill@
    return text[end : end + 1] != _CLOSING.get(special, special)


def _is_local(character: str) -> bool:
    return character in _SPECIAL or character in _IN_LOCAL_PART or _continues(character, "")
