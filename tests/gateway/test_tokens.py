"""Tokens: good for one person, in one tenant, for a short time."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.gateway import tokens
from apps.tenants.context import tenant_context
from apps.tenants.keys import signing_key
from apps.tenants.models import Tenant
from tests.factories import PASSWORD
from tests.gateway.conftest import Program

Make = Callable[..., User]

pytestmark = pytest.mark.urls("tests.gateway.urls")


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner")


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def signed(key: Any, claims: dict[str, Any], algorithm: str | None = "EdDSA", **head: Any) -> str:
    """A token with these claims. The head says what a token of `key` says, unless `head` says otherwise."""
    heads = {"typ": tokens.TYPE, **head}
    if isinstance(key, Ed25519PrivateKey):
        heads = {"kid": tokens.key_id(key.public_key()), **heads}
    return jwt.encode(claims, key, algorithm=algorithm, headers=heads)


def test_a_password_is_traded_for_a_token_that_speaks_for_its_member(member: Make, program: Program) -> None:
    user = member("administrator", email="ada@example.org")
    answer = program().post(
        "/api/v1/tokens", {"email": "Ada@Example.org ", "password": PASSWORD}, content_type="application/json"
    )
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)
    assert program(body["access_token"]).get("/api/v1/sample").json() == {"user": str(user.pk), "schema": "t_acme"}


def test_a_role_that_may_not_call_the_api_gets_no_token(member: Make, program: Program) -> None:
    user = member("viewer")
    answer = program().post(
        "/api/v1/tokens", {"email": user.email, "password": PASSWORD}, content_type="application/json"
    )
    assert answer.status_code == 403
    assert "call the api" in answer.json()["detail"].lower()


def test_a_role_that_lost_the_api_loses_its_tokens_too(owner: User, program: Program, member: Make) -> None:
    user = member("administrator")
    caller = program(tokens.token_issue(user=user))
    assert caller.get("/api/v1/sample").status_code == 200
    User.objects.filter(pk=user.pk).update(role="viewer")
    assert caller.get("/api/v1/sample").status_code == 403


def test_a_token_is_signed_by_the_tenants_own_key_which_it_publishes(owner: User, program: Program) -> None:
    published = program().get("/.well-known/jwks.json").json()["keys"]
    token = tokens.token_issue(user=owner)
    head = jwt.get_unverified_header(token)
    assert head == {"alg": "EdDSA", "kid": published[0]["kid"], "typ": "at+jwt"}
    assert set(published[0]) == {"kty", "crv", "x", "kid", "use", "alg"}  # and no private part
    key = jwt.PyJWK(published[0]).key
    claims = jwt.decode(token, key, algorithms=["EdDSA"], audience=claims_of(token)["aud"])
    assert claims["sub"] == str(owner.pk)


def test_the_other_tenants_key_is_another(acme: Tenant, globex: Tenant, program: Program) -> None:
    ours, theirs = (program(tenant=each).get("/.well-known/jwks.json").json() for each in (acme, globex))
    assert ours["keys"][0]["kid"] != theirs["keys"][0]["kid"]


def test_a_token_of_the_other_tenant_is_refused_though_the_member_has_the_same_key(
    owner: User, member: Make, globex: Tenant, program: Program
) -> None:
    twin = member("owner", tenant=globex)
    assert twin.pk == owner.pk
    with tenant_context(globex):
        token = tokens.token_issue(user=twin)
    assert program(token, tenant=globex).get("/api/v1/sample").status_code == 200
    answer = program(token).get("/api/v1/sample")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer.json()["code"] == "not_authenticated"


def test_the_other_tenants_token_with_our_key_id_is_refused(
    acme: Tenant, owner: User, globex: Tenant, program: Program
) -> None:
    kid = tokens.key_id(signing_key(acme).public_key())
    forged = signed(signing_key(globex), claims_of(tokens.token_issue(user=owner)), kid=kid)
    assert program(forged).get("/api/v1/sample").status_code == 401


def test_a_token_without_a_signature_is_refused(acme: Tenant, owner: User, program: Program) -> None:
    token = tokens.token_issue(user=owner)
    kid = tokens.key_id(signing_key(acme).public_key())
    unsigned = signed(None, claims_of(token), algorithm="none", kid=kid)
    head, body, _ = token.split(".")
    for forged in (unsigned, f"{head}.{body}.", f"{unsigned.split('.')[0]}.{body}."):
        assert program(forged).get("/api/v1/sample").status_code == 401


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(acme: Tenant, owner: User, program: Program) -> None:
    public = signing_key(acme).public_key()
    kid = tokens.key_id(public)
    forged = signed(
        public.public_bytes_raw().hex(), claims_of(tokens.token_issue(user=owner)), algorithm="HS256", kid=kid
    )
    assert program(forged).get("/api/v1/sample").status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "urn:orchestrall:tenant:other"},
        {"aud": "urn:orchestrall:api:t_globex"},
        {"aud": ["urn:orchestrall:api:t_acme", "urn:orchestrall:api:t_globex"]},
        {"sub": "00000000-0000-0000-0000-0000000000ff"},
        {"sub": "nobody"},
        {"sub": "x\x00"},
        {"pwd": "0123456789abcdef"},
        {"pwd": None},
        {"exp": None},
        {"jti": None},
    ],
    ids=str,
)
def test_a_token_that_claims_anything_else_is_refused(
    acme: Tenant, owner: User, program: Program, change: dict[str, Any]
) -> None:
    claims = {**claims_of(tokens.token_issue(user=owner)), **change}
    assert program(signed(signing_key(acme), claims)).get("/api/v1/sample").status_code == 401


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "exp", "iat", "jti", "pwd"])
def test_a_token_that_leaves_a_claim_out_is_refused(acme: Tenant, owner: User, program: Program, claim: str) -> None:
    claims = claims_of(tokens.token_issue(user=owner))
    del claims[claim]
    assert program(signed(signing_key(acme), claims)).get("/api/v1/sample").status_code == 401


def test_a_token_of_another_type_is_refused(acme: Tenant, owner: User, program: Program) -> None:
    forged = signed(signing_key(acme), claims_of(tokens.token_issue(user=owner)), typ="JWT")
    assert program(forged).get("/api/v1/sample").status_code == 401


def test_a_token_ends(acme: Tenant, owner: User, program: Program) -> None:
    claims = claims_of(tokens.token_issue(user=owner))
    assert claims["exp"] - claims["iat"] == 600
    late = {**claims, "exp": int((timezone.now() - timedelta(seconds=1)).timestamp())}
    answer = program(signed(signing_key(acme), late)).get("/api/v1/sample")
    assert answer.status_code == 401
    assert answer.json()["detail"] == "This token has expired."


def test_a_changed_password_ends_every_token(owner: User, program: Program) -> None:
    caller = program(tokens.token_issue(user=owner))
    assert caller.get("/api/v1/sample").status_code == 200
    owner.set_password("quite another password")
    owner.save()
    answer = caller.get("/api/v1/sample")
    assert answer.status_code == 401
    assert "password changed" in answer.json()["detail"]


def test_who_is_deactivated_has_no_token_any_more(owner: User, program: Program) -> None:
    caller = program(tokens.token_issue(user=owner))
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert caller.get("/api/v1/sample").status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer a b",
        "Basic dXNlcjpwYXNz",
        "Bearer é",
        "Bearer not.a.token",
        "Bearer ork_",
        "Bearer ork_12345678_",
        "Bearer " + "a" * 5000,
        "bearer " + base64.b64encode(json.dumps({"alg": "EdDSA", "kid": []}).encode()).decode() + ".e30.x",
    ],
)
def test_a_header_that_makes_no_sense_is_refused(acme: Tenant, header: str) -> None:
    client = Client(headers={"host": "acme.localhost", "authorization": header})
    assert client.get("/api/v1/sample").status_code == 401


def test_a_token_costs_one_look_at_its_member(
    owner: User, program: Program, django_assert_num_queries: Callable[..., Any]
) -> None:
    caller = program(tokens.token_issue(user=owner))
    caller.get("/api/v1/sample")
    with django_assert_num_queries(2):  # the way into the schema, and the member
        assert caller.get("/api/v1/sample").status_code == 200
