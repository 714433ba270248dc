from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tests.isolation.ground.credentials import entry_ticket
from tests.isolation.ground.sides import WORD
from tests.isolation.said import NOTHING, Body, Said


def _scim_patch(path: str, value: object) -> Mapping[str, Any]:
    operation = {"op": "replace", "path": path, "value": value}
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}


_GRANT = {"operator_email": "ops@example.org", "role": "auditor", "hours": "1", "reason": "New"}
_SCIM = "urn:ietf:params:scim:schemas:core:2.0"
_SCIM_USER = {"schemas": [f"{_SCIM}:User"], "userName": "new@example.org"}
_SCIM_GROUP = {"schemas": [f"{_SCIM}:Group"], "displayName": "New"}
_PROGRAM = {"name": "New", "role": "analyst"}
_NEW = {"email": "new@example.org", "name": "New", "role": "viewer"}
_POLICY = {"grace_days": 0, "session_hours": 12, "idle_minutes": 0}
_SSO_FORM = {"name": "new", "access.issuer": "http://127.0.0.1:9/login", "access.client_id": "x"}
_SSO_NEW = {"kind": "oidc", "name": "New", "access": {"issuer": "http://127.0.0.1:9/login", "client_id": "x"}}

SAID = Said(
    names={
        "id": lambda side, things: things.member,
        "account": lambda side, things: things.service_account,
        "group": lambda side, things: things.group,
        "token": lambda side, things: things.scim_token,
        "grant": lambda side, things: things.grant,
        # Of what SCIM says of itself.
        "name": lambda side, things: "User",
        # Of each run there is an identity provider with a domain under its id: see `ground`.
        "connection": lambda side, things: things.run,
        "domain": lambda side, things: things.run,
        "kind": lambda side, things: "oidc",
        "pk": lambda side, things: things.passkey,
    },
    of_the_tenant={
        "id",
        "account",
        "group",
        "token",
        "connection",
        "domain",
        "grant",
        "pk",
    },
    bodies={
        "POST /members/invite/": Body("form", lambda side, things: _NEW),
        "POST /members/<uuid:id>/role/": Body("form", lambda side, things: {"role": "analyst"}),
        "POST /members/<uuid:id>/deactivate/": NOTHING,
        "POST /members/<uuid:id>/reactivate/": NOTHING,
        "POST /members/<uuid:id>/invite-again/": NOTHING,
        "POST /members/service-accounts/new/": Body("form", lambda side, things: _PROGRAM),
        "POST /members/service-accounts/<uuid:account>/role/": Body("form", lambda side, things: {"role": "analyst"}),
        "POST /members/service-accounts/<uuid:account>/deactivate/": NOTHING,
        "POST /members/service-accounts/<uuid:account>/reactivate/": NOTHING,
        "POST /identity/": Body("form", lambda side, things: {**_POLICY, "version": "0"}),
        "POST /members/<uuid:id>/sign-out/": NOTHING,
        "POST /members/<uuid:id>/factors/remove/": NOTHING,
        "PUT /api/v1/sign-in-policy": Body("json", lambda side, things: {**_POLICY, "demands": {}}),
        "POST /api/v1/service-accounts": Body("json", lambda side, things: _PROGRAM),
        "PATCH /api/v1/service-accounts/<uuid:account>": Body("json", lambda side, things: {"name": "New"}),
        "POST /scim/v2/Users": Body("json", lambda side, things: _SCIM_USER),
        "POST /scim/v2/Users/.search": Body("json", lambda side, things: {"filter": f'displayName co "{WORD}"'}),
        "PUT /scim/v2/Users/<str:id>": Body("json", lambda side, things: _SCIM_USER),
        "PATCH /scim/v2/Users/<str:id>": Body("json", lambda side, things: _scim_patch("displayName", "New")),
        "DELETE /scim/v2/Users/<str:id>": NOTHING,
        "POST /scim/v2/Groups": Body(
            "json", lambda side, things: {**_SCIM_GROUP, "members": [{"value": things.member}]}
        ),
        "POST /scim/v2/Groups/.search": Body("json", lambda side, things: {"filter": f'displayName co "{WORD}"'}),
        "PUT /scim/v2/Groups/<str:group>": Body(
            "json", lambda side, things: {**_SCIM_GROUP, "members": [{"value": things.member}]}
        ),
        "PATCH /scim/v2/Groups/<str:group>": Body(
            "json", lambda side, things: _scim_patch("members", [{"value": things.member}])
        ),
        "DELETE /scim/v2/Groups/<str:group>": NOTHING,
        "POST /identity/operators/": Body("form", lambda side, things: _GRANT),
        "POST /identity/operators/<uuid:grant>/approve/": NOTHING,
        "POST /identity/operators/<uuid:grant>/decline/": NOTHING,
        "POST /identity/operators/<uuid:grant>/revoke/": NOTHING,
        "POST /visit/": Body("form", lambda side, things: {"ticket": entry_ticket(side)}),
        "POST /identity/sso/": Body("form", lambda side, things: {}),
        "POST /identity/sso/new/<str:kind>/": Body("form", lambda side, things: _SSO_FORM),
        "POST /identity/sso/<uuid:connection>/": Body(
            "form", lambda side, things: {**_SSO_FORM, "_edit": "add rules.roles"}
        ),
        "POST /identity/sso/<uuid:connection>/test/": NOTHING,
        "POST /identity/sso/<uuid:connection>/turn/": Body("form", lambda side, things: {"on": "0"}),
        "POST /identity/sso/<uuid:connection>/delete/": NOTHING,
        "POST /identity/sso/<uuid:connection>/domains/": Body("form", lambda side, things: {"name": "new.example"}),
        "POST /identity/sso/<uuid:connection>/domains/<uuid:domain>/verify/": NOTHING,
        "POST /identity/sso/<uuid:connection>/domains/<uuid:domain>/remove/": NOTHING,
        "POST /api/v1/sso/connections": Body("json", lambda side, things: _SSO_NEW),
        "PATCH /api/v1/sso/connections/<uuid:connection>": Body("json", lambda side, things: {"is_enabled": False}),
        "DELETE /api/v1/sso/connections/<uuid:connection>": NOTHING,
        "POST /api/v1/sso/connections/<uuid:connection>/test": NOTHING,
        "POST /api/v1/sso/connections/<uuid:connection>/domains": Body(
            "json", lambda side, things: {"name": "new.example"}
        ),
        "DELETE /api/v1/sso/connections/<uuid:connection>/domains/<uuid:domain>": NOTHING,
        "POST /api/v1/sso/connections/<uuid:connection>/domains/<uuid:domain>/verify": NOTHING,
        "PUT /api/v1/sso/policy": Body("json", lambda side, things: {"is_only": False}),
        "POST /identity/provisioning/": Body("form", lambda side, things: {"name": "New", "days": "30"}),
        "POST /identity/provisioning/tokens/<uuid:token>/rotate/": Body("form", lambda side, things: {"overlap": "1d"}),
        "POST /identity/provisioning/tokens/<uuid:token>/revoke/": NOTHING,
        "POST /identity/provisioning/groups/<uuid:group>/role/": Body("form", lambda side, things: {"role": "analyst"}),
        "POST /members/<uuid:id>/management/": Body("form", lambda side, things: {"managed": "0"}),
        "POST /accounts/2fa/totp/activate/": Body("form", lambda side, things: {"code": "000000"}),
        "POST /accounts/2fa/recovery-codes/generate/": NOTHING,
        "POST /accounts/2fa/webauthn/add/": Body("form", lambda side, things: {"credential": "{}"}),
        "POST /accounts/2fa/webauthn/keys/<int:pk>/remove/": NOTHING,
    },
    open_pages={
        "/visit/",
        "/sso/find/",
        "/sso/<uuid:connection>/login/",
        "/sso/<uuid:connection>/metadata/",
    },
    unmarked={
        "/scim/v2/ServiceProviderConfig",
        "/scim/v2/ResourceTypes",
        "/scim/v2/ResourceTypes/<str:name>",
        "/scim/v2/Schemas",
        "/scim/v2/Schemas/<str:name>",
        "/members/service-accounts/new/",
        "/members/invite/",
        "/identity/",
        "/identity/sso/new/<str:kind>/",
        "/identity/sso/<uuid:connection>/metadata.xml",
        "/api/v1/sso/policy",
        "/api/v1/sign-in-policy",
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/recovery-codes/",
        "/accounts/2fa/recovery-codes/download/",
        "/accounts/2fa/recovery-codes/generate/",
        "/accounts/2fa/webauthn/add/",
    },
    of_holders={
        "/accounts/2fa/recovery-codes/",
        "/accounts/2fa/recovery-codes/download/",
        "/accounts/2fa/webauthn/keys/<int:pk>/remove/",
    },
    of_providers={
        "/sso/out/<str:ticket>/",
        "/sso/<uuid:connection>/again/",
        "/sso/<uuid:connection>/callback/",
        "/sso/<uuid:connection>/acs/",
        "/sso/<uuid:connection>/acs/finish/",
        "/sso/<uuid:connection>/sls/",
        "/sso/<uuid:connection>/backchannel/",
    },
    nowhere={
        "/scim/v2/<path:rest>",
        "/visit/leave/",
    },
    refusing_words={
        "/visit/": b"Nobody was let in",
    },
    work={
        "accounts.visit_end": lambda things: UUID(things.grant),
    },
)
