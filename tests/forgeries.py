"""Credentials that must not be accepted, and the good ones that they are made of.

`attempts` tries them through a `Door`: against the program in this process, or against an installation that runs. Each
forgery is one that somebody once fell for (RFC 8725, RFC 9700, and the CVEs of JWT libraries), or that only our own
design rules out. Whatever is made with the tenant's real key shows that the signature alone is not enough.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.utils import timezone

from apps.accounts.models import User
from apps.gateway import marks, refresh, services, tickets, tokens
from apps.gateway.models import ApiKey, RefreshToken
from apps.gateway.principals import Caller
from apps.tenants.context import tenant_context
from apps.tenants.fast import redis
from apps.tenants.keys import signing_key
from apps.tenants.models import Tenant

CONTROL = "good credentials"
"""The attack that is none: each attempt of it must be accepted, or the refusals prove nothing."""
READ, REFRESH, TICKETS, SOCKET = "/api/v1/keys", "/api/v1/tokens/refresh", "/api/v1/tickets", "/ws/runs/"
_ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group of Ed25519 (RFC 8032)


class Door(Protocol):
    """How the program is reached."""

    def ask(
        self, tenant: Tenant, method: str, path: str, *, bearer: str = "", body: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """The status of an answer, and its JSON."""

    def opens(self, tenant: Tenant, address: str) -> bool:
        """Whether a socket opens at an address."""

    def settle(self, tenant: Tenant) -> None:
        """Return once the program knows the tenant's keys as they are stored now."""


@dataclass(frozen=True)
class Attempt:
    attack: str
    what: str
    accepted: bool
    broke: bool = False
    """Whether the program failed rather than refused."""

    @property
    def is_wrong(self) -> bool:
        return self.broke or self.accepted != (self.attack == CONTROL)


@dataclass(frozen=True)
class Ground:
    """Two tenants, in each a member of the same id, address, role and password hash."""

    home: Tenant
    abroad: Tenant
    user: User
    twin: User
    door: Door


def ground_make(home: Tenant, abroad: Tenant, door: Door) -> Ground:
    from tests.factories import make_member

    people = []
    for tenant in (home, abroad):
        with tenant_context(tenant):
            people.append(make_member("owner", id=UUID(int=901), email="owner@forgeries.example"))
    home_user, twin = people
    with tenant_context(abroad):
        twin.password = home_user.password
        twin.save()
    return Ground(home, abroad, home_user, twin, door)


def attempts(ground: Ground) -> Iterator[Attempt]:
    """Try everything."""
    for attack, what, token in [*_genuine(ground), *_forged(ground)]:
        yield _by_bearer(ground, attack, what, token)
    for part in (_refresh_tokens, _api_keys, _tickets, _mixed_up, _rotated_signing_keys):
        yield from part(ground)


# JWTs


def encoded(part: bytes | Mapping[str, Any]) -> str:
    """base64url without padding, as JWS has it."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def compact(head: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A token by hand: libraries refuse to make most of the bad ones."""
    signed = f"{encoded(head)}.{encoded(claims)}"
    return f"{signed}.{encoded(sign(signed.encode()))}"


