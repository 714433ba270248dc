from __future__ import annotations

from tests.isolation.ground.sides import PASSWORD
from tests.isolation.said import NOTHING, Body, Said

_PASSWORDS = {"password1": "quite another password", "password2": "quite another password"}

SAID = Said(
    names={
        "pk": lambda side, things: things.passkey,
        "uidb36": lambda side, things: things.link_user,
        "key": lambda side, things: things.link_token,
    },
    of_the_tenant={
        "key",
        "pk",
    },
    bodies={
        "POST /accounts/login/": Body("form", lambda side, things: {"login": side.email, "password": PASSWORD}),
        "POST /accounts/logout/": NOTHING,
        "POST /accounts/signup/": Body("form", lambda side, things: {"email": "new@example.org", **_PASSWORDS}),
        "POST /accounts/2fa/authenticate/": Body("form", lambda side, things: {"code": "000000"}),
        "POST /accounts/2fa/reauthenticate/": Body("form", lambda side, things: {"code": "000000"}),
        "POST /accounts/2fa/totp/deactivate/": NOTHING,
        "POST /accounts/2fa/webauthn/reauthenticate/": Body("form", lambda side, things: {"credential": "{}"}),
        "POST /accounts/2fa/webauthn/keys/<int:pk>/edit/": Body("form", lambda side, things: {"name": "new"}),
        "POST /accounts/2fa/webauthn/login/": Body("form", lambda side, things: {"credential": "{}"}),
        "POST /accounts/sessions/": NOTHING,
        "POST /accounts/reauthenticate/": Body("form", lambda side, things: {"password": "not the password"}),
        "POST /accounts/email/": Body("form", lambda side, things: {"email": "no address", "action_add": ""}),
        "POST /accounts/password/change/": Body("form", lambda side, things: {"oldpassword": "wrong", **_PASSWORDS}),
        "POST /accounts/password/set/": Body("form", lambda side, things: _PASSWORDS),
        "POST /accounts/password/reset/": Body("form", lambda side, things: {"email": side.email}),
        "POST /accounts/login/code/confirm/": Body("form", lambda side, things: {"code": "ABC123"}),
        "POST /accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": Body(
            "form", lambda side, things: _PASSWORDS
        ),
    },
    open_pages={
        "/accounts/login/",
        "/accounts/logout/",
        "/accounts/inactive/",
        "/accounts/signup/",
        "/accounts/confirm-email/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/password/reset/key/done/",
        "/accounts/login/code/confirm/",
        "/accounts/2fa/authenticate/",
        "/accounts/2fa/webauthn/login/",
        "/accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
    },
    unmarked={
        "/accounts/reauthenticate/",
        "/accounts/2fa/",
        "/accounts/2fa/reauthenticate/",
        "/accounts/2fa/totp/deactivate/",
        "/accounts/2fa/webauthn/",
        "/accounts/2fa/webauthn/reauthenticate/",
        "/accounts/sessions/",
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/password/set/",
    },
    of_holders={
        "/accounts/2fa/totp/deactivate/",
        "/accounts/2fa/webauthn/keys/<int:pk>/edit/",
    },
    refusing_words={
        "/accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": b"This link no longer works",
    },
)
