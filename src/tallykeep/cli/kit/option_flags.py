"""The flags of submission options, made from their declarations."""

import inspect
import re
from collections.abc import Callable, Iterator
from enum import Enum
from functools import wraps
from typing import Annotated, Any, get_args

import typer
from typer.models import ArgumentInfo, OptionInfo

from tallykeep.cli.kit.exits import UsageError
from tallykeep.core.options.declaration import Option, Scope
from tallykeep.core.options.submission_options import options_for

FlagValues = dict[str, Any]
"""The flags' values by option, without those that were left out."""

# What the API's messages call by other names than the parameters of commands.
_PARAMETERS = {
    "expires_at": "expires", "overlap_seconds": "overlap", "events": "event", "mapping": "named",
    "vouchers_count": "count", "start_date": "since", "end_date": "until", "from": "since", "to": "until",
    "starting_after_id": "after", "action_id": "action", "resource_id": "resource", "type": "type_",
    "end_previous_token": "yes",
}  # fmt: skip
_NOTHING = {"--expires": "never", "--scope": "all"}  # how commands write null
_PROPERTY = re.compile(r"Property \.([a-z_]+)")
_VALUE = re.compile(r"\b([a-z_]{1,40})=([a-z]{1,40})\b")
_HINT = re.compile(r"\b(say which with|say with|name it with) ([a-z_]+)\b")


class FlagsFor:
    """Marks the parameter of a command that takes the flags of such submissions."""

    def __init__(self, *scopes: Scope) -> None:
        self.options = [option for option in options_for(*scopes) if option.flag_help is not None]


OfSubmission = Annotated[FlagValues | None, FlagsFor(Scope.EVERY)]
OfFile = Annotated[FlagValues | None, FlagsFor(Scope.FILE)]
OfFileAndEnds = Annotated[FlagValues | None, FlagsFor(Scope.FILE, Scope.ENDS)]


def with_option_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Replace the command's parameters that are marked with FlagsFor by flags; they get the flags' values.

    The command raises UsageError for a flag that needs another one.
    """
    own = inspect.signature(command).parameters
    marked = {name: mark for name, parameter in own.items() if (mark := _mark(parameter)) is not None}

    @wraps(command)
    def run(*args: Any, **arguments: Any) -> None:
        flags = {name: _take_flags(mark.options, arguments) for name, mark in marked.items()}
        command(*args, **arguments, **flags)

    expanded = [flag for name, parameter in own.items() for flag in _expanded(parameter, marked.get(name))]
    run.__signature__ = inspect.Signature(expanded)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in expanded}
    del run.__wrapped__
    return run


def _mark(parameter: inspect.Parameter) -> FlagsFor | None:
    return next((each for each in get_args(parameter.annotation) if isinstance(each, FlagsFor)), None)


def _expanded(parameter: inspect.Parameter, mark: FlagsFor | None) -> Iterator[inspect.Parameter]:
    if mark is None:
        yield parameter
        return
    for option in mark.options:
        type_, default, limits = _typed(option)
        flag = typer.Option(f"--{_flag(option.name)}", help=option.flag_help, **limits)
        yield parameter.replace(name=option.name, annotation=Annotated[type_, flag], default=default)


def _typed(option: Option) -> tuple[Any, Any, FlagValues]:
    """Return the flag's type, its default and its limits."""
    if option.schema["type"] == "boolean":
        return bool, False, {}
    if option.schema["type"] == "integer":
        return int | None, None, {"min": option.schema["minimum"]}
    return (type(option.default), option.default, {}) if isinstance(option.default, Enum) else (str | None, None, {})


def _take_flags(options: list[Option], arguments: FlagValues) -> FlagValues:
    """Take these options out of a command's arguments; raises UsageError where one needs another."""
    values = {option.name: (arguments.pop(option.name), _typed(option)[1]) for option in options}
    flags = {name: value for name, (value, left_out) in values.items() if value != left_out}
    for option in options:
        if option.name in flags and option.only_with:
            other, needed = option.only_with
            if flags.get(other) != needed:
                raise UsageError(f"--{_flag(option.name)} needs --{_flag(other)} {needed}")
    return flags


def _flag(name: str) -> str:
    return name.replace("_", "-")


def as_parameters(flags: FlagValues) -> FlagValues:
    """Return the flags' values as parameters of a request."""
    return {name: value.value if isinstance(value, Enum) else value for name, value in flags.items()}


def as_flags(flags: FlagValues) -> FlagValues:
    """Return the values by the names of their flags."""
    return {_flag(name): value for name, value in as_parameters(flags).items()}


def typed_names(command: Callable[..., None]) -> dict[str, str]:
    """Return a command's parameters as they are typed: `--expires`, or `URL` of an argument."""
    parameters = inspect.signature(command).parameters.items()
    return {name: typed for name, parameter in parameters if (typed := _as_typed(name, parameter)) is not None}


def _as_typed(name: str, parameter: inspect.Parameter) -> str | None:
    for info in get_args(parameter.annotation):
        if isinstance(info, OptionInfo):
            declared = [each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str)]
            first = next((each for each in declared if each.startswith("--")), f"--{_flag(name)}")
            return first.partition("/")[0]
        if isinstance(info, ArgumentInfo):
            return str(info.metavar or name.upper())
    return None


def in_flags(message: str, typed: dict[str, str]) -> str:
    """Return the API's message with the command's own flags in place of the fields that it names."""

    def of(field: str) -> str | None:
        return typed.get(_PARAMETERS.get(field, field))

    def value(match: re.Match[str]) -> str:
        flag = of(match[1])
        return match[0] if flag is None else flag if match[2] == "true" else f"{flag} {match[2]}"

    if (field := _PROPERTY.search(message)) and (nothing := _NOTHING.get(of(field[1]) or "")):
        message = message.replace(", or null", f", or {nothing}")
    message = _PROPERTY.sub(lambda match: of(match[1]) or match[0], message)
    message = _HINT.sub(lambda match: f"{match[1]} {of(match[2]) or match[2]}", message)
    return _VALUE.sub(value, message)