def opened(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def _genuine(ground: Ground) -> Iterator[tuple[str, str, str]]:
    with tenant_context(ground.home):
        token = tokens.token_issue(user=ground.user)
        head, claims, _ = token.split(".")
        yield CONTROL, "a token", token
        own = signing_key(ground.home)
        yield CONTROL, "a token made by hand of the same parts", compact(opened(head), opened(claims), own.sign)


def _forged(ground: Ground) -> Iterator[tuple[str, str, str]]:
    with tenant_context(ground.home):
        token = tokens.token_issue(user=ground.user)
    with tenant_context(ground.abroad):
        foreign = tokens.token_issue(user=ground.twin)
    first, second, signature = token.split(".")
    head, claims = opened(first), opened(second)
    key, thief = signing_key(ground.home), Ed25519PrivateKey.generate()
    yield from _unsigned(head, claims, first, second, signature)
    yield from _confused(head, claims, key.public_key(), signature)
    yield from _named(head, claims, thief)
    yield from _critical(head, claims, key)
    yield from _foreign(ground, head, claims, foreign)
    yield from _untimely(head, claims, key)
    yield from _misdirected(ground, head, claims, key)
    yield from _tampered(token, key)


def _unsigned(
    head: dict[str, Any], claims: dict[str, Any], first: str, second: str, signature: str
) -> Iterator[tuple[str, str, str]]:
    for name in ("none", "None", "NONE", "nOnE", "", None):
        other = {**head, "alg": name}
        yield "alg none", f"alg {name!r}, no signature", compact(other, claims, lambda _: b"")
        yield "alg none", f"alg {name!r}, a signature of before", f"{encoded(other)}.{second}.{signature}"
    lacking = {name: value for name, value in head.items() if name != "alg"}
    yield "alg none", "no alg", compact(lacking, claims, lambda _: b"")
    yield "alg none", "two parts", f"{first}.{second}"
    yield "alg none", "an empty signature", f"{first}.{second}."


def _confused(
    head: dict[str, Any], claims: dict[str, Any], public: Ed25519PublicKey, signature: str
) -> Iterator[tuple[str, str, str]]:
    """What everybody knows of the public key, taken for a shared secret; and names of other algorithms."""
    kinds = serialization.Encoding, serialization.PublicFormat.SubjectPublicKeyInfo
    raw = public.public_bytes_raw()
    known = {
        "raw bytes": raw,
        "hex": raw.hex().encode(),
        "base64url": encoded(raw).encode(),
        "PEM": public.public_bytes(kinds[0].PEM, kinds[1]),
        "PEM without its last line break": public.public_bytes(kinds[0].PEM, kinds[1]).rstrip(b"\n"),
        "DER": public.public_bytes(kinds[0].DER, kinds[1]),
        "JWK": json.dumps({"kty": "OKP", "crv": "Ed25519", "x": encoded(raw)}).encode(),
        "kid": str(head["kid"]).encode(),
        "nothing": b"",
    }
    for length in (256, 384, 512):
        digest: Any = getattr(hashlib, f"sha{length}")
        for name, secret in known.items():
            forged = compact({**head, "alg": f"HS{length}"}, claims, lambda m, s=secret, d=digest: hmac.digest(s, m, d))  # type: ignore[misc]
            yield "key confusion", f"HS{length} with the public key as {name}", forged
    own = rsa.generate_private_key(65537, 2048)
    forged = compact({**head, "alg": "RS256"}, claims, lambda m: own.sign(m, padding.PKCS1v15(), hashes.SHA256()))
    yield "key confusion", "RS256 with a key of the thief's", forged
    for name in ("RS256", "PS256", "ES256", "ES256K", "Ed448", "HS256", "dir", "A128KW", "eddsa", "EDDSA"):
        parts = f"{encoded({**head, 'alg': name})}.{encoded(claims)}.{signature}"
        yield "key confusion", f"{name} over a signature of before", parts


def _named(head: dict[str, Any], claims: dict[str, Any], thief: Ed25519PrivateKey) -> Iterator[tuple[str, str, str]]:
    """Heads that say where the key is to be found."""
    kids: list[Any] = [
        "../../../../../../dev/null",
        "..\\..\\..\\windows\\win.ini",
        "/dev/null",
        "file:///dev/null",
        "https://evil.example/jwks.json",
        "' or 1=1 --",
        "x' union select 'AA' --",
        "x; touch /tmp/x",
        "{{7*7}}",
        "\x00",
        "",
        "a" * 5000,
        tokens.key_id(thief.public_key()),
        None,
        0,
        True,
        [],
        [head["kid"]],
        {},
    ]
    for kid in kids:
        shown = repr(kid)[:40]
        yield "kid", f"{shown}, the thief's signature", compact({**head, "kid": kid}, claims, thief.sign)
        empty = compact({**head, "kid": kid, "alg": "HS256"}, claims, lambda m: hmac.digest(b"", m, hashlib.sha256))
        yield "kid", f"{shown}, signed with an empty file", empty
    lacking = {name: value for name, value in head.items() if name != "kid"}
    yield "kid", "none at all", compact(lacking, claims, thief.sign)
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded(thief.public_key().public_bytes_raw())}
    pointers: dict[str, list[Any]] = {
        "jku": ["https://evil.example/jwks.json", "http://127.0.0.1/.well-known/jwks.json", "file:///etc/passwd", []],
        "x5u": ["https://evil.example/cert.pem", "http://169.254.169.254/latest/meta-data/"],
        "jwk": [jwk, {**jwk, "kid": head["kid"]}, {"kty": "oct", "k": "AA"}],
        "x5c": [[base64.b64encode(b"no certificate").decode()], []],
        "x5t": ["AAAA"],
    }
    for pointer, values in pointers.items():
        for value in values:
            for kid in (head["kid"], tokens.key_id(thief.public_key())):
                forged = compact({**head, pointer: value, "kid": kid}, claims, thief.sign)
                yield pointer, f"{str(value)[:50]}, kid {kid}", forged


