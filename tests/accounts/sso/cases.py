"""What somebody may try at the door of single sign-on, and what has to come of it.

A case is a function of the ground; it returns ``in``, or the reason of the refusal. It is told apart from the others by
its person where it lets one in, so that cases may follow one another in one tenant.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import jwt
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives import serialization
from lxml import etree

from apps.accounts.models import User
from apps.tenants.context import tenant_context
from tests.accounts.sso import forging
from tests.accounts.sso.forging import assertion_of, drop, resigned, set_data, set_text, set_times
from tests.accounts.sso.ground import DOMAIN, OTHER, REAL, SAML, SCRIPTED, Ground
from tests.factories import make_member
from tests.oidcprovider import scripted
from tests.oidcprovider.scripted import signed
from tests.samlprovider.signing import sign

Try = Callable[[Ground], str]


@dataclass(frozen=True)
class Tried:
    group: str
    name: str
    does: Try
    comes_to: str
    """The outcome; ``refused`` where the reason does not matter, as several checks would refuse it."""

    def holds(self, outcome: str) -> bool:
        return outcome not in {"in", "status 500"} if self.comes_to == "refused" else outcome == self.comes_to


CASES: Final[list[Tried]] = []


def case(group: str, name: str, comes_to: str) -> Callable[[Try], Try]:
    def add(does: Try) -> Try:
        CASES.append(Tried(group, name, does, comes_to))
        return does

    return add


def _says(group: str, name: str, comes_to: str, *, person: str = "ana", **says: Any) -> None:
    CASES.append(Tried(group, name, lambda ground: ground.browser().scripted(person, **says), comes_to))


# ------------------------------------------------------------------------------------------------- people who come in
@case("sign-in", "OpenID Connect: new, then again", "in")
def _(ground: Ground) -> str:
    assert ground.browser().real("ana") == "in"
    return ground.browser().real("ana")


@case("sign-in", "SAML: new, then again", "in")
def _(ground: Ground) -> str:
    for _time in range(2):
        browser = ground.browser()
        outcome = browser.post(SAML, browser.saml("ben"))
    return outcome


@case("sign-in", "a member who was there before", "in")
def _(ground: Ground) -> str:
    with tenant_context(ground.acme):
        member = make_member("viewer", email=f"old@{DOMAIN}")
    outcome = ground.browser().real("old")
    member.refresh_from_db()
    return outcome if member.role == "builder" else f"role {member.role}"


@case("sign-in", "a member who was deactivated", "inactive")
def _(ground: Ground) -> str:
    with tenant_context(ground.acme):
        make_member("viewer", email=f"out@{DOMAIN}", is_active=False)
    return ground.browser().real("out")


@case("sign-in", "an owner keeps the role, whatever the groups", "in")
def _(ground: Ground) -> str:
    with tenant_context(ground.acme):
        make_member("owner", email=f"boss@{DOMAIN}")
    outcome = ground.browser().scripted("boss", userinfo={"groups": ["sales"]})
    with tenant_context(ground.acme):
        return outcome if User.objects.get(email=f"boss@{DOMAIN}").role == "owner" else "not owner"


# ---------------------------------------------------------------------------------------------------------- addresses
_says("address", "of a domain that is not the tenant's", "domain", userinfo={"email": "ana@other.example"})
_says("address", "of a domain that ends alike", "domain", userinfo={"email": f"ana@evil{DOMAIN}"})
_says("address", "not verified", "unverified", userinfo={"email_verified": False})
_says("address", "of which nothing is said", "unverified", userinfo={"email_verified": None})
_says("address", "none", "unverified", userinfo={"email": None})
_says("address", "with the sign of Kelvin for a k", "unverified", userinfo={"email": "\u212aim@acme.example"})
_says("address", "with a sign that nobody sees", "unverified", userinfo={"email": "a\u200bna@acme.example"})


@case("address", "of a claim that email_verified does not speak of", "unverified")
def _(ground: Ground) -> str:
    ground.change(SCRIPTED, rules={"email": "upn"})
    outcome = ground.browser().scripted(userinfo={"upn": "ben@acme.example"})
    ground.change(SCRIPTED, rules={"email": ""})
    return outcome


_says("address", "group without a role", "group", person="eve", userinfo={"groups": ["sales"]})


@case("address", "OpenID Connect, real: not verified", "unverified")
def _(ground: Ground) -> str:
    return ground.browser().real("una")


@case("address", "OpenID Connect, real: group without a role", "group")
def _(ground: Ground) -> str:
    return ground.browser().real("eve")


@case("address", "SAML, real: group without a role", "group")
def _(ground: Ground) -> str:
    browser = ground.browser()
    return browser.post(SAML, browser.saml("eve"))


# ------------------------------------------------------------------------------------------------------ tokens of OIDC
def _none(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, "", algorithm="none", headers={"kid": scripted.KID})


def _confused(claims: dict[str, Any]) -> str:
    """Signed by HMAC, with the public key in place of a secret."""
    public = scripted.key("its own").public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return _hmac(claims, pem)


def _hmac(claims: dict[str, Any], secret: bytes) -> str:
    parts = [{"alg": "HS256", "typ": "JWT", "kid": scripted.KID}, claims]
    body = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    return b".".join([body, urlsafe_b64encode(hmac.digest(secret, body, hashlib.sha256)).rstrip(b"=")]).decode()


def _at(seconds: float) -> int:
    return int(time.time() + seconds)


_says("token", "honest", "in", person="tom")
_says("token", "wrong issuer", "issuer", claims={"iss": "https://other.example"})
_says("token", "discovery names another issuer", "issuer", discovery={"issuer": "https://other.example"})
_says("token", "wrong audience", "audience", claims={"aud": "other"})
_says(
    "token",
    "several audiences, made for another",
    "audience",
    claims={"aud": ["other", scripted.CLIENT], "azp": "other"},
)
_says("token", "several audiences, made for nobody", "audience", claims={"aud": ["other", scripted.CLIENT]})
_says("token", "wrong nonce", "nonce", claims={"nonce": "other"})
_says("token", "no nonce", "nonce", claims={"nonce": None})
_says("token", "alg none", "algorithm", token=_none)
_says("token", "HS256 with the public key", "algorithm", token=_confused)
_says(
    "token", "HS256 with the client's secret", "algorithm", token=lambda claims: _hmac(claims, scripted.SECRET.encode())
)
_says("token", "signed by another key of the same name", "signature", token=lambda claims: signed(claims, by="another"))
_says(
    "token",
    "signed by a key that is not published",
    "signature",
    token=lambda claims: signed(claims, by="another", kid="x"),
)
_says("token", "no name of a key, right key", "in", person="kim", token=lambda claims: signed(claims, kid=None))
_says("token", "changed after it was signed", "refused", token=lambda claims: signed(claims)[:-8] + "AAAAAAAA")
_says("token", "none", "token", token=lambda claims: None)
_says("token", "of another access token (at_hash)", "token", claims={"at_hash": "b3RoZXI"})
_says("token", "userinfo of somebody else", "subject", userinfo={"sub": "other"})
_says("token", "no subject", "token", claims={"sub": None})
CASES.append(
    Tried(
        "clock",
        "OpenID Connect: expired 30 s ago",
        lambda g: g.browser().scripted("sam", claims={"exp": _at(-30)}),
        "in",
    )
)
CASES.append(
    Tried(
        "clock", "OpenID Connect: expired 90 s ago", lambda g: g.browser().scripted(claims={"exp": _at(-90)}), "expired"
    )
)
CASES.append(
    Tried("clock", "OpenID Connect: made in 30 s", lambda g: g.browser().scripted("lou", claims={"iat": _at(30)}), "in")
)
CASES.append(
    Tried("clock", "OpenID Connect: made in 90 s", lambda g: g.browser().scripted(claims={"iat": _at(90)}), "expired")
)


# ------------------------------------------------------------------------------------------------- the way of the code
@case("code", "answer brought a second time", "state")
def _(ground: Ground) -> str:
    browser = ground.browser()
    ground.speaks_for(REAL)
    brought = ground.peers.real.sign_in(browser.begin(REAL), person="ana")
    assert browser.come_back(REAL, brought) == "in"
    return browser.come_back(REAL, brought)


@case("code", "used code with a fresh state", "exchange")
def _(ground: Ground) -> str:
    ground.speaks_for(REAL)
    browser = ground.browser()
    used = ground.peers.real.sign_in(browser.begin(REAL), person="ana")
    assert browser.come_back(REAL, used) == "in"
    other = ground.browser()
    fresh = ground.peers.real.sign_in(other.begin(REAL), person="ben")
    return other.come_back(REAL, {**fresh, "code": used["code"]})


@case("code", "code of somebody else, injected", "exchange")
def _(ground: Ground) -> str:
    ground.speaks_for(REAL)
    victim, thief = ground.browser(), ground.browser()
    theirs = ground.peers.real.sign_in(victim.begin(REAL), person="ana")
    own = ground.peers.real.sign_in(thief.begin(REAL), person="ben")
    return thief.come_back(REAL, {**own, "code": theirs["code"]})


@case("code", "tampered state", "state")
def _(ground: Ground) -> str:
    browser = ground.browser()
    ground.speaks_for(REAL)
    brought = ground.peers.real.sign_in(browser.begin(REAL), person="ana")
    return browser.come_back(REAL, {**brought, "state": brought["state"][::-1]})


@case("code", "state of another browser", "state")
def _(ground: Ground) -> str:
    ground.speaks_for(REAL)
    brought = ground.peers.real.sign_in(ground.browser().begin(REAL), person="ana")
    return ground.browser().come_back(REAL, brought)


@case("code", "without an answer to anything", "state")
def _(ground: Ground) -> str:
    return ground.browser().come_back(REAL, {"code": "x"})


@case("code", "declined by the provider", "declined")
def _(ground: Ground) -> str:
    return ground.browser().scripted(query={"code": None, "error": "access_denied"})


@case("mix-up", "answer of another provider, by its issuer", "issuer")
def _(ground: Ground) -> str:
    return ground.browser().scripted(query={"iss": ground.peers.other.issuer})


@case("mix-up", "answer without an issuer, where one is promised", "issuer")
def _(ground: Ground) -> str:
    return ground.browser().scripted(query={"iss": None})


@case("mix-up", "answer to one provider brought to another's address", "state")
def _(ground: Ground) -> str:
    browser = ground.browser()
    brought = ground.peers.scripted.sign_in(browser.begin(SCRIPTED))
    return browser.come_back(OTHER, brought)


@case("mix-up", "token of another provider", "issuer")
def _(ground: Ground) -> str:
    return ground.browser().scripted(claims={"iss": ground.peers.other.issuer})


@case("other tenant", "OpenID Connect: answer of one brought to the other", "state")
def _(ground: Ground) -> str:
    ground.speaks_for(REAL, ground.globex)
    brought = ground.peers.real.sign_in(ground.browser(ground.acme).begin(REAL), person="ana")
    return ground.browser(ground.globex).come_back(REAL, brought)


@case("other tenant", "OpenID Connect: code of one in a sign-in of the other", "exchange")
def _(ground: Ground) -> str:
    ground.speaks_for(REAL, ground.globex)
    theirs = ground.peers.real.sign_in(ground.browser(ground.acme).begin(REAL), person="ana")
    browser = ground.browser(ground.globex)
    own = ground.peers.real.sign_in(browser.begin(REAL), person="ben")
    return browser.come_back(REAL, {**own, "code": theirs["code"]})


@case("other tenant", "SAML: response of one brought to the other", "state")
def _(ground: Ground) -> str:
    ground.speaks_for(SAML, ground.globex)
    xml = ground.browser(ground.acme).saml("ana")
    return ground.browser(ground.globex).post(SAML, xml)


@case("other tenant", "SAML: assertion of one in a sign-in of the other", "refused")
def _(ground: Ground) -> str:
    xml = ground.browser(ground.acme).saml("ana")
    browser = ground.browser(ground.globex)
    own = forging.parsed(browser.saml("ben"))
    own.replace(assertion_of(own), assertion_of(forging.parsed(xml)))
    return browser.post(SAML, etree.tostring(own))


# ------------------------------------------------------------------------------------------------------------- of SAML
def _saml(group: str, name: str, comes_to: str, change: Callable[[Ground], forging.Change], **options: Any) -> None:
    """What the provider might say itself, signed by its own key."""

    def does(ground: Ground) -> str:
        browser = ground.browser()
        xml = browser.saml(options.get("person", "ana"))
        key = ground.peers.saml.key_file
        return browser.post(SAML, resigned(xml, key, change(ground), whole=options.get("whole", False)))

    CASES.append(Tried(group, name, does, comes_to))


def _times(begins: float, ends: float) -> Callable[[Ground], forging.Change]:
    return lambda ground: lambda root: set_times(root, begins, ends)


_saml("response", "honest, signed anew", "in", lambda g: lambda root: None, person="ana")
_saml("response", "wrong issuer", "issuer", lambda g: set_text(".//saml:Issuer", "https://other.example"))
_saml("response", "wrong audience", "audience", lambda g: set_text(".//saml:Audience", "https://other.example"))
_saml("response", "no audience", "audience", lambda g: drop(".//saml:AudienceRestriction"))
_saml("response", "wrong recipient", "recipient", lambda g: set_data(Recipient="http://other.example/acs/"))
_saml("response", "no recipient", "recipient", lambda g: set_data(Recipient=None))
_saml(
    "response",
    "wrong destination",
    "recipient",
    lambda g: lambda root: root.set("Destination", "http://other.example/"),
)
_saml(
    "response", "destination that begins alike", "recipient",
    lambda g: lambda root: root.set("Destination", root.get("Destination") + "../else/"),
)  # fmt: skip
_saml("response", "assertion to another request", "request", lambda g: set_data(InResponseTo="other"))
_saml("response", "assertion to no request", "request", lambda g: set_data(InResponseTo=None))
_saml(
    "response", "to no request (begun at the provider)", "request",
    lambda g: lambda root: (root.attrib.pop("InResponseTo"), set_data(InResponseTo=None)(root)),
)  # fmt: skip
_saml("response", "no end of its validity", "expired", lambda g: set_data(NotOnOrAfter=None))
_saml("response", "address of another domain", "domain", lambda g: _addressed("ana@other.example"))
_saml("clock", "SAML: holds from in 45 s", "in", _times(45, 300))
_saml("clock", "SAML: holds from in 90 s", "expired", _times(90, 300))
_saml("clock", "SAML: expired 90 s ago", "expired", _times(-600, -90))


def _addressed(address: str) -> forging.Change:
    def change(root: Any) -> None:
        for each in root.iter("{*}AttributeValue"):
            if "@" in (each.text or ""):
                each.text = address

    return change


@case("response", "brought a second time", "state")
def _(ground: Ground) -> str:
    browser = ground.browser()
    xml = browser.saml("ana")
    assert browser.post(SAML, xml) == "in"
    return browser.post(SAML, xml)


@case("response", "brought a second time, its request kept", "replayed")
def _(ground: Ground) -> str:
    browser = ground.browser()
    xml = browser.saml("ana")
    kept = dict(browser.client.session["socialaccount_states"])
    assert browser.post(SAML, xml) == "in"
    session = browser.client.session
    session["socialaccount_states"] = kept
    session.save()
    return browser.post(SAML, xml)


@case("signature", "none", "unsigned")
def _(ground: Ground) -> str:
    browser = ground.browser()
    return browser.post(SAML, forging.without_signatures(browser.saml()))


@case("signature", "of the response alone", "unsigned")
def _(ground: Ground) -> str:
    browser = ground.browser()
    root = forging.parsed(forging.without_signatures(browser.saml()))
    sign(root, root, ground.peers.saml.key_file)
    return browser.post(SAML, etree.tostring(root))


@case("signature", "of the assertion alone, where both are asked for", "unsigned")
def _(ground: Ground) -> str:
    ground.change(SAML, access={"want_signed_response": True})
    browser = ground.browser()
    outcome = browser.post(SAML, browser.saml())
    ground.change(SAML, access={"want_signed_response": False})
    return outcome


@case("signature", "of both, where both are asked for", "in")
def _(ground: Ground) -> str:
    ground.change(SAML, access={"want_signed_response": True})
    browser = ground.browser()
    xml = resigned(browser.saml(), ground.peers.saml.key_file, lambda root: None, whole=True)
    outcome = browser.post(SAML, xml)
    ground.change(SAML, access={"want_signed_response": False})
    return outcome


@case("signature", "by another key", "signature")
def _(ground: Ground) -> str:
    from tests.samlprovider import certificate_made

    folder = ground.peers.saml.folder / "another"
    if not folder.exists():
        certificate_made(folder)
    browser = ground.browser()
    return browser.post(SAML, resigned(browser.saml(), folder / "key.pem", lambda root: None))


@case("signature", "name changed after it was signed", "signature")
def _(ground: Ground) -> str:
    browser = ground.browser()
    root = forging.parsed(browser.saml())
    set_text(".//saml:NameID", "ben")(root)
    return browser.post(SAML, etree.tostring(root))


@case("signature", "by SHA-1", "algorithm")
def _(ground: Ground) -> str:
    browser = ground.browser()
    sha1 = b"http://www.w3.org/2000/09/xmldsig#rsa-sha1"
    return browser.post(SAML, browser.saml().replace(b"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", sha1))


@case("signature", "with a transform that leaves a part out", "structure")
def _(ground: Ground) -> str:
    browser = ground.browser()
    xpath = b"http://www.w3.org/TR/1999/REC-xpath-19991116"
    return browser.post(SAML, browser.saml().replace(b"http://www.w3.org/2000/09/xmldsig#enveloped-signature", xpath))


def _wrapped(name: str) -> None:
    def does(ground: Ground) -> str:
        browser = ground.browser()
        whole = name in forging.WHOLE
        xml = resigned(browser.saml("ana"), ground.peers.saml.key_file, lambda root: None, whole=whole)
        return browser.post(SAML, etree.tostring(forging.WRAPPED[name](forging.parsed(xml), "ben")))

    CASES.append(Tried("wrapping", name, does, "refused"))


for _name in forging.WRAPPED:
    _wrapped(_name)


@case("xml", "entities that grow", "structure")
def _(ground: Ground) -> str:
    browser = ground.browser()
    bomb = b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    return browser.post(SAML, bomb + etree.tostring(forging.parsed(browser.saml())))


@case("xml", "an entity of a file", "structure")
def _(ground: Ground) -> str:
    browser = ground.browser()
    bomb = b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    return browser.post(SAML, bomb + etree.tostring(forging.parsed(browser.saml())))


@case("xml", "a comment in the name, which cuts it off for some", "in")
def _(ground: Ground) -> str:
    browser = ground.browser()
    xml = browser.saml("ana").replace(b">ana<", b">an<!-- -->a<")
    assert b"<!--" in xml
    outcome = browser.post(SAML, xml)
    with tenant_context(ground.acme):
        whole = SocialAccount.objects.filter(provider=str(SAML), uid="ana").exists()
    return outcome if whole else "cut off"


@case("xml", "no XML", "structure")
def _(ground: Ground) -> str:
    return ground.browser().post(SAML, b"not a response")
