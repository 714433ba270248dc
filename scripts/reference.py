"""The reference in `docs/api/`, made from the product itself.

python scripts/reference.py             write docs/api/problems.md anew
python scripts/reference.py --check     only say whether it is stale
python scripts/reference.py --release   write docs/api/openapi.json: the document that a release promises its clients
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apps.common.errors import Problem

ROOT = Path(__file__).resolve().parents[1]
PROBLEMS = ROOT / "docs" / "api" / "problems.md"
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


def problems_page(catalogue: Mapping[str, type[Problem]]) -> str:
    """The catalogue as a page in Markdown, in order of codes."""
    words = ("code", "status", "title", "cause", "effect", "remedy")
    entries = (_ENTRY.format(**{word: getattr(kind, word) for word in words}) for kind in catalogue.values())
    return _HEAD + "".join(entries)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Write the reference in docs/api/.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="only say whether docs/api/problems.md is stale")
    what.add_argument("--release", action="store_true", help="write docs/api/openapi.json: on a release")
    asked = parser.parse_args(argv)

    import_module("orchestrall.wsgi")  # loads the apps, which the others need, and the middleware
    catalogue, document = import_module("apps.common.errors").catalogue, import_module("apps.gateway.openapi").document
    if asked.release:
        RELEASED.write_text(json.dumps(document(), indent=1, ensure_ascii=False) + "\n")
        return 0
    document()  # loads the views, which bring problems too
    page = problems_page(catalogue())
    if not asked.check:
        PROBLEMS.parent.mkdir(exist_ok=True)
        PROBLEMS.write_text(page)
        return 0
    if PROBLEMS.exists() and PROBLEMS.read_text() == page:
        return 0
    print(f"{PROBLEMS.relative_to(ROOT)} is stale: run `python scripts/reference.py`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    # Addresses that lead nowhere: nothing here needs a server.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrall.settings.development")
    os.environ.setdefault("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")
    sys.exit(main(sys.argv[1:]))