def _critical(head: dict[str, Any], claims: dict[str, Any], key: Ed25519PrivateKey) -> Iterator[tuple[str, str, str]]:
    """Heads with more than we write, well signed: who may sign says what a head means, and nobody else adds to it."""
    additions: list[dict[str, Any]] = [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["x"], "x": 1},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"crit": "b64"},
        {"b64": False},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"enc": "A128GCM"},
        {"jku": "https://evil.example/jwks.json"},
    ]
    for more in additions:
        yield "crit", json.dumps(more), compact({**head, **more}, claims, key.sign)


def _foreign(
    ground: Ground, head: dict[str, Any], claims: dict[str, Any], foreign: str
) -> Iterator[tuple[str, str, str]]:
    theirs = signing_key(ground.abroad)
    their_head, their_claims = (opened(part) for part in foreign.split(".")[:2])
    yield "foreign tenant", "their token", foreign
    yield "foreign tenant", "our claims, their key and kid", compact(their_head, claims, theirs.sign)
    yield "foreign tenant", "our claims and kid, their key", compact(head, claims, theirs.sign)
    yield "foreign tenant", "their claims, our kid, their key", compact(head, their_claims, theirs.sign)
    ours = signing_key(ground.home)
    for name in ("iss", "aud", "pwd"):
        mixed = {**claims, name: their_claims[name]}
        yield "foreign tenant", f"our key, their {name}", compact(head, mixed, ours.sign)
    yield "foreign tenant", "our key, their claims", compact(head, their_claims, ours.sign)


def _untimely(head: dict[str, Any], claims: dict[str, Any], key: Ed25519PrivateKey) -> Iterator[tuple[str, str, str]]:
    now = int(timezone.now().timestamp())
    late: list[Any] = [now - 1, now - 3600, 0, -1, None, "soon", [], {}, True, float("nan"), float("-inf")]
    for value in late:
        yield "expired", f"exp {value!r}", compact(head, {**claims, "exp": value}, key.sign)
    for name in ("nbf", "iat"):
        for ahead in (30, 3600, 10**9):
            early = {**claims, name: now + ahead, "exp": now + ahead + 600}
            yield "not before", f"{name} in {ahead} s", compact(head, early, key.sign)
    for value in ("now", None, []):
        yield "not before", f"nbf {value!r}", compact(head, {**claims, "nbf": value}, key.sign)
    for name in ("exp", "nbf", "iat"):
        lacking = {each: value for each, value in claims.items() if each != name}
        yield "expired" if name == "exp" else "not before", f"no {name}", compact(head, lacking, key.sign)


