"""Structured logs on stderr: one line each, logfmt or JSON."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from ..core.plain_text import escaped


class LineFormatter(logging.Formatter):
    """`time=... level=... logger=... msg=...`, or the same as a JSON object; nothing in a message can break the line."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._as_json = kind == "json"

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            fields["exception"] = self.formatException(record.exc_info)
        if self._as_json:
            return escaped(json.dumps(fields, ensure_ascii=False))
        return " ".join(f"{key}={_value(value)}" for key, value in fields.items())


def _value(text: str) -> str:
    plain = text and all(each.isprintable() and each not in ' "=' for each in text)
    return text if plain else escaped(json.dumps(text, ensure_ascii=False))


def set_up_logging(level: str, kind: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(kind))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel("WARNING")
