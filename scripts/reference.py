"""The reference in `docs/api/`, made from the product itself.

python scripts/reference.py             write docs/api/problems.md and docs/api/audit.md anew
python scripts/reference.py --check     only say whether one of them is stale
python scripts/reference.py --release   write docs/api/openapi.json: the document that a release promises its clients
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.audit.kinds import Category, EntryKind
    from apps.common.errors import Problem

ROOT = Path(__file__).resolve().parents[1]
PROBLEMS = ROOT / "docs" / "api" / "problems.md"
AUDIT = ROOT / "docs" / "api" / "audit.md"
RELEASED = ROOT / "docs" / "api" / "openapi.json"

_HEAD = """\
# Problems

What an answer of the API, a page of the console or a run may tell. An installation shows the same at `/api/problems/`.
Decide by the code, which stays; its words may become better ones. Made by `scripts/reference.py` from the classes.
"""
_ENTRY = """
## `{code}`

{status}: **{title}**

- **Cause.** {cause}
- **Effect.** {effect}
- **Remedy.** {remedy}
"""

_AUDIT_HEAD = """\
# What is recorded

The kinds of entries of the audit log, by category. The key is what exports and the API tell, and stays. The sentence is
how an entry reads, after the name of who did it. What is about people is kept apart from the rest, and is gone once it
was erased; an entry's kind, time and place in the log stay. Made by `scripts/reference.py` from the kinds that the apps
declare.
"""


def problems_page(catalogue: Mapping[str, type[Problem]]) -> str:
    """The catalogue as a page in Markdown, in order of codes."""
    words = ("code", "status", "title", "cause", "effect", "remedy")
    entries = (_ENTRY.format(**{word: getattr(kind, word) for word in words}) for kind in catalogue.values())
    return _HEAD + "".join(entries)


def audit_page(kinds: Iterable[EntryKind], categories: Mapping[Category, str]) -> str:
    """The kinds of entries of the audit log as a page in Markdown, by category and in order of keys."""
    there = sorted(kinds, key=lambda each: each.key)
    lines = [_AUDIT_HEAD]
    for category, title in categories.items():
        lines += [f"## {title}\n", f"Category `{category}`.\n", "| key | title | sentence | about people |"]
        lines.append("| --- | --- | --- | --- |")
        for each in there:
            if each.category == category:
                personal = ", ".join(f"`{name}`" for name in sorted(each.personal))
                lines.append(f"| `{each.key}` | {each.title} | {each.sentence} | {personal} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Write the reference in docs/api/.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="only say whether what is written is stale")
    what.add_argument("--release", action="store_true", help="write docs/api/openapi.json: on a release")
    asked = parser.parse_args(argv)

    import_module("orchestrall.wsgi")  # loads the apps, which the others need, and the middleware
    catalogue, document = import_module("apps.common.errors").catalogue, import_module("apps.gateway.openapi").document
    if asked.release:
        RELEASED.write_text(json.dumps(document(), indent=1, ensure_ascii=False) + "\n")
        return 0
    document()  # loads the views, which bring problems too
    kinds = import_module("apps.audit.kinds")
    pages = {PROBLEMS: problems_page(catalogue()), AUDIT: audit_page(kinds.ENTRY_KINDS, kinds.CATEGORIES)}
    stale = [place for place, page in pages.items() if not place.exists() or place.read_text() != page]
    for place in stale:
        if asked.check:
            print(f"{place.relative_to(ROOT)} is stale: run `python scripts/reference.py`.", file=sys.stderr)
        else:
            place.parent.mkdir(exist_ok=True)
            place.write_text(pages[place])
    return 1 if asked.check and stale else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    # Addresses that lead nowhere: nothing here needs a server.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrall.settings.development")
    os.environ.setdefault("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")
    sys.exit(main(sys.argv[1:]))
