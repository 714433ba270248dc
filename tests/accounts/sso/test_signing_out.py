"""Who signs out here is signed out at the provider, and the other way round; nobody else signs anybody out."""

from __future__ import annotations

import base64
import re
import time
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.contrib.auth.hashers import make_password
from django.test import Client

from apps.accounts.models import SsoSession, User
from apps.audit.models import AuditEntry
from apps.tenants.context import tenant_context
from tests.accounts.sso.forging import moment, redirected
from tests.accounts.sso.ground import SAML, SCRIPTED, Browser, Ground, keys
from tests.factories import PASSWORD
from tests.oidcprovider import scripted
from tests.oidcprovider.scripted import signed

LOGIN = "http://acme.localhost/accounts/login/"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
OTHER = "another violet kettle hums"
Claims = dict[str, Any]


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def left(browser: Browser) -> str:
    """Sign out here: the address of the provider that the browser is sent on to."""
    ticket = browser.client.post("/accounts/logout/")["Location"]
    assert ticket.startswith("/sso/out/")
    assert not browser.is_in()
    page = browser.client.get(ticket)
    assert page.status_code == 200
    assert not SsoSession.objects.exists()
    return page.headers.get("Refresh", "").removeprefix("0; url=")


def entries(kind: str) -> int:
    return AuditEntry.objects.filter(kind=f"accounts.{kind}").count()


# ---------------------------------------------------------------------------------------------------- from here, OpenID
def test_who_signs_out_here_is_signed_out_by_the_real_provider_and_comes_back(ground: Ground) -> None:
    browser = ground.browser()
    assert browser.real("ana") == "in"
    address = left(browser)
    said = query_of(address)
    hint = jwt.decode(said["id_token_hint"], options={"verify_signature": False})
    assert (hint["sub"], hint["iss"], said["client_id"]) == ("ana", ground.peers.real.issuer, "orchestrall")
    assert said["post_logout_redirect_uri"] == LOGIN
    assert ground.peers.real.sign_out(address) == LOGIN


def test_where_a_provider_has_no_place_to_sign_out_at_the_page_says_so(ground: Ground) -> None:
    browser = ground.browser()
    assert browser.scripted("ana", discovery={"end_session_endpoint": None}) == "in"
    ticket = browser.client.post("/accounts/logout/")["Location"]
    page = browser.client.get(ticket)
    assert ("Refresh" in page, "you may still be signed in there" in page.content.decode()) == (False, True)


def test_a_ticket_counts_once_and_a_wrong_one_signs_nobody_out(ground: Ground) -> None:
    browser, other = ground.browser(), ground.browser()
    assert (browser.scripted("ana"), other.scripted("ben")) == ("in", "in")
    ticket = browser.client.post("/accounts/logout/")["Location"]
    assert "Refresh" in browser.client.get(ticket)
    for wrong in (ticket, ticket[:-3] + "xx/", f"/sso/out/{uuid4()}/"):
        assert other.client.get(wrong)["Location"] == "/accounts/login/"
    assert other.is_in()
    assert SsoSession.objects.count() == 1  # its provider can still end it


def test_the_other_tenant_s_ticket_signs_nobody_out(ground: Ground) -> None:
    browser, there = ground.browser(), ground.browser(ground.globex)
    assert (browser.scripted("ana"), there.scripted("ana")) == ("in", "in")
    ticket = browser.client.post("/accounts/logout/")["Location"]
    assert there.client.get(ticket)["Location"] == "/accounts/login/"
    assert there.is_in()
    with tenant_context(ground.globex):
        assert SsoSession.objects.count() == 1
    assert "Refresh" in browser.client.get(ticket)  # it was not used up there


# ------------------------------------------------------------------------------------------------- from there, OpenID
def logout(ground: Ground, sub: str | None = "ana", **changed: Any) -> Claims:
    now = int(time.time())
    honest = {"iss": ground.peers.scripted.issuer, "aud": scripted.CLIENT, "sub": sub, "iat": now, "exp": now + 120}
    claims = {**honest, "jti": uuid4().hex, "events": {EVENT: {}}, **changed}
    return {name: value for name, value in claims.items() if value is not None}


