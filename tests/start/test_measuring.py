"""Benchmarks and drills: found by their files, told in a table or as objects, and strict about what does not hold."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests import measuring
from tests.measuring import Case, Skip, benchmark_data, main, measurements

Play = Callable[[str, Callable[[], Iterator[Case]]], None]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """`play("quick", function)`: a benchmark `quick` whose `measure` is the function."""
    known: dict[str, str] = {}
    monkeypatch.setattr(measuring, "measurements", lambda kind: known)

    def make(name: str, measure: Callable[[], Iterator[Case]]) -> None:
        module = ModuleType(f"tests.benchmarks.{name}")
        module.measure = measure  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        known[name] = f"Measure {name}."

    return make


def good() -> Iterator[Case]:
    yield Case("a list", "statements", 7, bar="<= 8", holds=True)
    yield Case("a list", "time", 12.345, "ms")


def bad() -> Iterator[Case]:
    yield Case("a list", "statements", 9, bar="<= 8", holds=False)


def absent() -> Iterator[Case]:
    yield from []
    raise Skip("there is no data")


def broken() -> Iterator[Case]:
    yield Case("a list", "statements", 7)
    raise ValueError("a pipe burst")


def test_every_measurement_has_a_description_and_a_measure() -> None:
    for kind, folder in measuring.KINDS.items():
        for name, description in measurements(kind).items():
            source = (measuring.ROOT / "tests" / folder / f"{name.replace('-', '_')}.py").read_text()
            assert description.endswith("."), name
            assert "def measure() -> Iterator[Case]:" in source, name


def test_a_table_names_case_value_and_bar(play: Play, capfd: pytest.CaptureFixture[str]) -> None:
    play("good", good)
    assert main(["bench"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert "good: Measure good." in lines
    assert [line.split() for line in lines[2:]] == [
        ["a", "list", "statements", "7", "<=", "8", "holds"],
        ["a", "list", "time", "12.35", "ms"],
    ]


def test_a_case_that_does_not_hold_fails_and_is_told(play: Play, capfd: pytest.CaptureFixture[str]) -> None:
    play("bad", bad)
    play("good", good)
    assert main(["bench"]) == 1
    out = capfd.readouterr().out
    assert "DOES NOT HOLD" in out
    assert "good: Measure good." in out


def test_a_measurement_that_breaks_off_fails_and_the_others_still_run(
    play: Play, capfd: pytest.CaptureFixture[str]
) -> None:
    play("broken", broken)
    play("good", good)
    assert main(["bench"]) == 1
    out = capfd.readouterr().out
    assert "ValueError: a pipe burst" in out
    assert out.index("a pipe burst") < out.index("good: Measure good.")


def test_absent_data_skips_a_measurement_with_the_reason(play: Play, capfd: pytest.CaptureFixture[str]) -> None:
    play("absent", absent)
    assert main(["bench", "absent"]) == 0
    assert "skipped: there is no data" in capfd.readouterr().out


def test_only_what_is_named_is_measured(play: Play, capfd: pytest.CaptureFixture[str]) -> None:
    play("bad", bad)
    play("good", good)
    assert main(["bench", "good"]) == 0
    assert "bad" not in capfd.readouterr().out


def test_an_unknown_name_is_answered_with_those_there_are(play: Play, capfd: pytest.CaptureFixture[str]) -> None:
    play("good", good)
    with pytest.raises(SystemExit) as ended:
        main(["bench", "god"])
    assert ended.value.code == 2
    assert "there is no bench god: choose from good" in capfd.readouterr().err


def test_objects_stand_alone_on_standard_output() -> None:
    """In a process of its own: standard output itself is moved."""
    code = """
import sys
from collections.abc import Iterator
from types import ModuleType
from tests import measuring
from tests.measuring import Case, main
import os
def measure():
    print("chatter"); os.system("echo chatter of a child")
    yield Case("a list", "statements", 7, "", "<= 8", True)
module = ModuleType("tests.benchmarks.chatty"); module.measure = measure
sys.modules[module.__name__] = module
measuring.measurements = lambda kind: {"chatty": "Measure."}
sys.exit(main(["bench", "--json"]))
"""
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], cwd=measuring.ROOT, capture_output=True, text=True, check=True)
    row = json.loads(done.stdout)
    assert list(row) == [
        *("name", "case", "metric", "value", "unit", "bar", "holds"),
        *("cores", "load", "commit", "seconds"),
    ]
    assert (row["name"], row["value"], row["holds"]) == ("chatty", 7, True)
    assert "chatter of a child" in done.stderr


def test_published_data_are_found_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRALL_BENCHMARK_DATA", str(tmp_path))
    (tmp_path / "retail").mkdir()
    assert benchmark_data("retail") == tmp_path / "retail"
    with pytest.raises(Skip, match="ORCHESTRALL_BENCHMARK_DATA"):
        benchmark_data("nothing")
