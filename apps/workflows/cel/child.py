"""The program that evaluates expressions, in a process of its own that is killed when one takes too long.

It is started by its path with the library's file as its argument, and imports nothing of the platform: it starts in
hundredths of a second. On its standard input comes a batch: four bytes of length, big-endian, and a JSON list of
`[source, decimal, context]`; on its standard output goes a JSON object for each, in order, with four bytes of length:
`{"value": ...}` or `{"fault": "why"}`. It ends when its input does.
"""

from __future__ import annotations

import contextlib
import importlib.machinery
import importlib.util
import json
import math
import signal
import struct
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Final

PROCESSOR: Final = 0.2
"""Seconds of a processor that one expression may take. Then the kernel ends this process, whatever it is doing."""
MEMORY: Final = 1024 * 1024 * 1024
"""Bytes of addresses: what would take more fails in the library, or ends this process."""
LARGEST: Final = 4 * 1024 * 1024
"""Characters of the JSON of a result."""
LONGEST_TEXT: Final = 1_000_000
PROGRAMS: Final = 1000
"""Compiled expressions that are kept."""


def main(library: str) -> None:
    cel = _load(library)
    _limit()
    read, write = sys.stdin.buffer, sys.stdout.buffer
    evaluator = _Evaluator(cel)
    while (batch := _read(read)) is not None:
        for source, decimal, context in batch:
            made = evaluator.answer(source, decimal, context).encode()
            write.write(struct.pack(">I", len(made)) + made)
            write.flush()


def _load(path: str) -> Any:
    loader = importlib.machinery.ExtensionFileLoader("cel.cel", path)
    spec = importlib.util.spec_from_file_location("cel.cel", path, loader=loader)
    assert spec is not None  # noqa: S101  # it has a loader
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def _limit() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(stream: BinaryIO) -> Any:
    head = stream.read(4)
    if len(head) < 4:
        return None
    return json.loads(stream.read(struct.unpack(">I", head)[0]))


class _Evaluator:
    def __init__(self, cel: Any) -> None:
        self.cel = cel
        self.programs: dict[str, Any] = {}

    def answer(self, source: str, decimal: str, given: dict[str, Any]) -> str:
        signal.setitimer(signal.ITIMER_PROF, PROCESSOR)
        try:
            try:
                value = self._run(source, given)
            except TypeError:
                if decimal == source and not _has_whole(given):
                    raise
                try:  # whole numbers and others do not go together, and JSON does not say which a 5 is
                    value = self._run(decimal, _with_decimals(given), _DECIMAL)
                except Exception:  # noqa: BLE001  # whatever it was, the run as it is written tells it
                    value = self._run(source, given)  # for what it says of what people wrote
            return _told(value)
        except BaseException as error:  # a panic of the library is no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            return json.dumps({"fault": _fault(error)})
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def _run(self, source: str, given: dict[str, Any], functions: dict[str, Callable[..., Any]] | None = None) -> Any:
        program = self.programs.get(source)
        if program is None:
            if len(self.programs) >= PROGRAMS:
                self.programs.pop(next(iter(self.programs)))
            program = self.programs[source] = self.cel.compile(source)
        return program.execute(self.cel.Context(variables=given, functions=functions or _FUNCTIONS))


def _told(value: Any) -> str:
    made = json.dumps({"value": _plain(value)}, allow_nan=False, ensure_ascii=False, sort_keys=True)
    if len(made) > LARGEST:
        raise _Told(f"It gives {len(made) / 1024**2:,.1f} MiB, and may give {LARGEST // 1024**2} MiB at most.")
    return made


class _Told(Exception):
    """What is wrong, in words."""


