"""Logs: what the program tells of its own work, a line each, on standard error.

As text for people, or as one JSON object a line for programs. Whatever came from a log and is named
in a message is escaped, so that it can neither break a line nor move a terminal's cursor.
"""

import json
import logging
import sys
from datetime import UTC, datetime

from wheeltapper import terminal

FORMS = ("text", "json")


class JsonLines(logging.Formatter):
    """`time`, `level`, `logger`, `message`; what a record carries as `fields`; `error`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


_OURS = ("wheeltapper", "uvicorn")


class Text(logging.Formatter):
    """The time of day and what there is to say; warnings say that they are."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        said = f"{at:%Y-%m-%d %H:%M:%S} {level}{terminal.safe(record.getMessage())}"
        if record.exc_info:
            said += "\n" + terminal.safe_lines(self.formatException(record.exc_info))
        return said


def start(form: str, level: int = logging.INFO) -> None:
    """Send what is logged from now on to standard error, in one of `FORMS`.

    Of what libraries log, only what asks to be looked at.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else Text())
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
