"""A preview of a file before it is sent: what the server recognizes in it, and whether that is certain."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rich.text import Text

from tallykeep.cli.kit.client import Client
from tallykeep.cli.kit.exits import RefusedError
from tallykeep.cli.kit.phrases import rows
from tallykeep.cli.kit.row_types import CAMPAIGN_VOUCHERS, IMPORTED, Form
from tallykeep.cli.kit.show import command
from tallykeep.cli.kit.sources import STANDARD_INPUT, FileToSend
from tallykeep.core import exact_json
from tallykeep.formats.csv.titles import normal_title

_MAX_SHOWN = 8
_NEAR = 0.75  # of the likeliest row type's confidence: similar ones are offered too
_ORIGIN_COLUMNS = ("row", "line", "reason")  # columns of a file of failed rows
# Warnings that a person has to settle before anything is sent, where neither --map nor --yes does.
_ASKING = ("by_resemblance", "lost_key", "lost_email", "lost_phone", "text_formula")
_FOR_THE_FILE = ("text_formula",)  # no option but --yes answers them
_FIELDS_OF_LOST = {"lost_email": "Email", "lost_phone": "Phone"}
_CHARACTERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}

Mapping_ = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Preview:
    """The server's preview of one file, and the mapping that it will be sent with."""

    seen: dict[str, Any]
    mapping: Mapping_
    doubts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def row_type(self) -> str:
        """The row type."""
        return str(self.seen["row_type"])

    @property
    def form(self) -> Form:
        """The form that they come in."""
        return "csv" if self.seen["format"] in ("csv", "xlsx") else "json"

    @property
    def is_of_failed_rows(self) -> bool:
        """Whether it is a file of failed rows, as we write them."""
        titles = tuple(str(column["title"]).lower() for column in self.seen.get("columns", ()))
        return titles[-len(_ORIGIN_COLUMNS) :] == _ORIGIN_COLUMNS

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """The server's warnings."""
        return list(self.seen.get("warnings", ()))


def preview_file(
    client: Client, file: FileToSend, query: Mapping[str, Any], row_type: str | None, mapping: Mapping_
) -> Preview:
    """Ask the server what the file is; raises RefusedError.

    A mapping that names columns is taken as it is; to one that only skips columns the detected titles are added.
    """
    query = {**query, "row_type": row_type, "limit": 1}
    is_explicit = any(title is not None for title in mapping.values())
    if is_explicit:
        return _with_doubts(_ask_server(client, file, {**query, "mapping": _json(mapping)}), mapping, is_explicit=True)
    preview = _with_doubts(_ask_server(client, file, query), {}, is_explicit=False)
    if not mapping:
        return preview
    skipped = set(map(normal_title, mapping))
    merged = {
        column: title for column, title in preview.mapping.items() if normal_title(column) not in skipped
    } | mapping
    titles = {column["index"]: column["title"] for column in preview.seen["columns"]}
    doubts = [each for each in preview.doubts if normal_title(titles.get(each["column"], "")) not in skipped]
    seen = _ask_server(client, file, {**query, "row_type": row_type or preview.row_type, "mapping": _json(merged)})
    return replace(preview, seen=seen, mapping=merged, doubts=doubts)


def _ask_server(client: Client, file: FileToSend, query: Mapping[str, Any]) -> dict[str, Any]:
    params = {name: value for name, value in query.items() if value is not None}
    try:
        with file.sample() as (content, partial):
            return client.post_file("/v1/imports/preview", file.name, content, **params, **partial)
    except RefusedError as error:
        raise RefusedError(f"{file.shown}: {error}", error.status) from None


def _with_doubts(seen: dict[str, Any], mapping: Mapping_, *, is_explicit: bool) -> Preview:
    asking = _ASKING if not is_explicit else ()
    doubts = [each for each in seen.get("warnings", ()) if each["type"] in ("unclear_row_type", *asking)]
    return Preview(seen, mapping or dict(seen["mapping"]), doubts)


def _json(mapping: Mapping_) -> str:
    return exact_json.dumps(mapping).decode()


def describe(preview: Preview, name: str, *, guessed: bool) -> Text:
    """Return what the file was recognized as, to be shown above the bars."""
    origin = " (detected from its columns)" if guessed else ""
    heading = Text.assemble((name, "bold"), f"  {preview.row_type}{origin}")
    if taken := ", ".join(_taken(preview.seen)):
        heading.append(f"\n  read as: {taken}", style="dim")
    if preview.form == "csv":
        columns = [each for each in preview.seen["columns"] if each["title"]]
        names = [f"{column} → {title}" for column, title in preview.mapping.items() if title is not None]
        heading.append(_listing("columns", names))
        heading.append(_listing("as metadata", [each["target"] for each in columns if each["use"] == "metadata"]))
        heading.append(_listing("left out", [each["title"] for each in columns if _is_left_out(each)]))
    for warning in preview.warnings:
        heading.append(f"\n  ! {warning['message']}", style="yellow")
    return heading


