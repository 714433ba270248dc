"""Second factors: set up, shown, taken off; what is stored of them, and what of a code is left when it was used."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn.internal import auth
from argon2.low_level import Type, hash_secret_raw
from django.contrib.sessions.backends.base import SessionBase
from django.core import mail
from django.core.cache import cache
from django.test import Client, RequestFactory

from apps.accounts.factors.codes import code_take
from apps.accounts.models import SignInPolicy, User
from apps.audit.models import AuditEntry
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.tenants.sealing import SealBroken
from tests.accounts.factors import SECRET, app_of, code, passkey_of, recovery_codes_from_before, recovery_codes_of
from tests.accounts.sessions import long_ago
from tests.factories import PASSWORD

Make = Callable[..., User]
Browser = Callable[..., Client]
RECOVERY = "/accounts/2fa/recovery-codes/"
LOGIN, SECOND, FACTORS, APP = "/accounts/login/", "/accounts/2fa/authenticate/", "/accounts/2fa/", "/accounts/2fa/totp/"


@pytest.fixture
def user(member: Make) -> User:
    return member("owner")


def sign_in(browser: Client, user: User) -> Any:
    return browser.post(LOGIN, {"login": user.email, "password": PASSWORD})


def argon2_of(salt: str, *, passes: int, kibibytes: int) -> Callable[[str], str]:
    """The hash as RFC 9106 has it: Argon2id, one lane, 32 bytes."""

    def made(code: str) -> str:
        secret, salted = code.encode(), bytes.fromhex(salt)
        return hash_secret_raw(secret, salted, passes, kibibytes, 1, 32, Type.ID).hex()

    return made


def kinds() -> list[str]:
    return list(AuditEntry.objects.order_by("at").values_list("kind", flat=True))


def test_an_app_is_set_up_with_its_first_code_and_recovery_codes_are_shown_once(
    user: User, client_for: Browser
) -> None:
    browser = client_for(user)
    page = browser.get(f"{APP}activate/")
    secret = page.context["form"].secret
    assert secret in page.content.decode()
    first = code(secret=secret)
    done = browser.post(f"{APP}activate/", {"code": first})
    assert done["Cache-Control"] == "no-store"
    codes = done.context["codes"]
    assert len(set(codes)) == 10
    assert all(each in done.content.decode() for each in codes)
    for later in (RECOVERY, f"{RECOVERY}download/", f"{RECOVERY}generate/", FACTORS):
        again = browser.get(later).content.decode()
        assert "10 of 10 left" in again or "The 10 that you have left" in again
        assert not any(each in again for each in codes)
    app = Authenticator.objects.get(type="totp")
    assert secret not in str(app.data)  # sealed
    assert kinds().count("accounts.factor_added") == 2
    assert code_take(user=user, code=first) is None  # the code that set it up is spent


def test_a_password_alone_does_not_sign_in_who_has_an_app(user: User, client_for: Browser) -> None:
    app_of(user)
    browser = client_for()
    assert sign_in(browser, user)["Location"] == SECOND
    assert browser.get("/members/")["Location"].startswith(LOGIN)
    assert browser.post(SECOND, {"code": "000000"}).status_code == 200
    assert browser.post(SECOND, {"code": code()}).status_code == 302
    assert browser.get("/members/").status_code == 200


def test_a_code_is_good_once_whatever_becomes_of_the_cache(user: User) -> None:
    app_of(user)
    once = code()
    assert code_take(user=user, code=once) is not None
    cache.clear()
    assert code_take(user=user, code=once) is None
    assert code_take(user=user, code=code(-1)) is None  # nor is an earlier one good any more
    assert code_take(user=user, code=code(1)) is not None


@pytest.mark.parametrize("periods", [-2, 2])
def test_a_code_of_another_time_is_refused(user: User, periods: int) -> None:
    app_of(user)
    assert code_take(user=user, code=code(periods)) is None


def test_a_recovery_code_is_good_once(user: User) -> None:
    app_of(user)
    first, *_ = recovery_codes_of(user)
    assert code_take(user=user, code=first) is not None
    assert code_take(user=user, code=first) is None


def test_of_recovery_codes_hashes_alone_are_stored_and_how_many_are_left_is_shown(
    user: User, client_for: Browser
) -> None:
    app_of(user)
    browser = client_for(user)
    codes = browser.post(f"{RECOVERY}generate/").context["codes"]
    stored = Authenticator.objects.get(type="recovery_codes")
    assert set(stored.data) == {"hashes"}
    kept = json.loads(decrypt(stored.data["hashes"]))
    assert not any(each in str(kept) for each in codes)
    argon2 = argon2_of(kept["salt"], passes=kept["passes"], kibibytes=kept["kibibytes"])
    assert kept["hashes"] == [argon2(each) for each in codes]
    assert len(bytes.fromhex(kept["salt"])) >= 16
    assert kept["kibibytes"] >= 19 * 1024
    assert kept["passes"] >= 2
    assert code_take(user=user, code=f"{codes[3][:5]} {codes[3][5:]}") is not None  # as it may be typed
    assert "9 of 10 left" in browser.get(FACTORS).content.decode()
    assert [code_take(user=user, code=each) is not None for each in codes] == [each != codes[3] for each in codes]
    assert "0 of 10 left" in browser.get(FACTORS).content.decode()


def test_new_recovery_codes_end_the_old_ones_and_no_two_sets_are_hashed_alike(user: User, client_for: Browser) -> None:
    app_of(user)
    browser = client_for(user)
    old = browser.post(f"{RECOVERY}generate/").context["codes"]
    salts = [json.loads(decrypt(Authenticator.objects.get(type="recovery_codes").data["hashes"]))["salt"]]
    new = browser.post(f"{RECOVERY}generate/").context["codes"]
    salts += [json.loads(decrypt(Authenticator.objects.get(type="recovery_codes").data["hashes"]))["salt"]]
    assert salts[0] != salts[1]
    assert code_take(user=user, code=old[0]) is None
    assert code_take(user=user, code=new[0]) is not None


def test_recovery_codes_from_before_go_on_and_are_hashed_with_the_first_that_is_used(
    user: User, client_for: Browser
) -> None:
    app_of(user)
    first, second, *rest = recovery_codes_from_before(user)
    browser = client_for(user)
    assert "You have 10 of 10 left" in browser.get(RECOVERY).content.decode()
    assert code_take(user=user, code="0" * 10) is None
    assert "seed" in Authenticator.objects.get(type="recovery_codes").data
    assert code_take(user=user, code=first) is not None
    assert set(Authenticator.objects.get(type="recovery_codes").data) == {"hashes"}
    assert code_take(user=user, code=first) is None
    assert "You have 9 of 10 left" in browser.get(RECOVERY).content.decode()
    assert all(code_take(user=user, code=each) is not None for each in (second, *rest))


def test_hashes_of_recovery_codes_are_good_for_their_owner_alone(user: User, member: Make) -> None:
    codes, other = recovery_codes_of(user), member("viewer")
    Authenticator.objects.filter(user=user).update(user=other)
    with pytest.raises(SealBroken):
        code_take(user=other, code=codes[0])


def test_a_secret_opens_for_its_owner_in_its_tenant_alone(user: User, member: Make, globex: Tenant) -> None:
    stored = app_of(user).data["secret"]
    assert SECRET not in stored
    other = member("viewer")
    Authenticator.objects.filter(user=user, type="totp").update(user=other)
    with pytest.raises(SealBroken):
        Authenticator.objects.get(user=other)
    with tenant_context(globex):
        twin = member("owner", tenant=globex)
        copied = Authenticator(user=twin, type="totp", data={"secret": f"{twin.pk}.{stored.partition('.')[2]}"})
        copied.save()
        with pytest.raises(SealBroken):
            code_take(user=twin, code=code())


def test_what_is_set_up_is_changed_only_by_who_proved_it_a_short_while_ago(user: User, client_for: Browser) -> None:
    browser = client_for(user)
    long_ago(browser)
    assert browser.get(f"{APP}activate/")["Location"].startswith("/accounts/reauthenticate/")


def test_an_app_is_taken_off_with_its_recovery_codes_and_both_are_recorded(user: User, client_for: Browser) -> None:
    app_of(user)
    recovery_codes_of(user)
    browser = client_for(user)
    assert browser.post(f"{APP}deactivate/")["Location"] == FACTORS
    assert not Authenticator.objects.exists()
    assert kinds().count("accounts.factor_removed") == 2
    assert user.email in mail.outbox[0].to


def test_the_last_factor_that_a_role_asks_for_stays(user: User, client_for: Browser) -> None:
    SignInPolicy.objects.create(demands={"owner": "second_factor"}, grace_days=1)
    app_of(user)
    page = client_for(user).post(f"{APP}deactivate/")
    assert "asks for this factor" in page.content.decode()
    assert Authenticator.objects.filter(type="totp").exists()


def test_the_last_passkey_that_a_role_asks_for_stays(user: User, client_for: Browser) -> None:
    SignInPolicy.objects.create(demands={"owner": "passkey"}, grace_days=1)
    last = passkey_of(user)
    place = f"/accounts/2fa/webauthn/keys/{last.pk}/remove/"
    page = client_for(user).post(place)
    assert "asks for this factor" in page.content.decode()
    assert Authenticator.objects.filter(pk=last.pk).exists()
    another = passkey_of(user, "Phone")
    assert client_for(user).post(place).status_code == 302
    assert Authenticator.objects.get() == another


def test_a_passkey_of_somebody_else_is_not_found(user: User, member: Make, client_for: Browser) -> None:
    theirs = passkey_of(member("viewer"))
    browser = client_for(user)
    for what in ("edit", "remove"):
        place = f"/accounts/2fa/webauthn/keys/{theirs.pk}/{what}/"
        assert browser.get(place).status_code == 404
        assert browser.post(place, {"name": "Mine"}).status_code == 404
    assert Authenticator.objects.get().data["name"] == "Laptop"


def test_an_administrator_takes_factors_off_that_were_lost(user: User, member: Make, client_for: Browser) -> None:
    lost = member("viewer")
    app_of(lost)
    browser, theirs = client_for(user), client_for(lost)
    assert "Authenticator app" in browser.get(f"/members/{lost.pk}/sign-ins/").content.decode()
    browser.post(f"/members/{lost.pk}/factors/remove/")
    assert not Authenticator.objects.exists()
    assert theirs.get("/")["Location"].startswith(LOGIN)
    assert "accounts.factor_removed" in kinds()


@pytest.mark.parametrize("page", [FACTORS, f"{APP}activate/", "/accounts/2fa/webauthn/", "/accounts/2fa/webauthn/add/"])
def test_its_pages_wear_the_dress_of_the_console(user: User, client_for: Browser, acme: Tenant, page: str) -> None:
    text = client_for(user).get(page).content.decode()
    assert 'class="o-bare"' in text
    assert acme.name in text


def test_a_passkey_is_asked_for_a_finger_a_face_or_a_pin_at_every_door(user: User, rf: RequestFactory) -> None:
    """What one page began would do for another: at a door that asks for less, a stolen key alone would come in."""
    request = rf.get("/", headers={"host": "acme.localhost"})
    request.session = SessionBase()
    with context.request_context(request):
        for begun in (auth.begin_authentication(user), auth.begin_authentication()):
            assert begun["publicKey"]["userVerification"] == "required"
            assert auth.get_state()["user_verification"] == "required"
