"""Settings: read once at start from TALLYKEEP_* variables, then handed down; child processes get a part of them."""

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_data_path
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tallykeep.core import addresses

PREFIX = "TALLYKEEP_"
_LARGEST = 1 << 50
_MAX_SHOWN_LENGTH = 100
_OF_COMMANDS = ("TALLYKEEP_URL", "TALLYKEEP_PROFILE", "TALLYKEEP_TOKEN")
_FIRST_KEYS = ("app_id", "app_token", "management_id", "management_token")
_SECRETS = ("app_token", "management_token", "database_url")
_OPTIONS = {"host": "--host", "port": "--port", "data_dir": "--data-dir"}
_TYPES = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}


def _sendable(key: str) -> str:
    if not key.isascii() or not key.isprintable():
        raise ValueError("printable ASCII characters, as HTTP headers can hold no others")
    return key


def _at_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("a path in the home directory of a user that there is") from None


_Days = Annotated[float, Field(gt=0, le=36_500)]
_Seconds = Annotated[float, Field(gt=0, le=86_400)]
_Bytes = Annotated[int, Field(gt=0, le=_LARGEST)]
_Count = Annotated[int, Field(gt=0, le=1_000_000)]
_Rows = Annotated[int, Field(gt=0, le=1_000_000_000_000)]
_Key = Annotated[str, AfterValidator(_sendable)]
_Path = Annotated[Path, AfterValidator(_at_home)]
_Url = Annotated[str, AfterValidator(addresses.public_url)]
_Hosts = Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(addresses.unless_none(addresses.hosts))]
_Networks = Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(addresses.unless_none(addresses.networks))]
_Paths = Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(addresses.unless_none(addresses.paths))]


