"""What `run.py eval [AGENT ...] [--settings JSON|FILE] [--against FILE|VERSION] [--json]` runs.

Each agent is held against the cases that ship with it, side by side with the result before, which lies in the folder
`evaluations` of the installation's data: one file for each version and each choice of settings, and `latest` for the
last one. Ends with 1 where a fact does not hold that must. No server is needed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.check import DEVELOPMENT

if TYPE_CHECKING:
    from apps.agents.evaluations.cases import AnyAgent
    from apps.agents.evaluations.judging import Pair, Result

WORDS = {"same": "", "other": "differs", "gone": "is gone"}


class Unusable(Exception):
    """What was asked for cannot be done; the text says why, and what to do."""


def main(argv: list[str] | None = None) -> int:
    asked = _parser().parse_args(argv)
    for name, value in DEVELOPMENT.items():
        os.environ.setdefault(name, value)
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()
    from apps.agents.evaluations.cases import CasesUnreadable

    try:
        settings = settings_read(asked.settings)
        agents = agents_named(asked.agents)
        good = [evaluate(agent, settings, asked) for agent in agents]
    except (Unusable, CasesUnreadable) as why:
        print(why, file=sys.stderr)
        return 2
    return 0 if all(good) else 1


def evaluate(agent: AnyAgent, settings: dict[str, Any], asked: argparse.Namespace) -> bool:
    """Judge the cases of one agent, print and store what came of them. Returns whether all of them passed."""
    from apps.agents.evaluations.cases import cases_shipped
    from apps.agents.evaluations.judging import case_judge, passed, side_by_side
    from apps.datasets.selectors import rows_frame

    cases = [case for case in cases_shipped(agent) if not (asked.fast and case.slow)]
    before = former(agent, asked.against)
    results = []
    for case in cases:
        results.append(case_judge(agent, case, settings, load=lambda table: rows_frame(table.rows or [])))
        if sys.stderr.isatty():
            print(f"\r{agent.key}: {len(results)} of {len(cases)} ", end="", file=sys.stderr, flush=True)
    pairs = side_by_side(before["results"], results) if before else side_by_side(results, results)
    stored = {
        "agent": agent.key, "version": agent.version, "settings": settings,
        "results": [result.model_dump() for result in results],
    }  # fmt: skip
    keep(agent, settings, stored)
    if asked.json:
        for pair in pairs:
            print(json.dumps(_told(agent, pair, bool(before))))
    else:
        if sys.stderr.isatty():
            print("\r", end="", file=sys.stderr)
        print("\n".join(table(agent, pairs, before)))
        print(f"{passed(results)} of {len(results)} cases pass.\n")
    return passed(results) == len(results)


def table(agent: AnyAgent, pairs: list[Pair], before: dict[str, Any] | None) -> Iterator[str]:
    """The cases line by line; below one that does not pass, the facts that do not hold."""
    against = f", beside version {before['version']}" if before else ""
    yield f"{agent.title} {agent.version}{against}"
    wide = max((len(pair.name) for pair in pairs), default=0)
    yield f"  {'':<{wide}}  {'before' if before else '':>6}  {'now':>5}"
    for pair in pairs:
        yield f"  {pair.name:<{wide}}  {_score(pair.before) if before else '':>6}  {_score(pair.after):>5}  " + (
            "  ".join(filter(None, [_passes(pair.after), WORDS.get(pair.change, pair.change) if before else ""]))
        )
        for name, was, now in pair.moved if before else []:
            yield f"      {name}: {_figure(was)} before, {_figure(now)} now"
        if pair.after and not pair.after.passed:
            yield from (f"      {line}" for line in _faults(pair.after))


def _passes(result: Result | None) -> str:
    return "" if result is None else "passes" if result.passed else "FAILS"


def _score(result: Result | None) -> str:
    return "" if result is None else f"{100 * result.score:.0f} %"


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"


def _faults(result: Result) -> Iterator[str]:
    if result.problem:
        yield result.problem
    yield from (f"not: {fact.text}; found {fact.found}" for fact in result.facts if not fact.holds)


def _told(agent: AnyAgent, pair: Pair, compared: bool) -> dict[str, Any]:
    return {
        "agent": agent.key,
        "version": agent.version,
        "case": pair.name,
        "change": pair.change if compared else None,
        "before": pair.before.model_dump() if compared and pair.before else None,
        "after": pair.after.model_dump() if pair.after else None,
    }


def agents_named(keys: list[str]) -> list[AnyAgent]:
    """The agents of these keys, or all that have cases. Raises `Unusable`."""
    from apps.agents.contract import AGENTS
    from apps.agents.evaluations.cases import case_file

    having = [agent for agent in AGENTS if case_file(agent).exists()]
    if not keys:
        return having
    known = {agent.key: agent for agent in having} | {agent.key.partition(".")[2]: agent for agent in having}
    if missing := [key for key in keys if key not in known]:
        raise Unusable(
            f"There are no cases of {missing[0]!r}. There are of: {', '.join(agent.key for agent in having)}."
        )
    return [known[key] for key in keys]


def settings_read(given: str) -> dict[str, Any]:
    """Settings as JSON, or as the name of a file that holds them. Raises `Unusable`."""
    if not given:
        return {}
    try:
        found = json.loads(given if given.lstrip().startswith("{") else Path(given).read_text())
    except (OSError, ValueError) as error:
        raise Unusable(f"The settings cannot be read: {error}. Give a JSON object, or a file with one.") from error
    if not isinstance(found, dict):
        raise Unusable("The settings are no JSON object.")
    return found


def folder(agent: AnyAgent) -> Path:
    from orchestrall.start import var_folder

    return var_folder() / "evaluations" / agent.key


def keep(agent: AnyAgent, settings: dict[str, Any], stored: dict[str, Any]) -> None:
    named = agent.version
    if settings:
        named += "-" + hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]
    folder(agent).mkdir(parents=True, exist_ok=True)
    for name in (named, "latest"):
        (folder(agent) / f"{name}.json").write_text(json.dumps(stored, indent=1))


def former(agent: AnyAgent, against: str) -> dict[str, Any] | None:
    """A result from before: of a file, a version, or the last one; None where there is none yet. Raises `Unusable`."""
    from apps.agents.evaluations.judging import Result

    path = Path(against) if against.endswith(".json") else folder(agent) / f"{against or 'latest'}.json"
    if not path.exists():
        if against:
            stored = ", ".join(sorted(each.stem for each in folder(agent).glob("*.json"))) or "none"
            raise Unusable(f"There is no result {path}. Stored for {agent.key} are: {stored}.")
        return None
    found: dict[str, Any] = json.loads(path.read_text())
    return found | {"results": [Result.model_validate(each) for each in found["results"]]}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py eval", description="Hold agents against their cases.")
    parser.add_argument("agents", metavar="AGENT", nargs="*", help="keys of agents; all without one")
    parser.add_argument("--settings", default="", help="what differs from the agent's own: JSON, or a file of it")
    parser.add_argument("--against", default="", help="a version, or a file of results; the last result without it")
    parser.add_argument("--fast", action="store_true", help="without the slow cases")
    parser.add_argument("--json", action="store_true", help="print one object per case")
    return parser


if __name__ == "__main__":
    sys.exit(main())
