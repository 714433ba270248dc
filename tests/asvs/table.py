"""`python -m tests.asvs.table` writes docs/security/asvs.md from the chapters beside this file."""

from __future__ import annotations

from importlib import import_module
from itertools import starmap
from pathlib import Path

from tests.asvs.rows import REQUIREMENTS, Chapter, Row
from tests.running import ROOT

PAGE = ROOT / "docs" / "security" / "asvs.md"
_HEAD = """# OWASP ASVS 5.0, level 2

The [Application Security Verification Standard](https://owasp.org/www-project-application-security-verification-standard/)
5.0.0 (OWASP, May 2025) lists what a secure application is asked for. Here stands, for each requirement of the levels 1
and 2 in the chapters that are decided, which tests show it, or why none does. What is asked for is said in our words.
`python -m tests.asvs.table` writes this page; a test fails when it is out of date, or names a test that is not there.

A row is **shown** by the tests it names, **told** where the reason is all there is (it asks for a document, or does not
apply), and **open** where something is lacking, which it says.
"""


def chapters() -> list[Chapter]:
    """The chapters that are decided, in their order."""
    found = sorted(int(path.stem.removeprefix("chapter_")) for path in Path(__file__).parent.glob("chapter_*.py"))
    return [
        Chapter(number, REQUIREMENTS[number][0], import_module(f"tests.asvs.chapter_{number:02}").ROWS)
        for number in found
    ]


def state_of(row: Row) -> str:
    return "open" if row.lacks else "shown" if row.tests else "told"


def page() -> str:
    """The page of the docs."""
    decided = {chapter.number: chapter for chapter in chapters()}
    lines = [_HEAD, "| chapter | requirements | shown | told | open |", "| --- | --- | --- | --- | --- |"]
    for number, (title, count) in REQUIREMENTS.items():
        if number not in decided:
            lines.append(f"| {number} {title} | {count} | not decided yet | | |")
            continue
        states = [state_of(row) for row in decided[number].rows]
        told = " | ".join(str(states.count(state)) for state in ("shown", "told", "open"))
        lines.append(f"| [{number} {title}](#{_anchor(number, title)}) | {count} | {told} |")
    return "\n".join([*lines, *starmap(_chapter, decided.items()), ""])


def _chapter(number: int, chapter: Chapter) -> str:
    lines = [
        f"\n## {number} {chapter.title}\n",
        "| | level | asked for | | answer |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.number} | {row.level} | {row.asked} | {state_of(row)} | {_answer(row)} |" for row in chapter.rows
    ]
    return "\n".join(lines)


def _answer(row: Row) -> str:
    tests = [f"[{name.replace('_', ' ')}](../../{file})" for file, name in (each.split("::") for each in row.tests)]
    parts = [f"**Lacking:** {row.lacks}" if row.lacks else "", row.reason, "; ".join(tests)]
    return " ".join(part for part in parts if part)


def _anchor(number: int, title: str) -> str:
    return f"{number} {title}".lower().replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
