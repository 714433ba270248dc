"""`python -m tests.asvs.table` writes docs/security/asvs.md from the chapters beside this file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tests.asvs.rows import REQUIREMENTS, Chapter, Row
from tests.running import ROOT

PAGE = ROOT / "docs" / "security" / "asvs.md"
_HEAD = """# OWASP ASVS 5.0, level 2

The [Application Security Verification Standard](https://owasp.org/www-project-application-security-verification-standard/)
5.0.0 (OWASP, May 2025) lists what a secure application is asked for. Here stands, for each requirement of the levels 1
and 2, which tests show it, or why none does. What is asked for is said in our words.
`python -m tests.asvs.table` writes this page; a test fails when it is out of date, or names a test that is not there.

A row is **shown** by the tests it names, **told** where the reason is all there is (it asks for a document, or does not
apply), and **open** where something is lacking, which it says.
"""


def chapters() -> list[Chapter]:
    """All of them, in their order."""
    found = sorted(int(path.stem.removeprefix("chapter_")) for path in Path(__file__).parent.glob("chapter_*.py"))
    return [
        Chapter(number, REQUIREMENTS[number][0], import_module(f"tests.asvs.chapter_{number:02}").ROWS)
        for number in found
    ]


def state_of(row: Row) -> str:
    return "open" if row.lacks else "shown" if row.tests else "told"


def page() -> str:
    """The page of the docs."""
    found = chapters()
    lines = [_HEAD, "| chapter | requirements | shown | told | open |", "| --- | --- | --- | --- | --- |"]
    for chapter in found:
        states = [state_of(row) for row in chapter.rows]
        told = " | ".join(str(states.count(state)) for state in ("shown", "told", "open"))
        number, title = chapter.number, chapter.title
        lines.append(f"| [{number} {title}](#{_anchor(number, title)}) | {len(states)} | {told} |")
    return "\n".join([*lines, *map(_chapter, found), ""])


def _chapter(chapter: Chapter) -> str:
    lines = [
        f"\n## {chapter.number} {chapter.title}\n",
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
