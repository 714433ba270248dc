"""Where lines of the log go: to standard error or output, or to files, of which each industry has one of its own."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import TextIO

from apps.gateway.logs import industry_of


def _misfit(record: logging.LogRecord) -> str:
    """What is said of a line that cannot be made: whose it was. Others would print its parts."""
    error, place = sys.exc_info()[0], f"{record.module}:{record.lineno}"
    words = {"event": "a line could not be made", "level": "error", "logger": record.name, "place": place}
    return json.dumps({**words, "error": error.__name__ if error else ""})


class Lines(logging.StreamHandler[TextIO]):
    """The way to standard error or output."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging calls it so
        with suppress(OSError, ValueError):  # nobody listens any more
            self.stream.write(_misfit(record) + self.terminator)
            self.flush()


class _File(WatchedFileHandler):
    """A file that is opened anew when somebody has moved it away, as programs that rotate logs do. Each line is one
    write at its end, so that processes share it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        if self.stream is None:  # it could not be opened
            return
        with suppress(OSError, ValueError):
            self.stream.write(_misfit(record) + self.terminator)
            self.flush()


class Files(logging.Handler):
    """The way to a folder: `platform.log`, and `<industry>.log` for what its code and runs of its agents say."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._files: dict[str, _File] = {}

    def emit(self, record: logging.LogRecord) -> None:
        name = industry_of(record.name) or "platform"
        file = self._files.get(name)
        if file is None:  # `handle` holds the lock
            file = self._files[name] = _File(self._folder / f"{name}.log", encoding="utf-8", delay=True)
            file.setFormatter(self.formatter)
        file.emit(record)

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        super().close()
