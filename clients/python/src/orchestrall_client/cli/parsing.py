"""How commands are declared, and what they share."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from orchestrall_client.cli.login import Usage
from orchestrall_client.client import Client
from orchestrall_client.files import Source

LONGEST_PAGE = 200
Call = Callable[[Client, argparse.Namespace], int]


class Group:
    """The commands about one subject, or those about none."""

    def __init__(self, commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        self._commands = commands

    def command(self, name: str, call: Call, text: str, *, examples: str = "") -> argparse.ArgumentParser:
        """Add a command that asks the server. It ends with what `call` returns."""
        made = self.plain(name, text, examples=examples)
        made.set_defaults(call=call)
        made.add_argument("--json", action="store_true", help="JSON for scripts: one object, or one a line for a list")
        return made

    def plain(self, name: str, text: str, *, examples: str = "") -> argparse.ArgumentParser:
        """Add a command with the options of the host alone."""
        made = self._commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=f"examples:\n{examples}" if examples else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        made.add_argument("--url", help="the host; by default ORCHESTRALL_URL, or that of the login")
        made.add_argument("--allow-http", action="store_true", help="send the key over a network without encryption")
        return made

    def group(self, name: str, text: str) -> Group:
        made = self._commands.add_parser(name, help=text, description=text)
        return Group(made.add_subparsers(dest="what", metavar="WHAT", required=True))


def list_options(parser: argparse.ArgumentParser, *orders: str) -> None:
    """How a list is narrowed, ordered and cut."""
    parser.add_argument("--since", type=moment, metavar="WHEN", help="made then or later: 2026-11-25, or …T16:40")
    parser.add_argument("--before", type=moment, metavar="WHEN", help="made before then")
    signed = [f"{sign}{name}" for name in orders for sign in ("", "-")]
    parser.add_argument(
        "--order",
        choices=signed,
        default="",
        metavar="FIELD",
        help="by " + ", ".join(orders) + "; from above with a hyphen before it: --order=-created_at",
    )
    parser.add_argument("--limit", type=at_least_one, default=20, help="how many at most (%(default)s)")


def narrowed(asked: argparse.Namespace) -> dict[str, Any]:
    """What those options say, for a `list` of the client."""
    page = min(asked.limit, LONGEST_PAGE)
    return {"since": asked.since, "before": asked.before, "order": asked.order, "page_size": page}


def moment(text: str) -> datetime:
    """A moment in ISO 8601; without a zone it is in this machine's."""
    return datetime.fromisoformat(text).astimezone()


def at_least_one(text: str) -> int:
    """A whole number above 0."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def source(text: str) -> Source:
    """The file that an argument names; `-` is standard input."""
    return sys.stdin.buffer if text == "-" else text


def output_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="write there instead of standard output")


def target(output: Path | None, *, binary: bool = False) -> Path | BinaryIO:
    """Where to write. Raises `Usage` for a workbook that would go to a terminal."""
    if output is not None:
        return output
    if binary and sys.stdout.isatty():
        raise Usage("A workbook is nothing for a terminal. Name a file: --output result.xlsx")
    return sys.stdout.buffer


def read_value(text: str, where: str) -> Any:
    """JSON that an argument gives: itself, with `@` from a file, or with `-` from standard input. Raises `Usage`."""
    if text == "-":
        text, where = sys.stdin.read(), "standard input"
    elif text.startswith("@"):
        text, where = Path(text[1:]).read_text(encoding="utf-8"), text[1:]
    return _json(text, where)


def read_object(text: str, where: str) -> dict[str, Any]:
    """The same, for what is a JSON object."""
    return _object(read_value(text, where), where)


def read_objects(file: str) -> list[dict[str, Any]]:
    """A JSON object from each line of a file. Raises `Usage` with the line that holds none."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    named = ((f"line {n} of {file}", line) for n, line in enumerate(lines, 1) if line.strip())
    return [_object(_json(line, where), where) for where, line in named]


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Usage(f"{where} is no JSON: {error}. In a shell put it in single quotes: '{{\"horizon\": 4}}'") from error


def _object(made: Any, where: str) -> dict[str, Any]:
    if not isinstance(made, dict):
        raise Usage(f"{where} is no JSON object: write '{{\"name\": value}}'.")
    return made