def _plain(value: Any) -> Any:
    """A result as data of JSON: moments as ISO 8601, durations as `1h30m`."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _Told("The result is no number: something was divided by 0, or is too large.")
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key if isinstance(key, str) else json.dumps(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration(value)
    raise _Told("It gives something that is no value of a workflow: a text, a number, a list, an object or nothing.")


def _duration(value: timedelta) -> str:
    """As durations are written in workflows; one into the past has a minus before it."""
    if value < timedelta(0):
        return "-" + _duration(-value)
    rest, text = value, ""
    for unit, sign in ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "m")):
        count, rest = divmod(rest, unit)
        text += f"{count}{sign}" if count else ""
    if rest or not text:
        text += f"{rest.total_seconds():.3f}".rstrip("0").rstrip(".") + "s"
    return text


def _fault(error: BaseException) -> str:
    """What went wrong, in words: those of the library speak of its own terms."""
    if isinstance(error, _Told):
        return str(error)
    detail = " ".join(str(error).split())[:300]
    if "_Told: " in detail:  # of a function of ours, as the library tells it
        return detail.split("_Told: ", 1)[1].split(". Check function", 1)[0]
    mixed = detail.removeprefix("Unsupported operation: ").split(".")[0]
    words: dict[type[BaseException], str] = {
        KeyError: f"There is no field {detail}: ask `has(...)` first where it may be missing.",
        IndexError: f"A list has no item there ({detail}).",
        ZeroDivisionError: "Nothing can be divided by 0.",
        OverflowError: "A whole number is too large.",
        MemoryError: "It takes too much memory.",
        TypeError: (
            f"These do not go together: {mixed}. Use `string(...)`, `int(...)` or `double(...)`."
            if mixed != detail.split(".")[0]
            else "Its values are not of the types that it needs: use `string(...)`, `int(...)` or `double(...)`."
        ),
    }
    said = words.get(type(error)) or detail.removesuffix(" Check function arguments and their types.")
    return said[:300] or type(error).__name__


def _has_whole(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_whole, value.values()))
    if isinstance(value, list):
        return any(map(_has_whole, value))
    return isinstance(value, int) and not isinstance(value, bool)


def _with_decimals(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_decimals(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_decimals(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _numbers(values: Any) -> list[float]:
    if not isinstance(values, list):
        raise _Told("This needs a list of numbers.")
    return [_number(value) for value in values]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Told("This needs a number.")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Told("This needs a text: use `string(...)`.")
    return value


def _size(value: Any) -> int:
    """Items, fields or characters; the library's own counts the bytes of a text."""
    if not isinstance(value, str | list | dict):
        raise _Told("This has no size: it is no list, object or text.")
    return len(value)


def _sum(values: Any) -> float:
    numbers = _numbers(values)
    return sum(numbers) if all(isinstance(each, int) for each in numbers) else math.fsum(numbers)


def _edge(choose: Callable[[list[float]], float]) -> Callable[[Any], float]:
    def call(values: Any) -> float:
        numbers = _numbers(values)
        if not numbers:
            raise _Told("The list is empty: it has no smallest and no largest number.")
        return choose(numbers)

    return call


def _round(value: Any, decimals: Any = 0) -> float:
    if decimals not in range(16):
        raise _Told("Decimals are a whole number from 0 to 15.")
    return round(_number(value), int(decimals)) if decimals else round(_number(value))


def _join(values: Any, between: Any) -> str:
    texts = [_text(value) for value in values] if isinstance(values, list) else [_text(values)]
    if sum(map(len, texts)) + len(_text(between)) * len(texts) > LONGEST_TEXT:
        raise _Told(f"The text would have more than {LONGEST_TEXT:,} characters.")
    return str(between.join(texts))


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "sum": _sum,
    "min": _edge(min),
    "max": _edge(max),
    "abs": lambda value: abs(_number(value)),
    "round": _round,
    "upper": lambda value: _text(value).upper(),
    "lower": lambda value: _text(value).lower(),
    "trim": lambda value: _text(value).strip(),
    "join": _join,
    "size_of": _size,
}
_DECIMAL: Final[dict[str, Callable[..., Any]]] = {**_FUNCTIONS, "size_of": lambda value: float(_size(value))}
"""Those of an expression whose whole numbers are written with decimals."""

if __name__ == "__main__":
    main(sys.argv[1])
