"""`run.py new agent`: what it writes works as it is, by every face, and no file that is there has to know."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents.contract import AGENTS, Agent
from apps.agents.models import AgentRun
from apps.common.industries import industries
from apps.workflows.models import WorkflowRun
from scripts import new_agent
from scripts.new_agent import ROOT, Refused, Words, files_of
from tests.workflows.conftest import MakeWorkflow, Work

WORDS = Words("logistics.lane_watch", "Lane Watch", "Say which lanes stand out.")
LONGEST = Words(
    f"manufacturing.{'w' * new_agent.LONGEST_NAME}",
    "T" * new_agent.LONGEST_TITLE,
    "s" * new_agent.LONGEST_SUMMARY,
)
SHORTEST = Words("tech.x", "X", "X.")
Make = Callable[..., User]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that has its industries, and nothing in them."""
    for key, config in industries().items():
        if config.name.startswith("apps."):
            folder = tmp_path / "apps" / key
            folder.mkdir(parents=True)
            shutil.copy(Path(config.path) / "apps.py", folder)
    return tmp_path


def every_file(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def command(*words: str) -> int:
    return new_agent.main(["agent", *words])


# What is written


@pytest.mark.parametrize("words", [WORDS, LONGEST, SHORTEST], ids=lambda words: str(words.key)[:20])
def test_the_code_goes_into_the_industry_and_the_rest_mirrors_it(words: Words) -> None:
    paths = [str(path) for path in files_of(words)]
    assert not [path for path in paths if (ROOT / path).exists()]
    assert f"apps/{words.industry}/agents/{words.name}.py" in paths
    mirrors = (f"tests/{words.industry}/", f"tests/evals/{words.industry}/", "docs/agents/")
    assert all(path.startswith((f"apps/{words.industry}/", *mirrors)) for path in paths)


@pytest.mark.parametrize("words", [WORDS, LONGEST, SHORTEST], ids=lambda words: str(words.key)[:20])
def test_it_is_in_the_form_of_the_house(words: Words, root: Path) -> None:
    new_agent.write(files_of(words, root), root)
    shutil.copy(ROOT / "pyproject.toml", root)
    ours = ["--config", "lint.isort.known-first-party=['apps', 'tests']"]  # most of both is not in this project
    for what in (["check", *ours], ["format", "--check"]):
        argv = [sys.executable, "-m", "ruff", *what, "--no-cache", "."]
        done = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_what_an_industry_has_already_stays_as_it_is(root: Path) -> None:
    there = root / "apps" / "logistics" / "agents" / "__init__.py"
    there.parent.mkdir()
    there.write_text('"""Ours."""\n')
    new_agent.write(files_of(WORDS, root), root)
    assert there.read_text() == '"""Ours."""\n'
    assert (root / "apps" / "logistics" / "analytics" / "__init__.py").exists()


def test_an_agent_that_is_there_is_not_overwritten(root: Path) -> None:
    new_agent.write(files_of(WORDS, root), root)
    before = every_file(root)
    with pytest.raises(Refused, match=r"apps/logistics/agents/lane_watch\.py .*already"):
        files_of(WORDS, root)
    with pytest.raises(Refused, match="File exists"):
        new_agent.write({Path("docs/new.md"): "", Path("docs/agents/lane-watch.md"): ""}, root)
    assert every_file(root) == before


def test_where_one_file_cannot_be_written_none_is(root: Path) -> None:
    before = every_file(root) | {"tests": b""}
    (root / "tests").touch()
    with pytest.raises(Refused, match="Nothing was written"):
        new_agent.write(files_of(WORDS, root), root)
    assert every_file(root) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (Words("nowhere.x", "X", "X."), "the industries are finance, healthcare"),
        (Words("lane_watch", "X", "X."), "is no key"),
        (Words("logistics.", "X", "X."), "is no name of an agent"),
        (Words("logistics.LaneWatch", "X", "X."), "as `shelf_counter`"),
        (Words("logistics.lane__watch", "X", "X."), "single underscores"),
        (Words("logistics.import", "X", "X."), "is no name of an agent"),
        (Words("logistics.../../x", "X", "X."), "is no name of an agent"),
        (Words("logistics.x", "", "X."), "The title is a line of 1 to 50"),
        (Words("logistics.x", "X", "s" * 101), "The summary is a line of 1 to 100"),
        (Words("logistics.x", "X\nimport os", "X."), "The title is a line"),
        (Words("logistics.x", 'X" + evil + "', "X."), "leave quotation marks"),
        (Words("logistics.x", "X", "costs {money}"), "and braces out"),
    ],
)
def test_words_that_no_agent_can_have_are_refused(words: Words, told: str, root: Path) -> None:
    with pytest.raises(Refused, match=told):
        files_of(words, root)


# The command


def test_a_dry_run_prints_everything_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(WORDS.key, "--dry-run") == 0
    printed = capsys.readouterr().out
    for path, text in files_of(Words(WORDS.key, "Lane Watch", new_agent.SUMMARY)).items():
        assert f"# ---- {path}\n{text}" in printed
        assert not (ROOT / path).exists()