def told(token: str, *, slug: str = "acme") -> Any:
    """The provider's own request, without any cookie. CSRF is checked: it has no token of that either."""
    provider = Client(headers={"host": f"{slug}.localhost"}, enforce_csrf_checks=True)
    return provider.post(f"/sso/{SCRIPTED}/backchannel/", {"logout_token": token})


@pytest.fixture
def inside(ground: Ground) -> Browser:
    """Ana, who came by the scripted provider in its session s1."""
    browser = ground.browser()
    assert browser.scripted("ana", claims={"sid": "s1"}) == "in"
    return browser


@pytest.mark.parametrize("typ", ["logout+jwt", "JWT", None])
def test_the_provider_ends_all_sessions_of_a_person(ground: Ground, inside: Browser, typ: str | None) -> None:
    second, ben = ground.browser(), ground.browser()
    assert (second.scripted("ana", claims={"sid": "s2"}), ben.scripted("ben")) == ("in", "in")
    answer = told(signed(logout(ground), typ=typ))
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert [each.is_in() for each in (inside, second, ben)] == [False, False, True]
    assert entries("sso_ended") == 1


@pytest.mark.parametrize("sub", ["ana", None])
def test_the_provider_ends_one_session_by_its_name(ground: Ground, inside: Browser, sub: str | None) -> None:
    second = ground.browser()
    assert second.scripted("ana", claims={"sid": "s2"}) == "in"
    assert told(signed(logout(ground, sub, sid="s2"))).status_code == 200
    assert [each.is_in() for each in (inside, second)] == [True, False]


@pytest.mark.parametrize(
    ("reason", "changed", "how"),
    [
        ("issuer", {"iss": "https://other.example"}, {}),
        ("audience", {"aud": "other"}, {}),
        ("token", {"nonce": "n"}, {}),
        ("token", {"events": None}, {}),
        ("token", {"events": {"http://schemas.openid.net/event/other": {}}}, {}),
        ("token", {"sub": None}, {}),
        ("token", {"jti": None}, {}),
        ("token", {"iat": None}, {}),
        ("token", {}, {"typ": "at+jwt"}),
        ("signature", {}, {"by": "another"}),
        ("expired", {"exp": 1}, {}),
        ("expired", {"exp": None, "iat": 1}, {}),
    ],
    ids=lambda each: str(each)[:40],
)
def test_a_logout_token_that_is_none_ends_nothing(
    ground: Ground, inside: Browser, reason: str, changed: Claims, how: dict[str, Any]
) -> None:
    answer = told(signed(logout(ground, **changed), **how))
    assert (answer.status_code, answer.content.decode()) == (400, f"{reason}\n")
    assert inside.is_in()
    assert entries("sso_refused") == 1


@pytest.mark.parametrize("token", ["", "none", "a.b.c"])
def test_what_is_no_token_ends_nothing(inside: Browser, token: str) -> None:
    assert told(token).status_code == 400
    assert inside.is_in()


def test_a_token_without_a_signature_ends_nothing(ground: Ground, inside: Browser) -> None:
    answer = told(jwt.encode(logout(ground), "", algorithm="none"))
    assert (answer.content, inside.is_in()) == (b"algorithm\n", True)


def test_an_id_token_ends_nothing(ground: Ground, inside: Browser) -> None:
    row = SsoSession.objects.get()
    assert told(row.hint["id_token"]).content == b"token\n"
    assert inside.is_in()


def test_a_logout_token_counts_once(ground: Ground, inside: Browser) -> None:
    token = signed(logout(ground))
    assert told(token).status_code == 200
    assert inside.scripted("ana") == "in"
    answer = told(token)
    assert (answer.status_code, answer.content, inside.is_in()) == (400, b"replayed\n", True)


