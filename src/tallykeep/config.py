"""Settings: read once at start from TALLYKEEP_* variables, then handed down."""

from pathlib import Path
from typing import Annotated

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_Days = Annotated[float, Field(gt=0, le=36_500)]


class Settings(BaseSettings):
    """Every setting, its environment variable being TALLYKEEP_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TALLYKEEP_", frozen=True)

    database_url: str | None = Field(
        default=None, description="PostgreSQL 16 to 18; left out, an embedded server is started in data_dir."
    )
    data_dir: Path = Field(
        default_factory=lambda: user_data_path("tallykeep"),
        description="Where the embedded server keeps its data.",
    )
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)

    app_id: str | None = Field(default=None, description="Key of the default project, used at the first start only.")
    app_token: str | None = None
    management_id: str | None = None
    management_token: str | None = None

    max_body_bytes: int = Field(default=1 << 30, gt=0, description="Largest request body; larger ones get a 413.")
    max_expanded_bytes: int = Field(
        default=2 << 30, gt=0, description="Bytes that a compressed body, file or workbook may expand to."
    )
    max_xlsx_bytes: int = Field(default=100 << 20, gt=0, description="Largest workbook; larger ones get a 413.")
    max_xlsx_memory_bytes: int = Field(
        default=2 << 30, gt=0, description="Memory for reading one workbook; two are read at a time."
    )
    max_row_bytes: int = Field(default=1 << 20, gt=0, description="Largest single row in bytes.")
    portion_rows: int = Field(default=10_000, gt=0, description="Rows in a portion, at most.")
    portion_bytes: int = Field(default=8 << 20, gt=0, description="Bytes in a portion, at most (one row always fits).")
    failures_in_result: int = Field(default=1_000, ge=0, description="Failed rows listed in an action's result.")

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
    keep_idempotency_hours: float = Field(
        default=24,
        ge=24,
        le=24 * 36_500,
        description="How long idempotency keys are known; longer where their action has not ended.",
    )
    session_hours: float = Field(
        default=12, gt=0, le=24 * 365, description="How long somebody who signed in to the dashboard stays so."
    )
    tidy_interval_seconds: float = Field(
        default=60, gt=0, description="How often a worker looks for what has been kept long enough."
    )

    worker_concurrency: int = Field(default=3, gt=0, description="Portions one worker process has in hand at a time.")
    portions_in_flight: int = Field(default=3, gt=0, description="Portions of one action in hand at a time.")
    portion_attempts: int = Field(
        default=2,
        gt=0,
        description="A portion at which so many attempts ended without any outcome is tried in a process of its own.",
    )
    portion_retries: int = Field(
        default=20,
        gt=0,
        description="An action is given up after so many tries in a row that an error ended without any progress; to"
        " wait for others is none.",
    )
    lease_seconds: float = Field(default=60, gt=0, description="How long a silent worker keeps its portion.")
    worker_silence_seconds: float = Field(
        default=30,
        gt=0,
        description="serve kills and restarts a worker that shows no sign of life for so long.",
    )
    heartbeat_file: Path | None = Field(default=None, description="What a worker touches every second; set by serve.")
    rescue_interval_seconds: float = Field(default=1, gt=0)
    rescue_after_seconds: float = Field(
        default=3,
        gt=0,
        description="An action without progress and without a waiting job is queued again after this.",
    )
    api_pool_size: int = Field(default=10, gt=1)
    log_format: str = Field(default="text", pattern="^(text|json)$")
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")

    @property
    def postgres_dir(self) -> Path:
        """Directory of the embedded server's data."""
        return self.data_dir / "postgres"
