"""Signing in and out, and what a stranger learns."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from apps.accounts.models import User
from apps.tenants.models import Tenant
from tests.factories import PASSWORD

Make = Callable[..., User]
Browser = Callable[..., Client]
LOGIN = "/accounts/login/"


def sign_in(browser: Client, email: str, password: str) -> Any:
    return browser.post(LOGIN, {"login": email, "password": password})


def test_a_member_signs_in_and_out(member: Make, client_for: Browser) -> None:
    browser, user = client_for(), member()
    assert sign_in(browser, user.email.upper(), PASSWORD)["Location"] == "/"
    assert browser.get("/accounts/password/change/").status_code == 200
    browser.post("/accounts/logout/")
    assert browser.get("/accounts/password/change/").status_code == 302


def test_a_stranger_and_a_wrong_password_get_the_same_answer(member: Make, client_for: Browser) -> None:
    user = member()
    texts = []
    for email in (user.email, "stranger@example.org"):
        answer = sign_in(client_for(), email, "not the password")
        errors = answer.context["form"].errors
        texts.append((answer.status_code, errors.as_json()))
    assert texts[0] == texts[1]


def test_a_reset_answers_alike_whether_the_address_is_known(member: Make, client_for: Browser) -> None:
    user, answers = member(), []
    for email in (user.email, "stranger@example.org"):
        answer = client_for().post("/accounts/password/reset/", {"email": email})
        answers.append((answer.status_code, answer["Location"]))
    assert answers[0] == answers[1]
    assert [each.to for each in mail.outbox] == [[user.email], ["stranger@example.org"]]
    assert "to invite you" in mail.outbox[1].body
    assert "signup" not in mail.outbox[1].body


def test_who_is_deactivated_is_out_at_once_and_cannot_come_back(member: Make, client_for: Browser) -> None:
    user = member()
    browser = client_for(user)
    assert browser.get("/accounts/password/change/").status_code == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert browser.get("/accounts/password/change/").status_code == 302
    sign_in(browser, user.email, PASSWORD)
    assert browser.get("/accounts/password/change/").status_code == 302


def test_a_new_password_ends_every_other_session(member: Make, client_for: Browser) -> None:
    user = member()
    one, other = client_for(user), client_for(user)
    new = {"oldpassword": PASSWORD, "password1": "quite another password", "password2": "quite another password"}
    one.post("/accounts/password/change/", new)
    assert one.get("/accounts/password/change/").status_code == 200
    assert other.get("/accounts/password/change/").status_code == 302
    assert [each.to for each in mail.outbox] == [[user.email]]  # who did not do it learns of it


def test_nobody_signs_up(acme: Tenant, client_for: Browser) -> None:
    form = {"email": "new@example.org", "password1": "a long enough password", "password2": "a long enough password"}
    client_for().post("/accounts/signup/", form)
    assert not User.objects.exists()


def test_the_eleventh_wrong_try_is_not_even_looked_at(member: Make, client_for: Browser) -> None:
    user, browser = member(), client_for()
    for _ in range(10):
        sign_in(browser, user.email, "not the password")
    sign_in(browser, user.email, PASSWORD)
    assert "_auth_user_id" not in browser.session


def test_tries_in_one_tenant_do_not_count_in_the_other(
    acme: Tenant, globex: Tenant, member: Make, client_for: Browser
) -> None:
    for tenant in (acme, globex):
        member(email="ana@example.org", tenant=tenant)
    for _ in range(10):
        sign_in(client_for(), "ana@example.org", "not the password")
    browser = client_for(tenant=globex)
    sign_in(browser, "ana@example.org", PASSWORD)
    assert browser.get("/accounts/password/change/").status_code == 200


@pytest.mark.parametrize("password", ["short", "password1234"])
def test_a_password_that_is_easily_guessed_is_refused(member: Make, client_for: Browser, password: str) -> None:
    browser = client_for(member())
    form = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    assert browser.post("/accounts/password/change/", form).status_code == 200
    assert User.objects.get().check_password(PASSWORD)


def test_the_present_password_is_asked_for_when_it_is_changed(member: Make, client_for: Browser) -> None:
    user = member()
    new = {"oldpassword": "not the one", "password1": "quite another password", "password2": "quite another password"}
    answer = client_for(user).post("/accounts/password/change/", new)
    assert "oldpassword" in answer.context["form"].errors
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_what_is_typed_as_a_password_is_hidden_and_may_be_pasted(member: Make, client_for: Browser) -> None:
    shown = {LOGIN: ["current-password"], "/accounts/password/change/": ["current-password", "new-password"]}
    for path, known in shown.items():
        page = client_for(member() if "change" in path else None).get(path).content.decode()
        fields = re.findall(r'<input[^>]*type="password"[^>]*>', page)
        assert fields
        assert not re.search(r'<input[^>]*name="(?:password|oldpassword)\d?"[^>]*type="text"', page)
        for field in fields:  # by these words a password manager knows what to fill in
            assert re.search(r'autocomplete="([^"]*)"', field)[1] in known  # type: ignore[index]
            assert "onpaste" not in field
            assert "maxlength" not in field


def test_who_signs_in_or_proves_it_again_has_another_key(member: Make, client_for: Browser) -> None:
    user, browser = member(), client_for()
    browser.get(LOGIN)
    sign_in(browser, user.email, PASSWORD)
    first = browser.cookies["sessionid"].value
    again = client_for()
    again.cookies["sessionid"] = first  # of somebody who knew the key from before
    sign_in(browser, user.email, PASSWORD)
    browser.post("/accounts/logout/")
    sign_in(browser, user.email, PASSWORD)
    assert browser.cookies["sessionid"].value != first
    assert again.get("/accounts/password/change/").status_code == 302


def test_every_page_has_a_way_out(member: Make, client_for: Browser) -> None:
    browser = client_for(member())
    for path in ("/", "/runs/", "/data/", "/help/"):
        assert 'action="/accounts/logout/"' in browser.get(path).content.decode(), path


def test_a_link_signs_nobody_in(member: Make, client_for: Browser) -> None:
    user, browser = member(), client_for()
    browser.get(LOGIN, {"login": user.email, "password": PASSWORD})
    assert browser.get("/accounts/password/change/").status_code == 302