def test_what_is_missing_is_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter([WORDS.key, "", "Say more."])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    assert command("--dry-run") == 0
    printed = capsys.readouterr().out
    assert 'title = "Lane Watch"' in printed
    assert '"""Say more."""' in printed


def test_without_anybody_to_ask_the_key_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command() == 1
    assert "Which agent?" in capsys.readouterr().err


# What was written, at work


def _visible(root: Path, package: str) -> list[tuple[ModuleType, str]]:
    """Let a package that the project may lack be found in `root`. Returns what was added to, and what."""
    module, name = import_module(package.rpartition(".")[0]), package.rpartition(".")[2]
    if (Path(module.__path__[0]) / name).exists():
        module = import_module(package)
    place = str(root.joinpath(*module.__name__.split(".")))
    module.__path__.append(place)
    return [(module, place)]


@pytest.fixture
def agent(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agent[Any, Any, Any]]:
    """The new agent, found as if the program had started with it."""
    new_agent.write(files_of(WORDS, root), root)
    monkeypatch.setattr(AGENTS, "_items", dict(AGENTS._items))
    monkeypatch.setattr(AGENTS, "_closed", False)
    before = set(sys.modules)
    added = [each for name in ("analytics", "agents") for each in _visible(root, f"apps.{WORDS.industry}.{name}")]
    invalidate_caches()
    import_module(f"apps.{WORDS.industry}.agents.{WORDS.name}")
    yield AGENTS[WORDS.key]
    for module, place in added:
        module.__path__.remove(place)
    pack = sys.modules[f"apps.{WORDS.industry}"]
    for name in set(sys.modules) - before:
        if name.startswith(f"{pack.__name__}."):
            del sys.modules[name]
            pack.__dict__.pop(name.rpartition(".")[2], None)


def test_it_is_in_the_catalogue_and_runs_by_form_and_by_api(
    agent: Agent[Any, Any, Any],
    worked: Work,
    member: Make,
    client_for: Callable[..., Client],
    api_for: Callable[..., APIClient],
) -> None:
    user = member("analyst")
    page, api = client_for(user), api_for(user)
    assert "Lane Watch" in page.get("/agents/", {"q": "lane watch"}).content.decode()
    assert agent.key in [item["key"] for item in api.get("/api/v1/agents").json()["items"]]
    assert page.post(f"/agents/{agent.key}/", {"example": "0"}).status_code == 302
    sent = {"input": agent.examples[0].input}
    assert api.post(f"/api/v1/agents/{agent.key}/runs", sent, format="json").status_code == 202
    worked("cpu")
    runs = AgentRun.objects.filter(agent_key=agent.key)
    assert [(run.status, run.headline) for run in runs] == [("succeeded", "1 of 7 items stand out")] * 2
    assert "Stand out" in page.get(f"/runs/{runs[0].ref}/").content.decode()


def test_it_is_a_step_of_a_workflow(
    agent: Agent[Any, Any, Any], workflow: MakeWorkflow, start: Callable[..., WorkflowRun], worked: Work
) -> None:
    step = {"kind": "agent", "agent": agent.key, "input": agent.examples[0].input}
    made = workflow({"look": step}, outputs={"median": "${steps.look.median}"})
    run = start(made)
    worked("flow", "cpu")
    run.refresh_from_db()
    assert (run.status, run.outputs) == ("succeeded", {"median": 10.1})


# All of that in a whole project, with what the project asks of itself

FOLDERS = ["apps", "clients", "docs", "orchestrall", "scripts", "static", "templates", "tests"]
FILES = ["package.json", "pyproject.toml", "run.py"]


@pytest.mark.slow
@pytest.mark.parametrize("words", [WORDS, LONGEST], ids=["industry without agents", "longest names"])
def test_it_passes_every_check_of_a_project_of_which_it_changes_no_file(words: Words, tmp_path: Path) -> None:
    project = tmp_path / "project"
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for file in FILES:
        shutil.copy(ROOT / file, project)
    (project / "build").symlink_to(ROOT / "build")
    before = every_file(project)

    def done(*argv: str) -> subprocess.CompletedProcess[str]:
        mine = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            [sys.executable, *argv], cwd=project, env=mine, capture_output=True, text=True, check=False
        )

    def passes(*argv: str) -> None:
        got = done(*argv)
        assert got.returncode == 0, got.stdout[-4000:] + got.stderr[-4000:]

    passes("-m", "scripts.new_agent", "agent", words.key, "--title", words.title, "--summary", words.summary)
    now = every_file(project)
    assert {path: now[path] for path in before} == before
    made = sorted(now.keys() - before.keys())
    code = [path for path in made if path.endswith(".py")]
    passes("-m", "ruff", "check", *code)
    passes("-m", "ruff", "format", "--check", *code)
    types = done("-m", "mypy", *code)
    assert types.returncode in {0, 1}, types.stderr  # 1: there are errors, perhaps of what it imports
    assert [line for line in types.stdout.splitlines() if line.startswith(tuple(code))] == []
    passes("-c", "from importlinter.cli import lint_imports_command as lint; lint()")
    passes(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/{words.industry}/test_{words.name}.py",
        "tests/evals/test_cases.py", "-k", f"{words.name} or eight_cases",
    )  # fmt: skip