def _misdirected(
    ground: Ground, head: dict[str, Any], claims: dict[str, Any], key: Ed25519PrivateKey
) -> Iterator[tuple[str, str, str]]:
    audience = claims["aud"]
    wrong: dict[str, list[Any]] = {
        "aud": ["", None, "*", [audience], [audience, "other"], {"a": audience}, audience.upper(), f"{audience} "],
        "iss": ["", None, "https://evil.example", [claims["iss"]], claims["iss"].upper(), "urn:orchestrall:tenant:"],
        "sub": ["", None, "nobody", str(UUID(int=5)), 1, [claims["sub"]], "x\x00", "' or 1=1 --"],
        "pwd": ["", None, "0" * 16, [claims["pwd"]], claims["pwd"][:-1]],
        "jti": [None],
    }
    for name, values in wrong.items():
        for value in values:
            yield f"wrong {name}", repr(value)[:60], compact(head, {**claims, name: value}, key.sign)
        lacking = {each: value for each, value in claims.items() if each != name}
        yield f"wrong {name}", "none at all", compact(head, lacking, key.sign)
    for typ in ("JWT", "at+JWT", "application/at+jwt", "rt+jwt", "dpop+jwt", "", None, 1):
        yield "wrong typ", repr(typ), compact({**head, "typ": typ}, claims, key.sign)


def _tampered(token: str, key: Ed25519PrivateKey) -> Iterator[tuple[str, str, str]]:
    first, second, third = token.split(".")
    head, claims = opened(first), opened(second)
    signature = base64.urlsafe_b64decode(third + "==")
    for place in range(0, 64, 7):
        changed = bytes(byte ^ (1 if number == place else 0) for number, byte in enumerate(signature))
        yield "tampered signature", f"byte {place}", f"{first}.{second}.{encoded(changed)}"
    scalar = int.from_bytes(signature[32:], "little") + _ORDER  # the same signature, written another way
    doubled = signature[:32] + scalar.to_bytes(32, "little")
    for name, other in {
        "with the order of the group added": doubled,
        "cut off": signature[:63],
        "with a byte more": signature + b"\x00",
        "of zeros": bytes(64),
        "of other claims": key.sign(b"other"),
    }.items():
        yield "tampered signature", name, f"{first}.{second}.{encoded(other)}"
    for name, value in {
        "sub": str(UUID(int=902)),
        "exp": claims["exp"] + 3600,
        "role": "owner",
        "pwd": "0" * 16,
    }.items():
        yield "tampered claims", name, f"{first}.{encoded({**claims, name: value})}.{third}"
    yield "tampered claims", "written another way", f"{first}.{encoded(json.dumps(claims, indent=1).encode())}.{third}"
    yield "tampered claims", "a head of before", f"{encoded({**head, 'x': 1})}.{second}.{third}"
    twice = (json.dumps(claims)[:-1] + f', "sub": "{UUID(int=902)}"}}').encode()
    yield "tampered claims", "a name given twice", f"{first}.{encoded(twice)}.{third}"
    for name, text in {
        "five parts": f"{first}..{second}.{third}.",
        "four parts": f"{token}.",
        "JSON": json.dumps({"payload": second, "signatures": [{"protected": first, "signature": third}]}),
        "a list for claims": compact(head, [], key.sign),  # type: ignore[arg-type]
        "claims nested deeply": f"{first}.{encoded(b'[' * 5000 + b']' * 5000)}.{third}",
        "a head nested deeply": f"{encoded(b'[' * 5000 + b']' * 5000)}.{second}.{third}",
        "no token": "a.b.c",
    }.items():
        yield "tampered claims", name, text.replace(" ", "")


def _by_bearer(ground: Ground, attack: str, what: str, credential: str, path: str = READ) -> Attempt:
    status, _ = ground.door.ask(ground.home, "GET", path, bearer=credential)
    return _judged(attack, what, status)


def _judged(attack: str, what: str, status: int) -> Attempt:
    """Only an answer that says that the credential is none counts as a refusal: not one that counts requests."""
    return Attempt(attack, what, accepted=status < 400, broke=status >= 400 and status not in {400, 401, 403, 422})


# Refresh tokens


def _traded(ground: Ground, attack: str, what: str, text: str, tenant: Tenant | None = None) -> tuple[Attempt, str]:
    status, body = ground.door.ask(tenant or ground.home, "POST", REFRESH, body={"refresh_token": text})
    return _judged(attack, what, status), str(body.get("refresh_token", ""))


