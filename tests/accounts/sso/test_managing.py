"""Identity providers are connected, tested, given domains and changed, by owners alone and on the record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.db import connection as database
from django.test import Client

from apps.accounts.factors.adapter import FactorAdapter
from apps.accounts.models import SsoConnection, SsoPolicy, User
from apps.accounts.services import member_deactivate, member_factors_remove, role_set
from apps.accounts.sso import domains, findings, services
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, InvalidInput, NotAuthenticated, PermissionDenied
from apps.console.schemaforms.secrets import MASK
from apps.gateway import limits
from apps.gateway.refresh import refresh_issue, refresh_trade
from apps.tenants.fast import redis_key
from tests import oidcprovider
from tests.accounts.factors import app_of, code
from tests.accounts.sso.ground import DOMAIN, OTHER, REAL, SAML, SCRIPTED, Ground
from tests.oidcprovider import scripted

Make = Callable[..., User]
ClientFor = Callable[..., Client]
PASSWORD = "a password of the tests"


def kinds() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("kind", flat=True))


def access(ground: Ground, **more: Any) -> dict[str, Any]:
    return {"issuer": ground.peers.scripted.issuer, "client_id": scripted.CLIENT, "client_secret": "sesame", **more}


@pytest.fixture
def owner(ground: Ground, member: Make) -> User:
    return member("owner", password=PASSWORD)


def test_a_provider_is_connected_by_its_form_tested_and_turned_on(
    ground: Ground, owner: User, client_for: ClientFor
) -> None:
    client = client_for(owner)
    typed = {f"access.{name}": value for name, value in access(ground).items()}
    roles = {"rules.roles.0.group": "engineers", "rules.roles.0.role": "builder", "rules.roles.#": "0"}
    answer = client.post("/identity/sso/new/oidc/", {"name": "Ours", "access.scopes": "openid email", **typed, **roles})
    row = SsoConnection.objects.get(name="Ours")
    assert answer["Location"] == f"/identity/sso/{row.pk}/"
    assert (row.is_enabled, findings.worst(row.findings)) == (False, "warning")  # it is not encrypted
    page = client.get(answer["Location"]).content.decode()
    assert "sesame" not in page
    assert f"http://acme.localhost/sso/{row.pk}/callback/" in page
    client.post(f"/identity/sso/{row.pk}/turn/", {"on": "1"})
    assert "Sign in with Ours" in Client(headers={"host": "acme.localhost"}).get("/accounts/login/").content.decode()
    assert kinds() == ["accounts.sso_connected", "accounts.sso_tested", "accounts.sso_changed"]


def test_nothing_of_how_a_provider_is_reached_is_plain_in_the_database(ground: Ground, owner: User) -> None:
    services.connection_create(who=owner, user=owner, kind="oidc", name="Ours", access=access(ground))
    with database.cursor() as cursor:
        cursor.execute("select array_agg(t::text) from accounts_ssoconnection t")
        stored = str(cursor.fetchone())
        cursor.execute("select count(*) from socialaccount_socialapp")
        assert cursor.fetchone() == (0,)
    assert scripted.CLIENT not in stored
    assert b"sesame".hex() not in stored


def test_an_administrator_may_look_and_an_owner_alone_may_change(
    ground: Ground, member: Make, client_for: ClientFor
) -> None:
    administrator = member("administrator")
    assert client_for(administrator).get(f"/identity/sso/{SCRIPTED}/").status_code == 200
    assert client_for(administrator).post(f"/identity/sso/{SCRIPTED}/turn/", {"on": "0"}).status_code == 403
    with pytest.raises(PermissionDenied):
        services.connection_delete(who=administrator, connection=SsoConnection.objects.get(pk=SCRIPTED))
    assert client_for(member("builder")).get("/identity/sso/").status_code == 403


def test_what_is_missing_is_told_beside_its_field_and_nothing_is_stored(
    owner: User, ground: Ground, client_for: ClientFor
) -> None:
    before = SsoConnection.objects.count()
    answer = client_for(owner).post("/identity/sso/new/saml/", {"name": "Ours"})
    assert answer.status_code == 422
    assert "Give the address of the metadata" in answer.content.decode()
    assert SsoConnection.objects.count() == before


def test_the_secret_stays_where_it_is_not_typed_and_does_not_go_along_to_another_issuer(
    ground: Ground, owner: User
) -> None:
    row = services.connection_create(who=owner, user=owner, kind="oidc", name="Ours", access=access(ground))
    kept = services.connection_change(who=owner, connection=row, access=access(ground, client_secret=MASK))
    assert kept.access["client_secret"] == "sesame"
    moved = access(ground, client_secret=MASK, issuer=ground.peers.other.issuer)
    with pytest.raises(InvalidInput) as refused:
        services.connection_change(who=owner, connection=row, access=moved)
    assert [issue.path for issue in refused.value.issues] == ["access.client_secret"]


def test_names_that_another_issuer_gives_out_are_not_those_of_before(ground: Ground, owner: User) -> None:
    assert ground.browser().scripted() == "in"
    row = SsoConnection.objects.get(pk=SCRIPTED)
    services.connection_change(who=owner, connection=row, access=access(ground, issuer=ground.peers.other.issuer))
    assert not SocialAccount.objects.filter(provider=str(SCRIPTED)).exists()


def test_two_who_change_it_at_once_do_not_undo_each_other(ground: Ground, owner: User) -> None:
    row = SsoConnection.objects.get(pk=SCRIPTED)
    services.connection_change(who=owner, connection=row, name="First", seen=row.seq)
    with pytest.raises(Conflict):
        services.connection_change(who=owner, connection=row, name="Second", seen=row.seq)


def test_a_provider_that_fails_its_test_is_not_turned_on(ground: Ground, owner: User) -> None:
    wrong = access(ground, issuer=f"{ground.peers.scripted.issuer}/")
    row = services.connection_create(who=owner, user=owner, kind="oidc", name="Ours", access=wrong)
    tested = services.connection_test(who=owner, connection=row)
    assert "configured is" in tested.findings[0]["detail"]
    with pytest.raises(Conflict):
        services.connection_change(who=owner, connection=row, is_enabled=True)


def test_metadata_of_saml_fill_the_fields_and_a_certificate_is_warned_of_before_it_ends(
    ground: Ground, owner: User, tmp_path: Path
) -> None:
    from tests.samlprovider import certificate_made

    row = services.connection_create(
        who=owner, user=owner, kind="saml", name="Ours", access={"metadata_url": ground.peers.saml.metadata_url}
    )
    assert row.access["sso_url"] == f"{ground.peers.saml.base}/sso"
    for days, state in ((10, "warning"), (-1, "failed"), (365, "ok")):
        certificate_made(tmp_path, days=days)
        row.access["certificates"] = [(tmp_path / "certificate.pem").read_text()]
        found = {each["title"]: each["state"] for each in findings.found(row)}
        assert (found["Certificate 1"], found["Metadata"]) == (state, "warning")


def test_metadata_with_entities_are_refused(ground: Ground, owner: User) -> None:
    bomb = '<!DOCTYPE r [<!ENTITY a "aaaa">]><r>&a;</r>'
    with pytest.raises(InvalidInput) as refused:
        services.connection_create(who=owner, user=owner, kind="saml", name="Ours", access={"metadata_xml": bomb})
    assert [issue.path for issue in refused.value.issues] == ["access.metadata_xml"]


# ------------------------------------------------------------------------------------------------------------- domains
def test_a_domain_counts_once_its_record_is_there(ground: Ground, owner: User) -> None:
    row = SsoConnection.objects.get(pk=SCRIPTED)
    domain = services.domain_add(who=owner, connection=row, name=" Example.COM. ")
    published: dict[str, list[str]] = {}
    with pytest.raises(Conflict) as refused:
        services.domain_verify(who=owner, domain=domain, look=lambda name: published.get(name, []))
    name, text = domains.record_of(domain)
    assert (name, text in refused.value.remedy) == ("_orchestrall.example.com", True)
    published[name] = ["v=spf1 -all", text]
    found = services.domain_verify(who=owner, domain=domain, look=lambda at: published.get(at, []))
    assert (found.verified_at is not None, found.method) == (True, "dns")
    assert kinds()[-2:] == ["accounts.sso_domain_added", "accounts.sso_domain_verified"]


def test_a_domain_counts_by_a_file_at_its_web_server(
    ground: Ground, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.common import outbound

    domain = services.domain_add(who=owner, connection=SsoConnection.objects.get(pk=SCRIPTED), name="example.com")
    asked = []

    def request(method: str, url: str, **options: Any) -> outbound.Answer:
        asked.append(url)
        return outbound.Answer(200, {}, f"# ours\n{domains.record_of(domain)[1]}\n".encode(), False)

    monkeypatch.setattr(outbound, "request", request)
    assert services.domain_verify(who=owner, domain=domain, look=lambda name: []).method == "file"
    assert asked == ["https://example.com/.well-known/orchestrall-domain-verification"]


@pytest.mark.parametrize("name", ["gmail.com", "localhost", "10.0.0.1", "exa mple.com", "-a.com", "*.example.com", ""])
def test_what_is_no_domain_of_an_organisation_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        domains.named(name)


def test_a_domain_in_letters_of_the_world_is_kept_as_dns_writes_it() -> None:
    assert domains.named("Bücher.example") == "xn--bcher-kva.example"


# ------------------------------------------------------------------------------------------------ single sign-on alone
def _factor(user: User) -> None:
    Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Key"})


def test_single_sign_on_alone_needs_an_owner_with_password_and_second_factor(ground: Ground, owner: User) -> None:
    ground.speaks_for(SCRIPTED)
    with pytest.raises(InvalidInput):
        services.only_set(who=owner, is_only=True)
    with pytest.raises(InvalidInput) as refused:
        services.only_set(who=owner, is_only=True, break_glass=owner.pk)
    assert "second factor" in refused.value.issues[0].message
    _factor(owner)
    assert services.only_set(who=owner, is_only=True, break_glass=owner.pk).is_only


def test_single_sign_on_alone_needs_a_way_in_and_keeps_it(ground: Ground, owner: User) -> None:
    _factor(owner)
    with pytest.raises(Conflict):
        services.only_set(who=owner, is_only=True, break_glass=owner.pk)
    ground.speaks_for(SCRIPTED)
    services.only_set(who=owner, is_only=True, break_glass=owner.pk)
    row = SsoConnection.objects.get(pk=SCRIPTED)
    for change in (
        lambda: services.connection_change(who=owner, connection=row, is_enabled=False),
        lambda: services.connection_delete(who=owner, connection=row),
        lambda: services.domain_remove(who=owner, domain=row.domains.get()),
    ):
        with pytest.raises(Conflict):
            change()


def test_with_single_sign_on_alone_a_password_lets_nobody_in_over_console_and_api(
    ground: Ground, owner: User, member: Make, client_for: ClientFor
) -> None:
    analyst = member("analyst", password=PASSWORD)
    _factor(owner)
    ground.speaks_for(SCRIPTED)
    services.only_set(who=owner, is_only=True, break_glass=owner.pk)
    browser = client_for()
    form = {"login": analyst.email, "password": PASSWORD}
    answer = browser.post("/accounts/login/", form)
    assert answer["Location"] == "/accounts/login/"
    assert "single sign-on alone" in browser.get("/accounts/login/").content.decode()
    assert "_auth_user_id" not in browser.session
    tokens = browser.post(
        "/api/v1/tokens", {"email": analyst.email, "password": PASSWORD}, content_type="application/json"
    )
    assert (tokens.status_code, "single sign-on" in tokens.json()["detail"]) == (401, True)
    assert ground.browser().scripted() == "in"


def test_the_break_glass_owner_comes_in_on_the_record_and_by_mail(
    ground: Ground, owner: User, member: Make, django_capture_on_commit_callbacks: Any
) -> None:
    from django.test import RequestFactory

    from apps.accounts.sso import only

    administrator = member("administrator")
    _factor(owner)
    ground.speaks_for(SCRIPTED)
    services.only_set(who=owner, is_only=True, break_glass=owner.pk)
    assert not only.keeps_out(owner)
    assert only.refusal(RequestFactory().post("/"), owner, {}) is None
    with django_capture_on_commit_callbacks(execute=True):
        only.used(owner)
    assert kinds()[-1] == "accounts.sso_break_glass_used"
    assert {to for message in mail.outbox for to in message.to} == {owner.email, administrator.email}
    Authenticator.objects.all().delete()
    assert only.keeps_out(owner)  # without a second factor there is no way past


def test_the_break_glass_owner_and_their_way_stay_while_it_is_on(ground: Ground, owner: User, member: Make) -> None:
    other = member("owner", password=PASSWORD)
    for each in (owner, other):
        _factor(each)
    ground.speaks_for(SCRIPTED)
    services.only_set(who=owner, is_only=True, break_glass=owner.pk)
    factor = Authenticator.objects.get(user=owner)
    changes: list[Callable[[], object]] = [
        lambda: member_deactivate(actor=other, member=owner),
        lambda: role_set(actor=other, member=owner, role="administrator"),
        lambda: member_factors_remove(actor=other, member=owner),
    ]
    for change in changes:
        with pytest.raises(Conflict, match="keeps the way past"):
            change()
    owner.refresh_from_db()
    assert (owner.role, owner.is_active) == ("owner", True)
    assert not FactorAdapter().can_delete_authenticator(factor)
    services.only_set(who=owner, is_only=True, break_glass=other.pk)
    assert FactorAdapter().can_delete_authenticator(factor)
    changes[2]()
    changes[1]()
    changes[0]()
    owner.refresh_from_db()
    assert (owner.role, owner.is_active) == ("administrator", False)


def test_sessions_that_no_provider_opened_end_when_it_is_turned_on(
    ground: Ground, owner: User, member: Make, client_for: ClientFor
) -> None:
    from allauth.usersessions.models import UserSession

    browser = ground.browser()
    assert browser.scripted() == "in"
    other = client_for(member("analyst"))
    UserSession.objects.create(
        user=User.objects.get(role="analyst"), session_key=other.session.session_key, ip="10.0.0.1", user_agent="x"
    )
    _factor(owner)
    services.only_set(who=owner, is_only=True, break_glass=owner.pk)
    assert browser.is_in()
    assert other.get("/help/").status_code == 302


def test_tokens_of_signing_in_over_the_api_end_too_when_it_is_turned_on(
    ground: Ground, owner: User, member: Make
) -> None:
    analyst = member("analyst")
    theirs, kept = refresh_issue(user=analyst), refresh_issue(user=owner)
    _factor(owner)
    ground.speaks_for(SCRIPTED)
    services.only_set(who=owner, is_only=True, break_glass=owner.pk)
    with pytest.raises(NotAuthenticated):
        refresh_trade(text=theirs)
    assert refresh_trade(text=kept)[0] == owner


def test_the_break_glass_owner_is_told_of_over_the_api_too(ground: Ground, member: Make, client_for: ClientFor) -> None:
    owner = member("owner", password=PASSWORD)
    app_of(owner)
    ground.speaks_for(SCRIPTED)
    services.only_set(who=owner, is_only=True, break_glass=owner.pk)
    told = {"email": owner.email, "password": PASSWORD}
    assert client_for().post("/api/v1/tokens", told, content_type="application/json").status_code == 403
    assert "accounts.sso_break_glass_used" not in kinds()
    told["code"] = code()
    assert client_for().post("/api/v1/tokens", told, content_type="application/json").status_code == 201
    assert kinds().count("accounts.sso_break_glass_used") == 1


@pytest.mark.parametrize("way", ["sls", "backchannel"])
def test_what_strangers_send_over_and_over_does_not_fill_the_audit_log(ground: Ground, way: str) -> None:
    browser = ground.browser().client
    for _ in range(40):
        if way == "sls":
            browser.get(f"/sso/{SAML}/sls/", {"SAMLRequest": "x"})
        else:
            browser.post(f"/sso/{SCRIPTED}/backchannel/", {"logout_token": "x"})
    assert kinds().count("accounts.sso_refused") == 12  # the first ten, the 16th and the 32nd


def test_answers_of_strangers_are_put_aside_up_to_a_limit(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "buckets_of", lambda **_: [limits.Bucket("address", redis_key("of-the-test"), 2)])
    browser = ground.browser().client
    answers = [browser.post(f"/sso/{SAML}/acs/", {"SAMLResponse": "x"}) for _ in range(3)]
    assert [each.status_code for each in answers] == [302, 302, 429]


def test_the_database_itself_keeps_a_way_in() -> None:
    from django.db.models import Q

    names = {each.name: each.condition for each in SsoPolicy._meta.constraints}  # type: ignore[attr-defined]
    assert names["accounts_sso_only_keeps_a_way_in"] == Q(is_only=False) | Q(break_glass__isnull=False)


# -------------------------------------------------------------------------------------------------------- over the API
def test_a_provider_is_managed_over_the_api_and_its_secret_is_never_told(
    ground: Ground, owner: User, api_for: Callable[..., Any]
) -> None:
    api = api_for(owner)
    new = {"kind": "oidc", "name": "Ours", "access": access(ground)}
    made = api.post("/api/v1/sso/connections", new, format="json")
    assert (made.status_code, made.json()["access"]["client_secret"]) == (201, MASK)
    at = made["Location"]
    assert api.post(f"{at}/test").json()["findings"][0]["state"] == "ok"
    stale = api.patch(at, {"is_enabled": True}, format="json", headers={"If-Match": '"' + "0" * 32 + '"'})
    assert stale.status_code == 412
    tag = api.get(at)["ETag"]
    assert api.patch(at, {"is_enabled": True}, format="json", headers={"If-Match": tag}).json()["is_enabled"]
    domain = api.post(f"{at}/domains", {"name": "example.org"}, format="json").json()
    assert domain["record_text"].startswith(domains.PREFIX)
    mine = {"If-Match": api.get(f"{at}/domains/{domain['id']}")["ETag"]}
    assert api.delete(f"{at}/domains/{domain['id']}", headers=mine).status_code == 204
    assert api.delete(at, headers={"If-Match": api.get(at)["ETag"]}).status_code == 204
    assert "sesame" not in str(AuditEntry.objects.values_list("facts_digest", "kind"))


def test_no_more_statements_for_more_providers(
    ground: Ground, owner: User, client_for: ClientFor, django_assert_max_num_queries: Any
) -> None:
    client = client_for(owner)
    with django_assert_max_num_queries(12):
        assert client.get("/identity/sso/").status_code == 200
    assert {REAL, SCRIPTED, OTHER, SAML} <= set(SsoConnection.objects.values_list("pk", flat=True))
    assert oidcprovider.CLIENT == scripted.CLIENT
    assert DOMAIN
