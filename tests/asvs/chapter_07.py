from tests.asvs.rows import Row

ROWS = (
    Row(
        "7.1.1",
        2,
        "How long a session lives, idle and at all, is documented and reasoned.",
        reason="docs/guides/administrators.md: 12 hours at all unless the tenant's policy says less, after NIST SP "
        "800-63B-4 (AAL2: 24 hours at most, an hour idle, which the policy can ask for).",
    ),
    Row(
        "7.1.2",
        2,
        "How many sessions at a time is documented.",
        reason="docs/guides/users.md: as many as one likes; each is listed and can be ended.",
    ),
    Row(
        "7.1.3",
        2,
        "Sessions beside those of a provider are documented, and how they end together.",
        reason="docs/guides/administrators.md under single sign-on.",
    ),
    Row(
        "7.2.1",
        1,
        "Sessions are checked on the server.",
        ("tests/accounts/test_sign_in.py::who_is_deactivated_is_out_at_once_and_cannot_come_back",),
        "A cookie holds a random key and nothing else.",
    ),
    Row(
        "7.2.2",
        1,
        "Sessions are made anew, and are no fixed secret.",
        ("tests/accounts/test_sign_in.py::a_member_signs_in_and_out",),
    ),
    Row(
        "7.2.3",
        1,
        "Their keys have at least 128 random bits.",
        reason="Django's: 32 characters of 36, by the module secrets: 165 bits.",
    ),
    Row(
        "7.2.4",
        1,
        "Who signs in gets another key, also where they prove themselves again.",
        ("tests/accounts/test_sign_in.py::who_signs_in_or_proves_it_again_has_another_key",),
    ),
    Row(
        "7.3.1",
        2,
        "Who is idle for long has to sign in again.",
        ("tests/accounts/test_policy.py::a_session_ends_that_is_not_used",),
    ),
    Row(
        "7.3.2",
        2,
        "After some time everybody has to sign in again.",
        ("tests/accounts/test_policy.py::a_session_ends_after_its_hours_however_much_it_is_used",),
    ),
    Row(
        "7.4.1",
        1,
        "A session that ended opens nothing.",
        (
            "tests/gateway/test_sockets.py::who_signs_out_is_put_out",
            "tests/gateway/test_tickets.py::a_ticket_of_a_session_ends_when_its_person_signs_out",
            "tests/gateway/test_tokens.py::a_changed_password_ends_every_token",
        ),
    ),
    Row(
        "7.4.2",
        1,
        "Who is deactivated is out of every session.",
        (
            "tests/accounts/test_sign_in.py::who_is_deactivated_is_out_at_once_and_cannot_come_back",
            "tests/gateway/test_tokens.py::who_is_deactivated_has_no_token_any_more",
            "tests/gateway/test_sockets.py::who_is_deactivated_is_put_out",
            "tests/gateway/test_refresh.py::who_is_deactivated_refreshes_nothing",
        ),
    ),
    Row(
        "7.4.3",
        2,
        "After a factor was changed one can end all other sessions.",
        (
            "tests/accounts/test_sign_in.py::a_new_password_ends_every_other_session",
            "tests/gateway/test_refresh.py::a_new_password_ends_every_refresh_token",
            "tests/accounts/test_sessions.py::all_others_end_with_the_tokens_and_sockets_that_follow_from_them",
        ),
    ),
    Row(
        "7.4.4",
        2,
        "Every page has a way to sign out.",
        ("tests/accounts/test_sign_in.py::every_page_has_a_way_out",),
        "In the menu of the person, on every page of the shell.",
    ),
    Row(
        "7.4.5",
        2,
        "Administrators end sessions of members.",
        ("tests/accounts/test_sessions.py::an_administrator_signs_a_member_out_everywhere",),
    ),
    Row(
        "7.5.1",
        2,
        "Who changes how they sign in proves first who they are.",
        (
            "tests/accounts/test_email.py::the_password_is_asked_for_first_and_then_it_goes_on",
            "tests/accounts/test_factors.py::what_is_set_up_is_changed_only_by_who_proved_it_a_short_while_ago",
        ),
    ),
    Row(
        "7.5.2",
        2,
        "People see their sessions and end them, once they proved who they are.",
        ("tests/accounts/test_sessions.py::the_page_names_each_session_by_device_and_place",),
    ),
    Row(
        "7.6.1",
        2,
        "Sessions here and at the provider end as documented.",
        (
            "tests/accounts/sso/test_signing_out.py::who_signs_out_here_is_signed_out_by_the_real_provider_and_comes_back",
            "tests/accounts/sso/test_signing_out.py::the_provider_ends_all_sessions_of_a_person",
            "tests/accounts/sso/test_signing_out.py::who_signs_out_here_is_signed_out_by_the_provider_of_saml_and_comes_back",
            "tests/accounts/sso/test_signing_out.py::the_provider_of_saml_ends_a_session_and_is_answered_with_a_signature",
        ),
        "Whoever signs out here is signed out there where the provider has it, and the other way round.",
    ),
    Row(
        "7.6.2",
        2,
        "A session begins by an act of the person.",
        ("tests/accounts/test_sign_in.py::a_link_signs_nobody_in",),
    ),
)
