from tests.asvs.rows import Row

_NO_SERVER = (
    "Does not apply: this is no authorization server. Tokens are given for a password or to a session, by "
    "/api/v1/tokens, to the person's own programs; there are no clients, no redirects and no codes of OAuth."
)
_NO_PROVIDER = "Does not apply: this is no OpenID provider, and nobody signs in elsewhere with an account of it."

ROWS = (
    Row(
        "10.1.1",
        2,
        "Tokens go to those alone who need them.",
        reason="Tokens of a provider stay on the server, where an identity is read from them.",
    ),
    Row(
        "10.1.2",
        2,
        "What comes from the provider counts in the browser and the transaction alone that asked for it.",
        ("tests/accounts/sso/test_cases.py::a_try_comes_to_what_it_must",),
        "Cases: code, token (nonce), mix-up.",
    ),
    Row(
        "10.2.1",
        2,
        "Nobody is signed in by a link of another.",
        ("tests/accounts/sso/test_cases.py::a_try_comes_to_what_it_must",),
        "Cases: code (state of another browser, code of somebody else).",
    ),
    Row(
        "10.2.2",
        2,
        "Of two providers, none is taken for the other.",
        ("tests/accounts/sso/test_cases.py::a_try_comes_to_what_it_must",),
        "Cases: mix-up.",
    ),
    Row(
        "10.3.1",
        2,
        "The API takes tokens for itself alone.",
        ("tests/gateway/test_tokens.py::a_token_that_claims_anything_else_is_refused",),
    ),
    Row(
        "10.3.2",
        2,
        "What a token was given for is part of each decision.",
        ("tests/gateway/test_keys.py::a_key_speaks_for_its_maker_within_its_scopes",),
        "A token speaks for the person with all of their rights; a key for its scopes.",
    ),
    Row(
        "10.3.3",
        2,
        "People are told apart by what is never given to another.",
        ("tests/gateway/test_tokens.py::a_token_of_the_other_tenant_is_refused_though_the_member_has_the_same_key",),
        "Issuer (the tenant) and subject (a UUID).",
    ),
    Row(
        "10.3.4",
        2,
        "Where a strong or recent sign-in is asked for, the token has to show it.",
        ("tests/accounts/test_step_up.py::a_token_proves_it_for_ten_minutes_from_the_sign_in",),
    ),
    *(
        Row(f"10.4.{number}", level, asked, reason=_NO_SERVER)  # type: ignore[arg-type]
        for number, level, asked in (
            (1, 1, "Redirects go to registered addresses alone."),
            (2, 1, "A code works once."),
            (3, 1, "A code lives for ten minutes at most."),
            (4, 1, "A client uses the grants alone that it needs."),
        )
    ),
    Row(
        "10.4.5",
        1,
        "A refresh token that comes a second time ends all of its kind.",
        (
            "tests/gateway/test_refresh.py::a_token_that_comes_a_second_time_ends_the_whole_family",
            "tests/gateway/test_refresh.py::of_two_trades_at_once_one_is_let_through_and_the_family_ends",
        ),
    ),
    *(
        Row(f"10.4.{number}", 2, asked, reason=_NO_SERVER)
        for number, asked in (
            (6, "Codes are bound by PKCE."),
            (7, "Clients that register themselves are not trusted."),
        )
    ),
    Row(
        "10.4.8",
        2,
        "Refresh tokens end for good at some time.",
        ("tests/gateway/test_refresh.py::a_family_ends_after_thirty_days_however_often_it_was_traded",),
    ),
    Row(
        "10.4.9",
        2,
        "People revoke tokens.",
        ("tests/gateway/test_refresh.py::revoking_ends_the_family_and_says_nothing_of_what_it_found",),
    ),
    *(
        Row(f"10.4.{number}", 2, asked, reason=_NO_SERVER)
        for number, asked in (
            (10, "Confidential clients prove who they are."),
            (11, "Clients have the scopes alone that they need."),
        )
    ),
    Row(
        "10.5.1",
        2,
        "An ID token of another sign-in is refused.",
        ("tests/accounts/sso/test_cases.py::a_try_comes_to_what_it_must",),
        "Cases: wrong nonce, no nonce.",
    ),
    Row(
        "10.5.2",
        2,
        "People are told apart by what the provider gives to nobody else.",
        ("tests/accounts/sso/test_cases.py::a_try_comes_to_what_it_must",),
        "Connection and subject.",
    ),
    Row(
        "10.5.3",
        2,
        "A provider whose metadata names another issuer is refused.",
        ("tests/accounts/sso/test_cases.py::a_try_comes_to_what_it_must",),
        "Cases: wrong issuer, discovery names another issuer.",
    ),
    Row(
        "10.5.4",
        2,
        "An ID token for another client is refused.",
        ("tests/accounts/sso/test_cases.py::a_try_comes_to_what_it_must",),
        "Cases: wrong audience, several audiences.",
    ),
    Row(
        "10.5.5",
        2,
        "A log-out that the provider sends is checked.",
        (
            "tests/accounts/sso/test_signing_out.py::a_logout_token_that_is_none_ends_nothing",
            "tests/accounts/sso/test_signing_out.py::an_id_token_ends_nothing",
            "tests/accounts/sso/test_signing_out.py::a_logout_token_counts_once",
        ),
        "Type, issuer, audience, signature, times, event, no nonce, and once.",
    ),
    Row("10.6.1", 2, "Only safe kinds of answers are given.", reason=_NO_PROVIDER),
    Row("10.6.2", 2, "Nobody is signed out by a stranger.", reason=_NO_PROVIDER),
    *(
        Row(f"10.7.{number}", 2, asked, reason=_NO_SERVER)
        for number, asked in (
            (1, "People consent to each authorization."),
            (2, "They are told to what."),
            (3, "They see and take back what they consented to."),
        )
    ),
)
