"""A look at a file before it is sent: what the server takes its rows and columns for, and whether that is sure."""

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
_NEAR = 0.75  # of the likeliest kind's confidence: such kinds are offered too
_TOLD_ELSEWHERE = ("row", "line", "reason")  # columns of a file of failed rows
# Warnings that a person has to answer before anything is sent, where neither --map nor --yes does.
_ASKING = ("by_resemblance", "lost_key", "lost_email", "lost_phone", "text_formula")
_FOR_THE_FILE = ("text_formula",)  # no option but --yes answers them
_FIELDS_OF_LOST = {"lost_email": "Email", "lost_phone": "Phone"}
_CHARACTERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}

Mapping_ = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Look:
    """The server's answer about one file, and the mapping that it will be sent with."""

    seen: dict[str, Any]
    mapping: Mapping_
    doubts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def row_type(self) -> str:
        """What the rows are."""
        return str(self.seen["row_type"])

    @property
    def form(self) -> Form:
        """The form that they come in."""
        return "csv" if self.seen["format"] in ("csv", "xlsx") else "json"

    @property
    def is_of_failed_rows(self) -> bool:
        """Whether it is a file of failed rows, as we write them."""
        titles = tuple(str(column["title"]).lower() for column in self.seen.get("columns", ()))
        return titles[-len(_TOLD_ELSEWHERE) :] == _TOLD_ELSEWHERE

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What the server warns of."""
        return list(self.seen.get("warnings", ()))


def look(client: Client, file: FileToSend, query: Mapping[str, Any], row_type: str | None, mapping: Mapping_) -> Look:
    """Ask what the file is. A mapping that names columns is taken at its word; one that only skips is added to."""
    asked = {**query, "row_type": row_type, "limit": 1}
    is_given = any(title is not None for title in mapping.values())
    if is_given:
        return _judged(_preview(client, file, {**asked, "mapping": _json(mapping)}), mapping, is_given=True)
    found = _judged(_preview(client, file, asked), {}, is_given=False)
    if not mapping:
        return found
    skipped = set(map(normal_title, mapping))
    merged = {column: title for column, title in found.mapping.items() if normal_title(column) not in skipped} | mapping
    titles = {column["index"]: column["title"] for column in found.seen["columns"]}
    doubts = [each for each in found.doubts if normal_title(titles.get(each["column"], "")) not in skipped]
    seen = _preview(client, file, {**asked, "row_type": row_type or found.row_type, "mapping": _json(merged)})
    return replace(found, seen=seen, mapping=merged, doubts=doubts)


def _preview(client: Client, file: FileToSend, asked: Mapping[str, Any]) -> dict[str, Any]:
    wished = {name: value for name, value in asked.items() if value is not None}
    try:
        with file.beginning() as (content, partial):
            return client.post_file("/v1/imports/preview", file.name, content, **wished, **partial)
    except RefusedError as error:
        raise RefusedError(f"{file.shown}: {error}", error.status) from None


def _judged(seen: dict[str, Any], mapping: Mapping_, *, is_given: bool) -> Look:
    asking = _ASKING if not is_given else ()
    doubts = [each for each in seen.get("warnings", ()) if each["type"] in ("unclear_row_type", *asking)]
    return Look(seen, mapping or dict(seen["mapping"]), doubts)


def _json(mapping: Mapping_) -> str:
    return exact_json.dumps(mapping).decode()


def described(found: Look, name: str, *, guessed: bool) -> Text:
    """What was taken of the file, as it stands above the bars."""
    told = " (told from its columns)" if guessed else ""
    heading = Text.assemble((name, "bold"), f"  {found.row_type}{told}")
    if taken := ", ".join(_taken(found.seen)):
        heading.append(f"\n  read as: {taken}", style="dim")
    if found.form == "csv":
        columns = [each for each in found.seen["columns"] if each["title"]]
        names = [f"{column} → {title}" for column, title in found.mapping.items() if title is not None]
        heading.append(_list_spec("columns", names))
        heading.append(_list_spec("as metadata", [each["target"] for each in columns if each["use"] == "metadata"]))
        heading.append(_list_spec("left out", [each["title"] for each in columns if _is_left_out(each)]))
    for warning in found.warnings:
        heading.append(f"\n  ! {warning['message']}", style="yellow")
    return heading


def _list_spec(what: str, names: list[str]) -> Text:
    shown = ", ".join(names) if what == "columns" else _first(names)
    return Text(f"\n  {what}: {shown}" if names else "", style="dim")


def _first(names: list[str]) -> str:
    """«Name, City», or the first of them «and 44 more»."""
    more = f" and {len(names) - _MAX_SHOWN} more" if len(names) > _MAX_SHOWN else ""
    return ", ".join(names[:_MAX_SHOWN]) + more


def _is_left_out(column: dict[str, Any]) -> bool:
    return column["use"] == "left_out" and column["title"].lower() not in _TOLD_ELSEWHERE


def _taken(seen: dict[str, Any]) -> Iterator[str]:
    if seen["format"] == "csv":
        yield seen["encoding"]
        yield f"{_CHARACTERS.get(seen['delimiter'], seen['delimiter'])} between cells"
    if seen.get("sheet"):
        yield f"sheet {seen['sheet']}"
    if (seen.get("header_row") or 1) != 1:
        skipped = seen.get("skipped_rows") or 0
        yield f"header in row {seen['header_row']}" + (f", {rows(skipped)} above it not read" if skipped else "")


def question(found: Look, file: FileToSend, options: list[str]) -> str:
    """Why it is not sure what the file is, and what to write so that it is."""
    why = [each["message"] for each in found.doubts]
    lines = [f"{file.shown}: not sent, because it is not sure what is meant.", *(f"  {each}" for each in why)]
    if found.form == "csv":
        titles = [each["title"] for each in found.seen["columns"] if each["title"]]
        lines.append(f"  The columns: {_first(titles) or 'none has a name'}")
    if not found.seen["row_types"][0]["confidence"]:
        row_types = f"Say it: {', '.join(IMPORTED)}; and what the columns are, with --map 'Title=name'"
        return "\n".join([*lines, f"  {row_types}. The right ones: {command('template', 'KIND')}"])
    lines.append("Say it, such as:")
    lines += [f"  {command('import', *words, *options)}" for words in _answers(found, file, options)]
    lines += _choices(found)
    lines.append("Or take what is found, with --yes.")
    return "\n".join(lines)


def _answers(found: Look, file: FileToSend, options: list[str]) -> Iterator[list[str]]:
    """The words behind `tallykeep import`, for the likeliest kind with its mapping, and for those near it."""
    word = STANDARD_INPUT if file.is_kept else file.shown
    as_it_stands = ["--yes"] if any(each["type"] in _FOR_THE_FILE for each in found.doubts) else []
    yield [found.row_type, word, *_campaign(found.row_type, options), *_maps(found), *_defaults(found), *as_it_stands]
    if any(each["type"] == "unclear_row_type" for each in found.doubts):
        best = found.seen["row_types"][0]["confidence"]
        for each in found.seen["row_types"]:
            if each["row_type"] != found.row_type and each["confidence"] > _NEAR * best:
                yield [each["row_type"], word, *_campaign(each["row_type"], options)]


def _campaign(row_type: str, options: list[str]) -> list[str]:
    return ["--campaign", "NAME"] if row_type == CAMPAIGN_VOUCHERS and "--campaign" not in options else []


def _maps(found: Look) -> Iterator[str]:
    mapping = dict(found.mapping)
    titles = {column["index"]: column["title"] for column in found.seen["columns"]}
    used = set(mapping.values())
    for doubt in found.doubts:
        key = found.seen["fields"][0]["title"] if found.seen["fields"] else None
        wanted = key if doubt["type"] == "lost_key" else _FIELDS_OF_LOST.get(doubt["type"])
        if wanted is not None and wanted not in used:
            mapping[titles[doubt["column"]]] = wanted
            used.add(wanted)
    for column, title in mapping.items():
        if title is not None:  # what is skipped stands among the options that are written again
            yield from ("--map", f"{column}={title}")


def _defaults(found: Look) -> Iterator[str]:
    for each in found.seen["needed"]:
        if each["title"] in found.seen["missing"] and each["choices"]:
            yield from ("--default", f"{each['title']}={each['choices'][0]}")


def _choices(found: Look) -> Iterator[str]:
    for each in found.seen["needed"]:
        if each["title"] in found.seen["missing"]:
            which = f"one of {', '.join(each['choices'])}" if each["choices"] else "the title of its column"
            yield f"{each['title']} is {which}."
