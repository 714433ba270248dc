"""Inside an installation, for the drill of redaction: `python -m tests.drills._redacting SEED NUMBER`."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import django

SLUG = "masked"


def run(seed: str, number: int) -> dict[str, Any]:
    """Plant in a tenant of its own, and look through what was sent, answered and kept."""
    from django.db import connection

    from apps.ai.masking import PersonalDataStays
    from apps.ai.models import AiPolicy, ModelCall
    from apps.tenants.context import tenant_context
    from apps.tenants.services import tenant_create
    from tests.ai.leaving import WAYS, plant
    from tests.ai.personal_data import items
    from tests.aiserver import AiServer, loopback_allowed

    logging.disable(logging.INFO)  # a line for each call
    tenant = tenant_create(slug=SLUG, name="Masked", industry="retail", now=True)
    with tenant_context(tenant), loopback_allowed(), AiServer() as server:
        outcome = plant(server, seed, number)
        planted = list(items(seed, number))
        calls = list(ModelCall.objects.all())
        kept = "\n".join(json.dumps([call.sent, call.answered, call.masked], ensure_ascii=False) for call in calls)
        with connection.cursor() as database:
            database.execute("select ai_modelcall::text from ai_modelcall")
            rows = "\n".join(row[0] for row in database.fetchall())
        AiPolicy.objects.create(keeps_personal_data=True)
        server.forget()
        refused = 0
        for _ in range(20):
            try:
                WAYS["document"](planted[:3])
            except PersonalDataStays:
                refused += 1
        return {
            "planted": dict(outcome.planted),
            "kinds": len(outcome.kinds),
            "left": outcome.left,
            "not_restored": outcome.not_restored,
            "calls": len(calls),
            "kept": sum(item.is_in(kept) or item.is_in(rows) for item in planted),
            "documents_refused": refused,
            "documents_sent": len(server.asked),
        }


if __name__ == "__main__":
    django.setup()
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]))))