def test_the_other_tenant_s_logout_token_ends_nothing(ground: Ground, inside: Browser) -> None:
    there = ground.browser(ground.globex)
    assert there.scripted("ana", claims={"sid": "s1"}) == "in"
    ground.change(SCRIPTED, access={"client_id": "orchestrall of acme"})
    assert told(signed(logout(ground, aud="orchestrall of acme")), slug="globex").content == b"audience\n"
    assert [each.is_in() for each in (inside, there)] == [True, True]
    # And what is for the other tenant reaches nobody here, though they have one name and one session there.
    assert told(signed(logout(ground, sid="s1")), slug="globex").status_code == 200
    assert [each.is_in() for each in (inside, there)] == [True, False]


def test_a_session_that_goes_on_under_another_key_ends_too(ground: Ground, inside: Browser) -> None:
    User.objects.filter(email="ana@acme.example").update(password=make_password(PASSWORD))
    assert inside.scripted("ana") == "in"
    before = inside.client.cookies["sessionid"].value
    inside.client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER})
    assert (inside.client.cookies["sessionid"].value != before, inside.is_in()) == (True, True)
    assert told(signed(logout(ground))).status_code == 200
    assert not inside.is_in()


# --------------------------------------------------------------------------------------------------------------- SAML
@pytest.fixture
def index(ground: Ground, by_saml: Browser) -> str:
    """The provider's name for the session."""
    return str(SsoSession.objects.get().hint["index"])


@pytest.fixture
def by_saml(ground: Ground) -> Browser:
    browser = ground.browser()
    assert browser.post(SAML, browser.saml("ana")) == "in"
    return browser


def ending(ground: Ground, index: str, *, person: str = "ana", slug: str = "acme") -> str:
    """Where the provider sends a browser whose session ends there."""
    program = f"http://{slug}.localhost/sso/{SAML}/metadata/"
    return ground.peers.saml.end(person=person, index=index, program=program)


def inflated(query: dict[str, str], name: str) -> str:
    return zlib.decompress(base64.b64decode(query[name]), -15).decode()


def test_who_signs_out_here_is_signed_out_by_the_provider_of_saml_and_comes_back(
    ground: Ground, by_saml: Browser, index: str
) -> None:
    address = left(by_saml)
    assert address.startswith(f"{ground.peers.saml.base}/slo?")
    asked = inflated(query_of(address), "SAMLRequest")
    assert ("ana<" in asked, f"{index}<" in asked) == (True, True)
    back = ground.peers.saml.sign_out(address)  # which verifies our signature
    assert back.startswith(f"http://acme.localhost/sso/{SAML}/sls/?")
    answer = by_saml.client.get(back.removeprefix("http://acme.localhost"))
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")


def test_the_provider_of_saml_ends_a_session_and_is_answered_with_a_signature(
    ground: Ground, by_saml: Browser, index: str
) -> None:
    other = ground.browser()
    assert other.post(SAML, other.saml("ana")) == "in"
    address = ending(ground, index)
    answer = ground.browser().client.get(address)  # of any browser: the signature counts
    assert answer.status_code == 302
    assert [each.is_in() for each in (by_saml, other)] == [False, True]
    assert entries("sso_ended") == 1
    assert answer["Location"].startswith(f"{ground.peers.saml.base}/slo?")
    said = query_of(answer["Location"])
    told = inflated(said, "SAMLResponse")
    asked = re.search(r'ID="([^"]+)"', inflated(query_of(address), "SAMLRequest"))
    assert asked
    assert (f'InResponseTo="{asked[1]}"' in told, "status:Success" in told) == (True, True)
    assert said["RelayState"] == "back here"
    parts = {part.partition("=")[0]: part for part in urlsplit(answer["Location"]).query.split("&")}
    over = "&".join(parts[name] for name in ("SAMLResponse", "RelayState", "SigAlg"))
    key = x509.load_pem_x509_certificate(keys()["certificate"].encode()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.b64decode(said["Signature"]), over.encode(), padding.PKCS1v15(), hashes.SHA256())


