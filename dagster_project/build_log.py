"""Logs of a build: JSON lines in `data/logs/`, short lines on the terminal, no secrets in either.

Belongs here: handlers and formatting. Everything of this project logs under the name `smallcap`.
"""

import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

ROOT_LOGGER = "smallcap"
MASK = "***"


class _Mask(logging.Filter):
    """Replaces secret values in the finished message and in the traceback of an exception."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__()
        self.secrets = sorted(secrets, key=len, reverse=True)

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._masked(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self._masked(logging.Formatter().formatException(record.exc_info))
        return True

    def _masked(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        return text


class _Once(logging.Filter):
    """Passes a warning or an error once: a dead host keeps several tables from their data with the same words."""

    def __init__(self) -> None:
        super().__init__()
        self.said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        is_new = record.getMessage() not in self.said
        self.said.add(record.getMessage())
        return is_new


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time_utc": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_text:
            line["exception"] = record.exc_text
        return json.dumps(line)


class _Terminal(logging.Handler):
    """Progress for a person: seconds since the start, and colour where something is wrong."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        from rich.console import Console

        self.console = Console(stderr=True, highlight=False)
        self.start = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line; errors that end the program are left to it."""
        from rich.markup import escape

        if getattr(record, "is_final", False):
            return

        style = {logging.WARNING: "yellow", logging.ERROR: "bold red"}.get(record.levelno, "default")
        clock = f"[dim]{time.monotonic() - self.start:5.1f} s[/dim]"
        self.console.print(f"{clock} [{style}]{escape(record.getMessage())}[/{style}]", soft_wrap=True)


class _File(logging.FileHandler):
    """A log that cannot be written, on a full disk say, must not hide why the build ends: it lacks lines, no more."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is that of logging)
        """Leave the line out."""

    def close(self) -> None:
        """Close the file, whether or not the last lines found room."""
        with suppress(OSError):
            super().close()


@contextmanager
def build_log(directory: Path, build_id: str, secrets: Sequence[str], terminal: bool) -> Iterator[Path]:
    """Log to `directory/<build_id>.jsonl`, and to the terminal when asked, for the length of a build."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{build_id}.jsonl"
    file = _File(path, encoding="utf-8")
    file.setFormatter(_JsonLines())
    handlers: list[logging.Handler] = [file]
    if terminal:
        handlers.append(_Terminal())
    root = logging.getLogger(ROOT_LOGGER)
    root.setLevel(logging.DEBUG)
    root.propagate = not terminal
    for handler in handlers:
        handler.addFilter(_Mask(secrets))
        handler.addFilter(_Once())
        root.addHandler(handler)
    try:
        yield path
    finally:
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