def _refresh_tokens(ground: Ground) -> Iterator[Attempt]:
    def issued() -> str:
        return refresh.refresh_issue(user=ground.user)

    with tenant_context(ground.home):
        first = issued()
        attempt, second = _traded(ground, CONTROL, "a refresh token", first)
        yield attempt
        attempt, third = _traded(ground, CONTROL, "its successor", second)
        yield attempt
        sibling = issued()
        for what, text in {
            "the first again": first,
            "the second again": second,
            "the latest, of the family": third,
        }.items():
            yield _traded(ground, "refresh token used twice", what, text)[0]
        yield _traded(ground, CONTROL, "one of another sign-in", sibling)[0]

        with tenant_context(ground.abroad):
            theirs = refresh.refresh_issue(user=ground.twin)
        yield _traded(ground, "refresh token of another tenant", "theirs, at ours", theirs)[0]
        yield _traded(ground, "refresh token of another tenant", "ours, at theirs", issued(), ground.abroad)[0]
        with tenant_context(ground.abroad):
            row = RefreshToken.objects.latest("id")
        row.save(force_insert=True)
        yield _traded(ground, "refresh token of another tenant", "theirs, whose row was copied", theirs)[0]

        ended = "refresh token that has ended"
        changes: dict[str, dict[str, Any]] = {
            "expired": {"expires_at": timezone.now()},
            "revoked": {"revoked_at": timezone.now()},
            "of a password before": {"password_mark": "0" * 16},
        }
        for what, change in changes.items():
            text = issued()
            RefreshToken.objects.filter(digest=marks.digest_of(text)).update(**change)
            yield _traded(ground, ended, what, text)[0]
        text = issued()
        ground.door.ask(ground.home, "POST", "/api/v1/tokens/revoke", body={"token": text})
        yield _traded(ground, ended, "revoked over the API", text)[0]
        text = issued()
        wrong = text[:-1] + ("A" if text[-1] != "A" else "B")
        for what, forged in {
            "one with a wrong checksum": wrong,
            "one without a checksum": text[:-6],
            "one that was never made": marks.mint(marks.REFRESH),
            "one with a word for SQL": f"orr_{'%' * 49}",
            "one of digits": "orr_" + "0" * 49,
        }.items():
            yield _traded(ground, "forged refresh token", what, forged)[0]


# API keys


def _api_keys(ground: Ground) -> Iterator[Attempt]:
    def made(tenant: Tenant, user: User) -> tuple[ApiKey, str]:
        with tenant_context(tenant):
            return services.key_create(who=Caller(user), name="forgery", scopes=["keys.view"], days=1)

    key, text = made(ground.home, ground.user)
    yield _by_bearer(ground, CONTROL, "an API key", text)
    with tenant_context(ground.home):
        new, new_text = services.key_rotate(who=Caller(ground.user), key=key, overlap="1h")
        yield _by_bearer(ground, CONTROL, "the old key while they overlap", text)
        yield _by_bearer(ground, CONTROL, "the new key", new_text)
        ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        yield _by_bearer(ground, "API key that has ended", "rotated, after the overlap", text)
        _, last = services.key_rotate(who=Caller(ground.user), key=new, overlap="0")
        yield _by_bearer(ground, "API key that has ended", "rotated without an overlap", new_text)
        yield _by_bearer(ground, CONTROL, "the latest key", last)
        gone, gone_text = made(ground.home, ground.user)
        services.key_revoke(who=Caller(ground.user), key=gone)
        yield _by_bearer(ground, "API key that has ended", "revoked", gone_text)
        late, late_text = made(ground.home, ground.user)
        ApiKey.objects.filter(pk=late.pk).update(expires_at=timezone.now())
        yield _by_bearer(ground, "API key that has ended", "expired", late_text)

    theirs, their_text = made(ground.abroad, ground.twin)
    yield _by_bearer(ground, "API key of another tenant", "theirs", their_text)
    with tenant_context(ground.home):
        theirs.save(force_insert=True)
    yield _by_bearer(ground, "API key of another tenant", "theirs, whose row was copied", their_text)

    prefix, secret = last.split("_")[1], last.split("_", 2)[2][:-6]
    changed = f"ork_{prefix}_{'A' if secret[0] != 'A' else 'B'}{secret[1:]}"
    for what, forged in {
        "another secret, with its checksum": changed + marks.checksum(changed),
        "another secret, with the checksum of before": changed + last[-6:],
        "without its checksum": last[:-6],
        "the prefix of another key": f"ork_{new.prefix}_{secret}" + marks.checksum(f"ork_{new.prefix}_{secret}"),
        "capitals": last.upper(),
        "one that was never made": marks.mint("ork_01234567_"),
        "with a word for SQL": marks.mint("ork_' or 1=_"),
        "only the prefix": f"ork_{prefix}_",
    }.items():
        yield _by_bearer(ground, "forged API key", what, forged)


