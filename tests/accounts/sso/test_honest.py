"""People come in by real providers: the npm package oidc-provider, and pysaml2."""

from __future__ import annotations

from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken

from apps.accounts.models import User
from tests.accounts.sso.ground import SAML, Ground


def test_somebody_new_becomes_a_member_with_the_role_of_their_group(ground: Ground) -> None:
    assert ground.browser().real("ana") == "in"
    ana = User.objects.get(email="ana@acme.example")
    assert (ana.role, ana.name, ana.has_usable_password()) == ("builder", "Ana", False)
    assert SocialAccount.objects.get(user=ana).extra_data == {}
    assert not SocialApp.objects.exists()
    assert not SocialToken.objects.exists()


def test_somebody_comes_in_by_saml(ground: Ground) -> None:
    browser = ground.browser()
    assert browser.post(SAML, browser.saml("ben")) == "in"
    assert User.objects.get(email="ben@acme.example").role == "administrator"