class Settings(BaseSettings):
    """Every setting, its environment variable being TALLYKEEP_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, allow_inf_nan=False)

    database_url: str | None = Field(
        default=None, description="PostgreSQL 16 to 18; left out, an embedded server is started in data_dir."
    )
    data_dir: _Path = Field(
        default_factory=lambda: user_data_path("tallykeep"),
        description="Where the embedded server keeps its data.",
    )
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: _Url | None = Field(
        default=None,
        description="Where clients reach the API; links in answers begin with it. Left out, with the Host.",
    )
    trusted_hosts: _Hosts = Field(
        default=None,
        description="Hosts that requests may be for, separated by commas; others get a 421. Left out, all may.",
    )
    trusted_proxies: _Networks = Field(
        default=None,
        description="Addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed; no others' are.",
    )
    closed_paths: _Paths = Field(
        default=None, description="Paths that are answered with 404, with all below them, such as /docs,/openapi.json."
    )

    app_id: _Key | None = Field(default=None, description="Key of the default project, used at the first start only.")
    app_token: _Key | None = None
    management_id: _Key | None = None
    management_token: _Key | None = None

    max_body_bytes: _Bytes = Field(default=1 << 30, description="Largest request body; larger ones get a 413.")
    max_expanded_bytes: _Bytes = Field(
        default=2 << 30, description="Bytes that a compressed body, file or workbook may expand to."
    )
    max_xlsx_bytes: _Bytes = Field(default=100 << 20, description="Largest workbook; larger ones get a 413.")
    max_xlsx_memory_bytes: _Bytes = Field(
        default=2 << 30,
        description="Memory for reading one workbook; two are imported at a time, and two previewed, one of a project.",
    )
    max_row_bytes: _Bytes = Field(default=1 << 20, description="Largest single row in bytes.")
    batch_rows: _Count = Field(default=10_000, description="Rows in a batch, at most.")
    batch_bytes: int = Field(
        default=3 << 20, gt=0, le=256 << 20, description="Bytes in a batch, at most (one row always fits)."
    )
    failures_in_result: int = Field(
        default=1_000, ge=0, le=1_000_000, description="Failed rows listed in an action's result."
    )

    keep_actions_days: _Days | None = Field(
        default=None, description="Actions are removed so long after their end; left out, never."
    )
    keep_failures_days: _Days | None = Field(
        default=None,
        description="Failed rows, and the rows as they were sent, are removed so long after their action's end, its"
        " counts stay; left out, with the action.",
    )
    keep_reports_days: _Days = Field(
        default=30, description="How long after an action's end its report file is kept, and the links to it work."
    )
    keep_audit_days: float = Field(
        default=0, ge=0, le=36_500, description="Entries of the audit log are removed after so long; 0: never."
    )
    keep_idempotency_hours: float = Field(
        default=24,
        ge=24,
        le=24 * 36_500,
        description="How long idempotency keys are known; longer where their action has not ended.",
    )
    keep_webhook_deliveries_days: _Days = Field(
        default=30, description="How long deliveries of webhooks that were made, or given up, stay listed."
    )
    session_hours: float = Field(
        default=12, gt=0, le=24 * 365, description="How long somebody who signed in to the dashboard stays so."
    )
    prune_interval_seconds: _Seconds = Field(
        default=60, description="How often a worker looks for what has been kept long enough."
    )

    workers: Annotated[int, Field(gt=0, le=256)] | None = Field(
        default=None,
        description="Worker processes that serve keeps running; left out, two, or one on fewer than four cores.",
    )
    worker_concurrency: int = Field(
        default=3, gt=0, le=1_000, description="Batches one worker process has in hand at a time."
    )
    batches_in_flight: int = Field(default=3, gt=0, le=1_000, description="Batches of one action in hand at a time.")
    batch_attempts: _Count = Field(
        default=2,
        description="After this many attempts without any outcome, a batch is applied in an isolated process.",
    )
    batch_retries: _Count = Field(
        default=20,
        description="An action is given up after this many attempts in a row that an error ended without progress;"
        " waiting for others does not count.",
    )
    lock_wait_seconds: _Seconds = Field(
        default=0.5,
        description="How long a batch waits for rows that others hold before it frees its worker slot;"
        " it has another attempt later.",
    )
    lease_seconds: _Seconds = Field(default=60, description="How long a silent worker keeps its batch.")
    worker_silence_seconds: _Seconds = Field(
        default=30,
        description="serve kills and restarts a worker that shows no sign of life for so long.",
    )
    api_silence_seconds: _Seconds = Field(
        default=60,
        description="serve kills and restarts an API that takes connections and answers none of them for so long.",
    )
    heartbeat_file: _Path | None = Field(default=None, description="What a worker touches every second; set by serve.")
    rescue_interval_seconds: _Seconds = Field(
        default=1, description="How often a worker looks for actions whose jobs were lost."
    )
    rescue_after_seconds: _Seconds = Field(
        default=3,
        description="An action without progress and without a waiting job is queued again after this.",
    )
    api_pool_size: int = Field(
        default=10,
        gt=1,
        le=1_000,
        description="Connections to the database of an API process: so many each to read, to write single resources and"
        " to take submissions. One project has three fifths of each at most.",
    )
    max_uploads: int = Field(
        default=48, gt=1, le=100_000, description="Uploads that an API process takes at a time; and as many downloads."
    )
    max_watches: int = Field(
        default=512, gt=1, le=100_000, description="Requests that an API process lets wait for actions at a time."
    )
    max_open_actions: int = Field(
        default=10_000,
        gt=0,
        le=1_000_000_000,
        description="Actions of one project that may be unfinished, about; more get a 429.",
    )
    max_body_seconds: _Seconds = Field(
        default=3600, description="How long an API process waits for a request's body, all its pauses together."
    )
    max_connections: int = Field(
        default=1_000,
        gt=0,
        le=1_000_000,
        description="Connections of clients to an API process; beyond, one that waits or has shown no keys makes room.",
    )
    rate_limit: _Count | None = Field(
        default=None,
        description="Requests a minute of one key, and as many submissions, counted apart; more get a 429. Left out, no"
        " limit.",
    )
    project_rate_limit: _Count | None = Field(
        default=None,
        description="The same of all keys of a project together; left out, ten times rate_limit.",
    )
    max_rows_per_day: _Rows | None = Field(
        default=None,
        description="Rows that a project may submit a day, in UTC; more get a 429. Left out, no limit.",
    )
    max_stored_rows: _Rows | None = Field(
        default=None,
        description="Resources that a project may have before submissions get a 429, about. Left out, no limit.",
    )
    max_wrong_credentials: int = Field(
        default=20,
        ge=0,
        le=1_000_000,
        description="Wrong keys and tokens a minute from one address; it has to wait with more. 0: any number.",
    )
    webhook_allow_private: bool = Field(
        default=False,
        description="Whether webhooks may have private, loopback and other special addresses, and any port.",
    )
    webhook_timeout_seconds: float = Field(
        default=15, ge=1, le=60, description="How long the receiver of a webhook has for its answer."
    )
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values without blanks around them: an empty variable is one that is left out."""
        stripped = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        return {name: value for name, value in stripped.items() if value != ""}

    @property
    def postgres_dir(self) -> Path:
        """Return the directory of the embedded server's data."""
        return self.data_dir / "postgres"


