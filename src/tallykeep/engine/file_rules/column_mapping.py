"""The columns of a file: renamed or left out as a submission asks, and checked for those that every row needs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from tallykeep.core import exact_json
from tallykeep.core.batch import Source
from tallykeep.core.errors import InvalidPayloadError, InvalidQueryError
from tallykeep.core.options.parsers import short
from tallykeep.formats.csv.titles import normal_title

OURS = ["row", "line", "reason"]  # what a file of failed rows has behind its own columns
_MAX_SHOWN = 20
_MAX_SHOWN_LENGTH = 60

Mapping = dict[str, str | None]


def choose_columns(
    source: Source, mapping: Mapping, required: tuple[tuple[str, ...], ...], defaulted: Iterable[str] = ()
) -> Source:
    """Choose the columns: return the source with its header as the rows are to be read.

    `mapping` names columns by what they should be called, or skips them (None). Of each tuple in `required` one column
    must be there, or be `defaulted`. Raises InvalidQueryError for a mapping that does not fit the file,
    InvalidPayloadError for a column that is missing, or that is named twice with both kept as they are.
    """
    if source.format != "csv":
        if mapping:
            raise InvalidQueryError("Property .mapping goes with the columns of a file; these rows have none")
        return source
    titles = _mapped(source.header, mapping)
    _refuse_repeated(source, mapping)
    kept = [index for index, title in enumerate(titles) if title is not None]
    header = [title for title in titles if title is not None]
    _require(source.header, [*header, *defaulted], required)
    if len(kept) == len(source.header):
        return replace(source, header=header, file_header=None if header == source.header else source.header)
    if not kept:
        raise InvalidQueryError(f"Property .mapping skips every column of the file: {_shown(source.header)}")
    return replace(source, header=header, kept=kept, width=len(source.header), file_header=source.header)


def _mapped(header: list[str], mapping: Mapping) -> list[str | None]:
    """Return what each column is called; None where it is left out.

    Raises InvalidQueryError for a mapping that does not fit the file.
    """
    titles: list[str | None] = list(header)
    indexes = {normal_title(title): index for index, title in enumerate(header)}
    named = [(_index(column, title, indexes, header), column, title) for column, title in mapping.items()]
    behind = range(len(header) - len(OURS), len(header))
    if len(header) > len(OURS) and header[-len(OURS) :] == OURS and not {index for index, *_ in named} & {*behind}:
        titles[-len(OURS) :] = [None] * len(OURS)
    times = Counter(index for index, *_ in named)
    for index, column, title in named:
        if times[index] > 1:
            raise InvalidQueryError(f"Property .mapping names the column {column!r} twice")
        titles[index] = None if title is None else title.strip()
    called = Counter(normal_title(title) for title in titles if title is not None)
    for _, column, title in named:
        _refuse_taken(titles, called, column, title)
    return titles


def _refuse_repeated(source: Source, mapping: Mapping) -> None:
    """Raise InvalidPayloadError for two columns of one name, unless a mapping that names the later one says what is
    meant.
    """
    dealt_with = {normal_title(column) for column in mapping}
    left = [source.header[at] for at in source.repeated if normal_title(source.header[at]) not in dealt_with]
    if not left:
        return
    title = left[0].rpartition(" (")[0]
    example = exact_json.dumps(dict.fromkeys(left[:_MAX_SHOWN])).decode()
    raise InvalidPayloadError(
        f"The header names the column {short(title, _MAX_SHOWN_LENGTH)!r} more than once; here, the later ones are"
        f" called {_shown(left)}. What is to become of them? Leave them out with null, or give them titles:"
        f" say so with mapping, such as {example}"
    )


def _index(column: str, title: str | None, indexes: dict[str, int], header: list[str]) -> int:
    index = indexes.get(normal_title(column))
    if index is None:
        there = title is not None and normal_title(title) in indexes
        # Files of failed rows are: a mapping that went with the first file does not go with them.
        hint = f"; but it has {title!r}. A file that is mapped already needs no mapping" if there else ""
        raise InvalidQueryError(
            f"Property .mapping names the column {column!r}, which the file does not have: {_shown(header)}{hint}"
        )
    return index


def _refuse_taken(titles: list[str | None], called: Counter[str], column: str, title: str | None) -> None:
    if title is None:
        return
    if not title.strip() or "\0" in title:
        raise InvalidQueryError(f"Property .mapping should give {column!r} a title, or null to skip it")
    if called[normal_title(title)] > 1:
        kept = [other for other in titles if other is not None]
        raise InvalidQueryError(
            f"Property .mapping calls {column!r} {title!r}, and so is another column: {_shown(kept)};"
            " skip one of them with null"
        )


def _require(titles: list[str], header: list[str], required: tuple[tuple[str, ...], ...]) -> None:
    known = set(map(normal_title, header))
    for choice in required:
        if not known.intersection(map(normal_title, choice)):
            example = exact_json.dumps({short(titles[0], _MAX_SHOWN_LENGTH): choice[0]}).decode()
            raise InvalidPayloadError(
                f"The file has no column {' or '.join(choice)}, and needs one. It has: {_shown(titles)}."
                f" If one of them is it, say so with mapping, such as {example}"
            )


def _shown(titles: list[str]) -> str:
    more = f" and {len(titles) - _MAX_SHOWN} more" if len(titles) > _MAX_SHOWN else ""
    return ", ".join(short(title, _MAX_SHOWN_LENGTH) or "(no name)" for title in titles[:_MAX_SHOWN]) + more
