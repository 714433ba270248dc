from __future__ import annotations

from uuid import UUID

from tests.isolation.said import NOTHING, Body, Said

_PERSON = {"kind": "export", "reason": "New"}

SAID = Said(
    names={
        # Of each run there is an entry of the audit log under its id: see `ground`.
        "entry": lambda side, things: things.run,
        # And a request about a person, and a hold.
        "id": lambda side, things: things.run,
        "retained": lambda side, things: "agents.run",
        "form": lambda side, things: "json",
    },
    of_the_tenant={
        "entry",
        "id",
    },
    bodies={
        "POST /audit/export/": Body("form", lambda side, things: {"form": "csv"}),
        "POST /privacy/new/": Body(
            "form", lambda side, things: {**_PERSON, "member": things.member}, names_things=True
        ),
        "POST /privacy/requests/<uuid:id>/confirm/": Body("form", lambda side, things: {"typed": f"P-{things.number}"}),
        "POST /privacy/requests/<uuid:id>/cancel/": NOTHING,
        "POST /privacy/holds/new/": Body(
            "form", lambda side, things: {"title": "New", "reason": "New", "member": things.member}, names_things=True
        ),
        "POST /privacy/holds/<uuid:id>/": NOTHING,
        "POST /retention/<str:retained>/": Body("form", lambda side, things: {"how": "keep"}),
        "POST /api/v1/privacy-requests": Body("json", lambda side, things: {**_PERSON, "member": things.member}, True),
        "POST /api/v1/privacy-requests/<uuid:id>/confirm": Body(
            "json", lambda side, things: {"typed": f"P-{things.number}"}
        ),
        "POST /api/v1/privacy-requests/<uuid:id>/cancel": NOTHING,
        "POST /api/v1/legal-holds": Body(
            "json", lambda side, things: {"title": "New", "reason": "New", "member": things.member}, names_things=True
        ),
        "POST /api/v1/legal-holds/<uuid:id>/release": NOTHING,
        "PUT /api/v1/retention/<str:retained>": Body("json", lambda side, things: {"days": 500}),
    },
    unmarked={
        "/retention/<str:retained>/",
        "/api/v1/retention",
        "/api/v1/retention/<str:retained>",
        "/api/v1/audit/consistency",
        "/api/v1/audit/integrity",
        "/api/v1/audit/public-key",
        "/audit/verify/verify_audit.py",
    },
    work={
        "compliance.privacy": lambda things: UUID(things.open_run),
        "compliance.retention": lambda things: UUID(things.open_run),
    },
)
