"""Writes a new agent that works: `python3 run.py new agent KEY`.

Its code goes into the folder of its industry, and what mirrors that (tests, cases of evaluations, a page of the docs)
beside theirs. Only files that are new are written: discovery finds them, so no file that is there has to know.
"""

from __future__ import annotations

import argparse
import keyword
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = Path(__file__).parent / "templates" / "agent"
SUMMARY = "Find the values of a table that stand out."
LONGEST_NAME, LONGEST_TITLE, LONGEST_SUMMARY = 40, 50, 100
_MANIFEST = re.compile(r"^class \w+\(IndustryConfig\):", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class Refused(Exception):
    """The agent cannot be written; the text says why and what to do. Nothing was written."""


@dataclass(frozen=True)
class Words:
    """What a person says of a new agent."""

    key: str
    title: str
    summary: str

    @property
    def industry(self) -> str:
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        return self.key.partition(".")[2]

    @property
    def class_name(self) -> str:
        return "".join(part.capitalize() for part in self.name.split("_"))


def title_of(key: str) -> str:
    """The title that a key suggests: `retail.shelf_counter` is the Shelf Counter."""
    return key.partition(".")[2].replace("_", " ").title()


def industries(root: Path = ROOT) -> list[str]:
    """The industries there are: the apps with a manifest."""
    manifests = root.glob("apps/*/apps.py")
    return sorted(path.parent.name for path in manifests if _MANIFEST.search(path.read_text()))


def words_check(words: Words, root: Path = ROOT) -> None:
    """Raise `Refused` for a key, a title or a summary that no agent can have."""
    there = industries(root)
    if "." not in words.key or words.industry not in there:
        raise Refused(f"{words.key!r} is no key: it is <industry>.<name>, and the industries are {', '.join(there)}.")
    if not _NAME.fullmatch(words.name) or len(words.name) > LONGEST_NAME or keyword.iskeyword(words.name):
        raise Refused(
            f"{words.name!r} is no name of an agent: small letters, digits and single underscores, at most "
            f"{LONGEST_NAME}, as `shelf_counter`."
        )
    for what, text, most in (("title", words.title, LONGEST_TITLE), ("summary", words.summary, LONGEST_SUMMARY)):
        if not text.strip() or text != text.strip() or len(text) > most or not text.isprintable():
            raise Refused(f"The {what} is a line of 1 to {most} characters; {text!r} is not.")
        if set(text) & set('"\\{}$'):
            raise Refused(f"The {what} stands in source code: leave quotation marks, backslashes and braces out.")


def files_of(words: Words, root: Path = ROOT) -> dict[Path, str]:
    """What is to be written, by path below the project: formatted as the house has it.

    Packages that the industry lacks come along. Raises `Refused` where one of the agent's own files is there already.
    """
    words_check(words, root)
    industry, name = words.industry, words.name
    code, tests = Path("apps", industry), Path("tests", industry)
    made = {
        code / "agents" / f"{name}.py": "agent.py.txt",
        code / "analytics" / f"{name}.py": "analytic.py.txt",
        tests / f"test_{name}.py": "test.py.txt",
        Path("tests", "evals", industry, f"{name}.yaml"): "cases.yaml.txt",
        Path("docs", "agents", f"{name.replace('_', '-')}.md"): "page.md.txt",
    }
    if taken := [str(path) for path in made if (root / path).exists()]:
        raise Refused(f"There is {' and '.join(taken)} already. Choose another name, or delete what is there first.")
    values = {**vars(words), "industry": industry, "name": name, "class": words.class_name}
    texts = {path: Template((TEMPLATES / template).read_text()).substitute(values) for path, template in made.items()}
    packages = {
        code / "agents" / "__init__.py": f'"""The agents of the {industry} pack, one file each."""\n',
        code / "analytics" / "__init__.py": f'"""The arithmetic of the {industry} pack: no Django and no agent."""\n',
        tests / "__init__.py": "",
        tests / "conftest.py": (TEMPLATES / "conftest.py.txt").read_text(),
    }
    texts |= {path: text for path, text in packages.items() if not (root / path).exists()}
    return {path: _formatted(path, text) for path, text in sorted(texts.items())}


def _formatted(path: Path, text: str) -> str:
    """Python in the house's form: how lines break and imports sort depends on the length of the names."""
    if path.suffix != ".py":
        return text
    # Its package may not be there yet, by which Ruff would know it for ours.
    ours = ["--config", "lint.isort.known-first-party=['apps', 'tests']"]
    for what in (["check", "--quiet", "--fix", "--select", "I", *ours], ["format", "--quiet"]):
        argv = [sys.executable, "-m", "ruff", *what, "--stdin-filename", str(path), "-"]
        text = subprocess.run(argv, cwd=ROOT, input=text, capture_output=True, text=True, check=True).stdout
    return text


def write(files: dict[Path, str], root: Path = ROOT) -> None:
    """Write files that are all new. Where one cannot be written, those before it are taken back."""
    done: list[Path] = []
    try:
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            with (root / path).open("x") as file:
                done.append(root / path)
                file.write(text)
    except OSError as error:
        for path in done:
            path.unlink()
        raise Refused(f"{error.filename or path} cannot be written: {error.strerror}. Nothing was written.") from error


def _asked(question: str, suggested: str = "") -> str:
    """What a person answers; what is suggested where they only press Enter, or nobody is there."""
    if not sys.stdin.isatty():
        return suggested
    try:
        return input(f"{question}{f' [{suggested}]' if suggested else ''}: ").strip() or suggested
    except EOFError:
        return suggested


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="run.py new", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("what", choices=["agent"])
    parser.add_argument("key", nargs="?", default="", metavar="KEY")
    parser.add_argument("--title", default="")
    parser.add_argument("--summary", default="")
    parser.add_argument("--dry-run", action="store_true")
    asked = parser.parse_args(argv)
    key = asked.key or _asked(f"Key, as <industry>.<name>; the industries are {', '.join(industries())}")
    try:
        if not key:
            raise Refused("Which agent? Give its key: run.py new agent <industry>.<name>")
        title = asked.title or _asked("Title", title_of(key))
        words = Words(key=key, title=title, summary=asked.summary or _asked("Summary", SUMMARY))
        files = files_of(words)
        if asked.dry_run:
            for path, text in files.items():
                print(f"# ---- {path}\n{text}")
            return 0
        write(files)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    print("\n".join(["Written:", *(f"  {path}" for path in files), ""]))
    print(f"It works as it is: restart the program and see /agents/{words.key}/ in a tenant of {words.industry}.")
    print(f"Its tests: python3 run.py test tests/{words.industry}/test_{words.name}.py")
    print("Make it yours, arithmetic first; the contributors' guide (docs/guides) says what an agent owes its users.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
