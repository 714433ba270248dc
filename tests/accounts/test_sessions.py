"""Where one is signed in, and how that is ended: at every door at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.gateway.credentials import session_user
from apps.gateway.refresh import refresh_issue
from apps.gateway.tokens import TokenRefused, token_issue, token_verify
from tests.accounts.sessions import long_ago
from tests.factories import PASSWORD

Make = Callable[..., User]
Browser = Callable[..., Client]
PAGE, LOGIN = "/accounts/sessions/", "/accounts/login/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def user(member: Make) -> User:
    return member("owner")


def signed_in(client_for: Browser, user: User, agent: str = FIREFOX) -> Client:
    browser = client_for()
    browser.post(LOGIN, {"login": user.email, "password": PASSWORD}, headers={"user-agent": agent})
    return browser


def test_the_page_names_each_session_by_device_and_place(user: User, client_for: Browser) -> None:
    signed_in(client_for, user)
    text = signed_in(client_for, user, "curl/8").get(PAGE).content.decode()
    assert "Firefox on Windows" in text
    assert "127.0.0.1" in text
    assert text.count("This one") == 1


def test_one_session_is_ended_and_the_others_go_on(user: User, client_for: Browser) -> None:
    first, second, third = (signed_in(client_for, user) for _ in range(3))
    row = UserSession.objects.get(session_key=first.session.session_key)
    second.post(PAGE, {"session": row.pk})
    assert first.get("/")["Location"].startswith(LOGIN)
    assert [each.get("/help/").status_code for each in (second, third)] == [200, 200]
    assert AuditEntry.objects.filter(kind="accounts.sessions_ended").count() == 1


def test_all_others_end_with_the_tokens_and_sockets_that_follow_from_them(user: User, client_for: Browser) -> None:
    first, mine = signed_in(client_for, user), signed_in(client_for, user)
    unlisted = client_for(user)  # a session that no row tells of
    token, refresh = token_issue(user=user), refresh_issue(user=user)
    mine.post(PAGE)
    assert mine.get("/help/").status_code == 200
    assert first.get("/help/")["Location"].startswith(LOGIN)
    assert session_user(str(unlisted.session.session_key)) is None
    with pytest.raises(TokenRefused):
        token_verify(token)
    again = client_for().post("/api/v1/tokens/refresh", {"refresh_token": refresh}, "application/json")
    assert again.status_code == 401
    token_verify(token_issue(user=user))


def test_a_session_of_somebody_else_is_not_ended(user: User, member: Make, client_for: Browser) -> None:
    theirs = signed_in(client_for, member("viewer"))
    row = UserSession.objects.get()
    signed_in(client_for, user).post(PAGE, {"session": row.pk})
    assert theirs.get("/help/").status_code == 200


def test_an_administrator_signs_a_member_out_everywhere(user: User, member: Make, client_for: Browser) -> None:
    viewer = member("viewer")
    theirs, browser = signed_in(client_for, viewer), client_for(user)
    assert "Firefox on Windows" in browser.get(f"/members/{viewer.pk}/sign-ins/").content.decode()
    long_ago(browser)
    assert browser.post(f"/members/{viewer.pk}/sign-out/").status_code == 403  # who has not proved it is asked
    assert theirs.get("/help/").status_code == 200
    browser.post(f"/members/{viewer.pk}/sign-out/", {"step_up_password": PASSWORD})
    assert theirs.get("/help/")["Location"].startswith(LOGIN)


def test_nobody_signs_out_who_stands_above_them(user: User, member: Make, client_for: Browser) -> None:
    theirs = signed_in(client_for, user)
    client_for(member("administrator")).post(f"/members/{user.pk}/sign-out/")
    assert theirs.get("/help/").status_code == 200
