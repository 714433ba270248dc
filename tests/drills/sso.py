"""Sign in by providers in every way that is known to be wrong, against real ones: each comes to what it must."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.measuring import Case, Skip
from tests.oidcprovider import ROOT
from tests.running import installation

TOLD = {"ORCHESTRALL_OUTBOUND_NETWORKS": "127.0.0.1/32", "ORCHESTRALL_LOG_LEVEL": "CRITICAL"}


def measure() -> Iterator[Case]:
    if not (ROOT / "node_modules" / "oidc-provider").is_dir():
        raise Skip("node_modules/oidc-provider is missing: run `npm ci`")
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder), demo=False, told=TOLD) as program:
        # The host without the port that it is printed with: cases ask the program in their own process.
        mine = program.environment | TOLD | {"ORCHESTRALL_PROCESS": "manage", "ORCHESTRALL_PUBLIC_PORT": "0"}
        done = subprocess.run(
            [sys.executable, "-m", "tests.drills._signing_in", folder],
            cwd=ROOT,
            env=mine,
            stdout=subprocess.PIPE,
            text=True,
            timeout=900,
            check=True,
        )
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    for row in rows:
        yield Case(row["group"], row["name"], row["outcome"], bar=row["comes_to"], holds=row["holds"])
    yield Case("all", "cases", len(rows), bar=">= 90", holds=len(rows) >= 90)
    wrong = sum(not row["holds"] for row in rows)
    yield Case("all", "that came to something else", wrong, bar="0", holds=not wrong)
