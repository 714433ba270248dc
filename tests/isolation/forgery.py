"""Tokens that no tenant makes: signed with the key of one, saying what belongs to the other.

They are what a copied tenant, whose signing key is its source's, could hand out. Each differs from a good token of
`ours` in one thing, so that it passes wherever that thing is not looked at.
"""

from __future__ import annotations

from typing import Any

import jwt

from tests.isolation.ground.sides import Side


def _said(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the claims of a token."""
    whole = jwt.decode_complete(token, options={"verify_signature": False})
    return whole["header"], whole["payload"]


def _signed(side: Side, head: dict[str, Any], claims: dict[str, Any]) -> str:
    from apps.tenants.context import public_context
    from apps.tenants.keys import signing_key
    from apps.tenants.models import Tenant

    with public_context():
        key = signing_key(Tenant.objects.get(schema_name=side.schema))
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": head["kid"], "typ": head["typ"]})


def _with_their_claim(name: str, ours: Side, theirs: Side) -> str:
    (head, claims), (_, foreign) = _said(ours.token), _said(theirs.token)
    return _signed(ours, head, {**claims, name: foreign[name]})


def foreign_audience(ours: Side, theirs: Side) -> str:
    return _with_their_claim("aud", ours, theirs)


def foreign_issuer(ours: Side, theirs: Side) -> str:
    return _with_their_claim("iss", ours, theirs)


def foreign_kid(ours: Side, theirs: Side) -> str:
    (head, claims), (foreign, _) = _said(ours.token), _said(theirs.token)
    return _signed(ours, {**head, "kid": foreign["kid"]}, claims)


def foreign_member(ours: Side, theirs: Side) -> str:
    head, claims = _said(ours.token)
    return _signed(ours, head, {**claims, "sub": theirs.own.member})


def foreign_key(ours: Side, theirs: Side) -> str:
    """All that a token of theirs says, and our signature."""
    return _signed(ours, *_said(theirs.token))