def _listing(what: str, names: list[str]) -> Text:
    shown = ", ".join(names) if what == "columns" else _first(names)
    return Text(f"\n  {what}: {shown}" if names else "", style="dim")


def _first(names: list[str]) -> str:
    """Return «Name, City», or the first of them «and 44 more»."""
    more = f" and {len(names) - _MAX_SHOWN} more" if len(names) > _MAX_SHOWN else ""
    return ", ".join(names[:_MAX_SHOWN]) + more


def _is_left_out(column: dict[str, Any]) -> bool:
    return column["use"] == "left_out" and column["title"].lower() not in _ORIGIN_COLUMNS


def _taken(seen: dict[str, Any]) -> Iterator[str]:
    if seen["format"] == "csv":
        yield seen["encoding"]
        yield f"{_CHARACTERS.get(seen['delimiter'], seen['delimiter'])} between cells"
    if seen.get("sheet"):
        yield f"sheet {seen['sheet']}"
    if (seen.get("header_row") or 1) != 1:
        skipped = seen.get("skipped_rows") or 0
        yield f"header in row {seen['header_row']}" + (f", {rows(skipped)} above it not read" if skipped else "")


def question(preview: Preview, file: FileToSend, options: list[str]) -> str:
    """Say why it is not clear what the file is, and what to type to settle it."""
    why = [each["message"] for each in preview.doubts]
    lines = [f"{file.shown}: not sent, because it is not clear what it is.", *(f"  {each}" for each in why)]
    if preview.form == "csv":
        titles = [each["title"] for each in preview.seen["columns"] if each["title"]]
        lines.append(f"  The columns: {_first(titles) or 'none has a name'}")
    if not preview.seen["row_types"][0]["confidence"]:
        row_types = f"Name the row type: {', '.join(IMPORTED)}; and the columns, with --map 'Title=name'"
        return "\n".join([*lines, f"  {row_types}. The right titles: {command('template', 'ROW_TYPE')}"])
    lines.append("Say what it is, for example:")
    lines += [f"  {command('import', *words, *options)}" for words in _answers(preview, file, options)]
    lines += _choices(preview)
    lines.append("Or take what was detected, with --yes.")
    return "\n".join(lines)


def _answers(preview: Preview, file: FileToSend, options: list[str]) -> Iterator[list[str]]:
    """Yield the words behind `tallykeep import` for the likeliest row type with its mapping, and for similar ones."""
    word = STANDARD_INPUT if file.is_kept else file.shown
    as_it_stands = ["--yes"] if any(each["type"] in _FOR_THE_FILE for each in preview.doubts) else []
    yield [
        preview.row_type,
        word,
        *_campaign(preview.row_type, options),
        *_maps(preview),
        *_defaults(preview),
        *as_it_stands,
    ]
    if any(each["type"] == "unclear_row_type" for each in preview.doubts):
        best = preview.seen["row_types"][0]["confidence"]
        for each in preview.seen["row_types"]:
            if each["row_type"] != preview.row_type and each["confidence"] > _NEAR * best:
                yield [each["row_type"], word, *_campaign(each["row_type"], options)]


def _campaign(row_type: str, options: list[str]) -> list[str]:
    return ["--campaign", "NAME"] if row_type == CAMPAIGN_VOUCHERS and "--campaign" not in options else []


def _maps(preview: Preview) -> Iterator[str]:
    mapping = dict(preview.mapping)
    titles = {column["index"]: column["title"] for column in preview.seen["columns"]}
    used = set(mapping.values())
    for doubt in preview.doubts:
        key = preview.seen["fields"][0]["title"] if preview.seen["fields"] else None
        wanted = key if doubt["type"] == "lost_key" else _FIELDS_OF_LOST.get(doubt["type"])
        if wanted is not None and wanted not in used:
            mapping[titles[doubt["column"]]] = wanted
            used.add(wanted)
    for column, title in mapping.items():
        if title is not None:  # what is skipped is among the options that are repeated
            yield from ("--map", f"{column}={title}")


def _defaults(preview: Preview) -> Iterator[str]:
    for each in preview.seen["needed"]:
        if each["title"] in preview.seen["missing"] and each["choices"]:
            yield from ("--default", f"{each['title']}={each['choices'][0]}")


def _choices(preview: Preview) -> Iterator[str]:
    for each in preview.seen["needed"]:
        if each["title"] in preview.seen["missing"]:
            which = f"one of {', '.join(each['choices'])}" if each["choices"] else "the title of its column"
            yield f"{each['title']} is {which}."