class BadSettingsError(ValueError):
    """Settings that cannot be used; the message names each as it was given, and says what is allowed."""


def read_settings(**options: object) -> Settings:
    """Read the settings of the environment, and of these options of the command; raise BadSettingsError."""
    empty = [_OPTIONS[name] for name, value in options.items() if not str(value).strip()]
    if empty:
        raise BadSettingsError(f"{' and '.join(empty)} cannot be empty")
    try:
        return Settings(**options)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = [_problem(str(problem["loc"][0]), problem, options) for problem in error.errors(include_url=False)]
    heading = f"{len(problems)} settings cannot be used:\n  " if len(problems) > 1 else ""
    raise BadSettingsError(heading + "\n  ".join(problems))


def _problem(name: str, problem: Any, options: dict[str, object]) -> str:
    name_shown = _OPTIONS[name] if name in options else _variable(name)
    cause = problem.get("ctx", {}).get("error")
    allowed = f"it has to be {cause or _allowed(name)}"
    if name in _SECRETS:
        return f"{name_shown} cannot be used (its value is not shown): {allowed}"
    shown = repr(str(problem["input"]))
    return f"{name_shown} is {shown if len(shown) <= _MAX_SHOWN_LENGTH else shown[:_MAX_SHOWN_LENGTH] + '…'}; {allowed}"


def _allowed(name: str) -> str:
    """Say in words what a setting may be."""
    declared = Settings.model_json_schema()["properties"][name]
    schema = next(each for each in declared.get("anyOf", [declared]) if each.get("type") != "null")
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    words = [_TYPES.get(schema.get("type", ""), "another text")]
    bounds = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "up to"}
    words += [f"{word} {_plain(schema[bound])}" for bound, word in bounds.items() if bound in schema]
    return " ".join(words)


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def unknown_variables() -> list[str]:
    """Say which variables of the environment look like settings, but are none: a line for each."""
    known = [_variable(name) for name in Settings.model_fields]
    lines = []
    for name in sorted(os.environ):
        if not name.upper().startswith(PREFIX) or name.upper() in known or name in _OF_COMMANDS:
            continue
        rests = [each.removeprefix(PREFIX) for each in (*known, *_OF_COMMANDS)]
        meant = get_close_matches(name.upper().removeprefix(PREFIX), rests, n=1)
        hint = f"; did you mean {PREFIX}{meant[0]}?" if meant else ""
        lines.append(f"{name} is no setting and has no effect{hint}")
    return lines


def forget_secrets() -> None:
    """Take tokens and the database's URL out of the environment, once read, so that no child process inherits them."""
    for name in [name for name in os.environ if name.upper() in map(_variable, _SECRETS)]:
        del os.environ[name]


def environment_of_roles(**changed: object) -> dict[str, str]:
    """Return the environment for another process of ours: the settings, with these changed, but not the first project's
    keys.

    Only the process that starts first creates the first project; no other process needs them.
    """
    overrides = {_variable(name): str(value) for name, value in changed.items()}
    handed_on = {_variable(name) for name in Settings.model_fields if name not in _FIRST_KEYS} - overrides.keys()
    ours = {name: value for name, value in os.environ.items() if name.upper() in handed_on}
    return {**_others(), **ours, **overrides}


def environment_without_settings() -> dict[str, str]:
    """Return the environment for a process that needs neither settings nor a way into the database."""
    return {name: value for name, value in _others().items() if name != "PGPASSWORD"}


def _others() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
