from __future__ import annotations

from tests.isolation.ground.sides import PASSWORD
from tests.isolation.said import NOTHING, Body, Said

_KEY = {"name": "New", "days": 7, "scopes": ["runs.view"]}

SAID = Said(
    names={
        "id": lambda side, things: things.api_key,
        "code": lambda side, things: "not_found",
    },
    of_the_tenant={
        "id",
    },
    bodies={
        "POST /keys/new/": Body(
            "form", lambda side, things: {**_KEY, "account": things.service_account}, names_things=True
        ),
        "POST /keys/<uuid:id>/rotate/": Body("form", lambda side, things: {"overlap": "1d"}),
        "POST /keys/<uuid:id>/revoke/": NOTHING,
        "POST /keys/origins/": Body("form", lambda side, things: {"origins": "https://new.example.org"}),
        "POST /api/v1/tokens": Body("json", lambda side, things: {"email": side.email, "password": PASSWORD}),
        "POST /api/v1/tokens/refresh": Body("json", lambda side, things: {"refresh_token": side.refresh_token}),
        "POST /api/v1/tickets": NOTHING,
        "POST /api/v1/keys": Body(
            "json", lambda side, things: {**_KEY, "service_account": things.service_account}, names_things=True
        ),
        "POST /api/v1/keys/<uuid:id>/rotate": Body("json", lambda side, things: {"overlap": "1d"}),
        "DELETE /api/v1/keys/<uuid:id>": NOTHING,
        "POST /api/v1/tokens/revoke": Body("json", lambda side, things: {"token": side.refresh_token}),
    },
    open_pages={
        "/.well-known/jwks.json",
    },
    unmarked={
        "/api/v1/usage",
        "/api/v1/performance",
        "/performance/",
        "/performance/figures/",
    },
)