# Tickets


def _tickets(ground: Ground) -> Iterator[Attempt]:
    def bought() -> str:
        with tenant_context(ground.home):
            token = tokens.token_issue(user=ground.user)
        _, body = ground.door.ask(ground.home, "POST", TICKETS, bearer=token)
        return str(body["ticket"])

    def opened_by(attack: str, what: str, ticket: str, tenant: Tenant | None = None) -> Attempt:
        return Attempt(attack, what, ground.door.opens(tenant or ground.home, f"{SOCKET}?ticket={ticket}"))

    ticket = bought()
    yield opened_by("ticket of another tenant", "ours, at theirs", ticket, ground.abroad)
    yield opened_by(CONTROL, "a ticket", ticket)
    for what in ("at once", "and again"):
        yield opened_by("ticket used twice", what, ticket)
    with tenant_context(ground.abroad):
        yield opened_by("ticket of another tenant", "theirs, at ours", tickets.ticket_issue(Caller(ground.twin)))
    with tenant_context(ground.home):
        late = bought()
        redis().expire(tickets._place(late), 0)  # as Redis does it when the time is over
        yield opened_by("ticket that has ended", "after half a minute", late)
        _, claims = tokens.token_verify(tokens.token_issue(user=ground.user))
        past = {**claims, "exp": claims["iat"] - 1}
        yield opened_by(
            "ticket that has ended", "with its token", tickets.ticket_issue(Caller(ground.user), claims=past)
        )
        ticket = bought()
        wrong = ticket[:-1] + ("A" if ticket[-1] != "A" else "B")
        for what, forged in {
            "a wrong checksum": wrong,
            "one that was never made": marks.mint(marks.TICKET),
            "nothing": "",
            "a star": "ort_*",
        }.items():
            yield opened_by("forged ticket", what, forged)


# At the wrong door


def _mixed_up(ground: Ground) -> Iterator[Attempt]:
    with tenant_context(ground.home):
        token = tokens.token_issue(user=ground.user)
        _, key = services.key_create(who=Caller(ground.user), name="forgery", scopes=["keys.view"], days=1)
        again, ticket = refresh.refresh_issue(user=ground.user), tickets.ticket_issue(Caller(ground.user))
        yield _by_bearer(ground, "wrong door", "a refresh token as a bearer", again)
        yield _by_bearer(ground, "wrong door", "a ticket as a bearer", ticket)
        for what, text in {"an access token": token, "an API key": key, "a ticket": ticket}.items():
            yield _traded(ground, "wrong door", f"{what} as a refresh token", text)[0]
        for what, text in {"an access token": token, "an API key": key, "a refresh token": again}.items():
            opens = ground.door.opens(ground.home, f"{SOCKET}?ticket={text}")
            yield Attempt("wrong door", f"{what} as a ticket", opens)
        for name in ("token", "access_token", "api_key", "key", "authorization", "ticket"):
            status, _ = ground.door.ask(ground.home, "GET", f"{READ}?{name}={ticket if name == 'ticket' else token}")
            yield _judged("wrong door", f"?{name}= in an address", status)


# After the tenant's key was changed


def _rotated_signing_keys(ground: Ground) -> Iterator[Attempt]:
    from apps.tenants.services import signing_key_rotate

    with tenant_context(ground.home):
        former = tokens.token_issue(user=ground.user)
    signing_key_rotate(tenant=ground.home, at_once=True)
    ground.door.settle(ground.home)
    yield _by_bearer(ground, "tenant's key taken back", "a token of the former key", former)
