"""A process that asks models until it is killed: `python -m tests.drills._spending SCHEMA NAME`.

It works inside an installation, as its environment says, and asks with a mark of its own each time.
"""

from __future__ import annotations

import sys
import threading
from itertools import count

import django

CALLERS = 4
"""Threads of the process."""


def ask_on(schema: str, name: str, numbers: count[int]) -> None:
    from apps.ai.calling import model_for
    from apps.ai.contract import Message, Purpose, Request
    from apps.tenants.context import tenant_context
    from apps.tenants.models import Tenant

    with tenant_context(Tenant.objects.get(schema_name=schema)):
        while True:
            model = model_for(Purpose("test", agent_key="drill.asker"), seconds=30.0)
            assert model is not None
            model.ask(Request(messages=(Message(role="user", text=f"MARK {name}-{next(numbers)} END"),)))


if __name__ == "__main__":
    django.setup()
    from tests.aiserver import loopback_allowed

    with loopback_allowed():
        together: count[int] = count()
        for _ in range(CALLERS):
            threading.Thread(target=ask_on, args=(sys.argv[1], sys.argv[2], together), daemon=True).start()
        threading.Event().wait()
