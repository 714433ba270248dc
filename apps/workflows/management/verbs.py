"""What verbs of `manage.py workflow` have in common."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any, Protocol

from django.core.management.base import CommandError, OutputWrapper


class Verbs(Protocol):
    """A group of verbs: `_name` carries out the verb `name`."""

    stdout: OutputWrapper


class Parsers(Protocol):
    """What the parsers of verbs are added to."""

    def add_parser(self, name: str, *, help: str) -> Any: ...


def text_of(file: str) -> str:
    """What a file says, or standard input for ``-``. Raises `CommandError`."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}.") from error


def json_of(text: str) -> Any:
    """JSON from the command line, or with ``@`` from a file."""
    try:
        return json.loads(text_of(text[1:]) if text.startswith("@") else text)
    except ValueError as error:
        raise ArgumentTypeError(
            f"this is no JSON: {error}. Put it in single quotes, or into a file: @inputs.json"
        ) from None


def object_of(text: str) -> dict[str, Any]:
    """A JSON object from the command line or a file."""
    found = json_of(text)
    if not isinstance(found, dict):
        raise ArgumentTypeError('inputs are an object: {"name": "value"}')
    return found


def lines_of(file: str) -> list[dict[str, Any]]:
    """A JSON object from each line of a file. Raises `CommandError` with the line that holds none."""
    found = []
    for number, line in enumerate(text_of(file).splitlines(), 1):
        if line.strip():
            try:
                found.append(object_of(line.strip()))
            except ArgumentTypeError as error:
                raise CommandError(f"line {number} of {file}: {error}") from error
    return found
