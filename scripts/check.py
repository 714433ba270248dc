"""Every check but the tests, one after another: `python3 run.py check`. Ends with 1 where one of them fails."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = "build/openapi.yaml"
# Settings demand addresses; these lead nowhere, for what must not need a server.
NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
# 50 different characters or more, or Django doubts it; and 32 bytes in base64.
SECRETS = {"ORCHESTRALL_SECRET_KEY": bytes(range(48, 123)).decode(), "ORCHESTRALL_MASTER_KEY": "A" * 43 + "="}
DEVELOPMENT = NOWHERE | {"DJANGO_SETTINGS_MODULE": "orchestrall.settings.development"}
PRODUCTION = NOWHERE | SECRETS | {"DJANGO_SETTINGS_MODULE": "orchestrall.settings.production"}
TEST = {"DJANGO_SETTINGS_MODULE": "orchestrall.settings.test"}  # brings servers of its own

# what, the command after `python`, its environment
CHECKS: list[tuple[str, list[str], dict[str, str]]] = [
    ("ruff", ["-m", "ruff", "check", "--quiet"], {}),
    ("ruff format", ["-m", "ruff", "format", "--check", "--quiet"], {}),
    ("mypy", ["-m", "mypy"], DEVELOPMENT),
    ("import contracts", ["-c", "from importlinter.cli import lint_imports_command as lint; lint()"], {}),
    ("Django", ["manage.py", "check", "--database", "default", "--fail-level", "WARNING"], TEST),
    ("Django in production", ["manage.py", "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
    ("migrations", ["manage.py", "makemigrations", "--check", "--dry-run"], TEST),
    ("OpenAPI, as made", ["manage.py", "spectacular", "--validate", "--fail-on-warn", "--file", DOCUMENT], DEVELOPMENT),
    ("page of problems", ["scripts/reference.py", "--check"], DEVELOPMENT),
    ("OpenAPI, as read", ["-m", "openapi_spec_validator", DOCUMENT], {}),
]


def passes(name: str, argv: list[str], environment: dict[str, str]) -> bool:
    """Run one check, say how it went, and what it said where it failed."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, *argv], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    good = done.returncode == 0
    print(f"{'passes' if good else 'FAILS ':<6} {time.monotonic() - began:6.1f} s  {name}", flush=True)
    if not good:
        print(f"{done.stdout}{done.stderr}".strip(), flush=True)
    return good


def main() -> int:
    (ROOT / "build").mkdir(exist_ok=True)
    failed = [check[0] for check in CHECKS if not passes(*check)]
    print(
        f"\n{len(CHECKS) - len(failed)} of {len(CHECKS)} checks pass{'; not: ' + ', '.join(failed) if failed else '.'}"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