def _said(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda told: re.sub(old, new, told.decode()).encode()


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("recipient", _said(r' Destination="[^"]+"', "")),
        ("recipient", _said(r'(Destination="[^"]+)"', r'\1else/"')),
        ("structure", _said(r'Destination="[^"]+"', 'Destination="http://other.example/"')),
        ("structure", _said(r">http://[^<]+/metadata<", ">https://other.example<")),
        ("issuer", _said(r"<[^<>]*Issuer.*Issuer>", "")),
        ("expired", _said(r'IssueInstant="[^"]+"', f'IssueInstant="{moment(-600)}"')),
        ("expired", _said(r'IssueInstant="[^"]+"', f'IssueInstant="{moment(600)}"')),
        ("structure", _said(r" IssueInstant=", f' NotOnOrAfter="{moment(-90)}" IssueInstant=')),
    ],
)
def test_a_request_of_the_provider_that_is_for_nobody_here_or_old_ends_nothing(
    ground: Ground, by_saml: Browser, index: str, reason: str, change: Callable[[bytes], bytes]
) -> None:
    address = redirected(ending(ground, index), ground.peers.saml.key_file, change)
    assert f"<code data-reason>{reason}<" in by_saml.client.get(address).content.decode()
    assert by_saml.is_in()


def test_a_request_of_the_provider_counts_once(ground: Ground, by_saml: Browser, index: str) -> None:
    address = redirected(ending(ground, index), ground.peers.saml.key_file, _said(r"<[^<>]*SessionIndex>.*x>", ""))
    assert ground.browser().client.get(address).status_code == 302
    assert by_saml.post(SAML, by_saml.saml("ana")) == "in"
    assert "<code data-reason>replayed<" in by_saml.client.get(address).content.decode()
    assert by_saml.is_in()


def test_a_request_that_the_provider_did_not_sign_ends_nothing(ground: Ground, by_saml: Browser, index: str) -> None:
    from tests.samlprovider import certificate_made

    address = ending(ground, index)
    folder = ground.peers.saml.folder / "another-out"
    certificate_made(folder)
    sha1 = "http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1"
    tried = {
        "unsigned": address.partition("&Signature=")[0],
        "signature": redirected(address, folder / "key.pem", lambda told: told),
        "algorithm": re.sub(r"SigAlg=[^&]+", f"SigAlg={sha1}", address),
        "structure": address.replace("SAMLRequest=", "SAMLOther="),
    }
    for reason, each in tried.items():
        assert f"<code data-reason>{reason}<" in by_saml.client.get(each).content.decode(), reason
    assert by_saml.is_in()


def test_what_is_signed_is_what_is_read(ground: Ground, by_saml: Browser, index: str) -> None:
    """Eve's own request, signed by the provider, and beside it one about Ana under the same name, disguised or not."""
    hers, forged = ending(ground, "other", person="eve"), query_of(ending(ground, index))["SAMLRequest"]
    forged = forged.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    for name in ("SAMLRequest", "SAML%52equest", "SAMLResponse"):
        answer = by_saml.client.get(f"{hers}&{name}={forged}")
        assert "<code data-reason>structure<" in answer.content.decode(), name
    assert by_saml.is_in()
    assert by_saml.client.get(hers).status_code == 302
    assert by_saml.is_in()


def test_the_other_tenant_s_request_of_saml_ends_nothing(ground: Ground, by_saml: Browser, index: str) -> None:
    there = ground.browser(ground.globex)
    assert there.post(SAML, there.saml("ana")) == "in"
    query = urlsplit(ending(ground, index)).query
    answer = there.client.get(f"/sso/{SAML}/sls/?{query}")
    assert answer.status_code == 403
    assert [each.is_in() for each in (by_saml, there)] == [True, True]
