from tests.asvs.rows import Row

ROWS = (
    Row(
        "6.1.1",
        1,
        "How guessing of passwords is fought, and nobody locked out by it, is documented.",
        reason="docs/guides/administrators.md under sign-in policy: limits per account and per address, their windows, "
        "and that a passkey goes on where the password's tries are used up.",
    ),
    Row(
        "6.1.2",
        2,
        "Words of the context that no password may hold are listed.",
        reason="docs/guides/administrators.md: the organisation's name and address, the product's name, the person's "
        "name and address.",
    ),
    Row(
        "6.1.3",
        2,
        "Every way to sign in is documented, with what it asks for.",
        reason="docs/guides/administrators.md: password, passkey, single sign-on, API tokens, keys, tokens of "
        "directories, visits of operators.",
    ),
    Row(
        "6.2.1",
        1,
        "A password has at least 8 characters, better 15.",
        ("tests/accounts/test_passwords.py::length_is_enough_in_any_script",),
    ),
    Row(
        "6.2.2",
        1,
        "People can change their password.",
        ("tests/accounts/test_sign_in.py::a_new_password_ends_every_other_session",),
    ),
    Row(
        "6.2.3",
        1,
        "The present password is asked for when it is changed.",
        ("tests/accounts/test_sign_in.py::the_present_password_is_asked_for_when_it_is_changed",),
    ),
    Row(
        "6.2.4",
        1,
        "Passwords that many people use are refused.",
        ("tests/accounts/test_sign_in.py::a_password_that_is_easily_guessed_is_refused",),
    ),
    Row(
        "6.2.5",
        1,
        "No rule on which characters a password has to have.",
        ("tests/accounts/test_passwords.py::length_is_enough_in_any_script",),
    ),
    Row(
        "6.2.6",
        1,
        "What is typed as a password is hidden.",
        ("tests/accounts/test_sign_in.py::what_is_typed_as_a_password_is_hidden_and_may_be_pasted",),
    ),
    Row(
        "6.2.7",
        1,
        "Pasting and password managers work.",
        ("tests/accounts/test_sign_in.py::what_is_typed_as_a_password_is_hidden_and_may_be_pasted",),
    ),
    Row(
        "6.2.8",
        1,
        "A password is taken as it was typed, without a change of case or an end that is cut off.",
        ("tests/accounts/test_passwords.py::it_does_not_matter_how_a_keyboard_makes_a_letter",),
    ),
    Row(
        "6.2.9",
        2,
        "At least 64 characters are possible.",
        ("tests/accounts/test_passwords.py::at_least_64_characters_are_taken",),
    ),
    Row(
        "6.2.10",
        2,
        "A password stays good until it is known to be lost.",
        reason="Nothing ends a password by its age.",
    ),
    Row(
        "6.2.11",
        2,
        "The words of the context are refused in passwords.",
        ("tests/accounts/test_passwords.py::what_anybody_would_try_is_refused",),
    ),
    Row(
        "6.2.12",
        2,
        "Passwords that were stolen somewhere are refused.",
        (
            "tests/accounts/test_breached.py::a_stolen_password_is_refused",
            "tests/accounts/test_breached.py::each_stolen_one_is_found_and_no_other",
            "tests/accounts/test_breached.py::a_file_that_cannot_be_used_is_refused_at_start",
        ),
        "Where the operator keeps a file of them, which docs/guides/operators.md tells of; without one, Django's list "
        "of 20,000 common ones is looked into. No part of a password's hash is told to a service.",
    ),
    Row(
        "6.3.1",
        1,
        "Guessing and stuffing are fought as documented.",
        (
            "tests/gateway/test_signin.py::the_eleventh_wrong_try_is_not_looked_at",
            "tests/gateway/test_signin.py::tries_of_the_console_and_of_the_api_are_counted_together",
            "tests/accounts/test_tries.py::of_tries_that_come_at_once_no_more_have_effect",
        ),
    ),
    Row(
        "6.3.2",
        1,
        "There are no accounts by default.",
        reason="A tenant's first owner is invited by address; accounts of the demonstration exist in demo tenants "
        "alone, which production does not make.",
    ),
    Row(
        "6.3.3",
        2,
        "More than one factor is asked for.",
        ("tests/accounts/test_policy.py::what_is_asked_holds_at_the_next_request_of_an_open_session",),
        "By the tenant's policy, for the roles that it names: an organisation whose single sign-on asks for a second "
        "factor itself does not ask twice.",
    ),
    Row(
        "6.3.4",
        2,
        "No way in is weaker than the others, or undocumented.",
        (
            "tests/gateway/test_signin.py::tries_of_the_console_and_of_the_api_are_counted_together",
            "tests/accounts/test_policy.py::over_the_api_a_member_shows_the_code_of_their_app",
        ),
    ),
    Row(
        "6.4.1",
        1,
        "First secrets are random, end soon, and are never the password that stays.",
        (
            "tests/accounts/test_members.py::an_invited_member_gets_a_link_and_has_no_password_until_it_is_used",
            "tests/accounts/test_tenant_bound.py::a_link_that_sets_a_password_works_once_and_only_in_its_tenant",
        ),
        "A link, good for a day and once.",
    ),
    Row(
        "6.4.2",
        1,
        "No secret questions, no hints.",
        reason="There are none.",
    ),
    Row(
        "6.4.3",
        2,
        "A forgotten password is set anew in a way that does not get round the second factor.",
        (
            "tests/accounts/test_sign_in.py::a_reset_answers_alike_whether_the_address_is_known",
            "tests/accounts/test_factors.py::a_password_alone_does_not_sign_in_who_has_an_app",
        ),
    ),
    Row(
        "6.4.4",
        2,
        "Who lost a factor proves who they are as when it was set up.",
        ("tests/accounts/test_factors.py::an_administrator_takes_factors_off_that_were_lost",),
        "By a recovery code, or by an administrator who knows them and whose act is recorded.",
    ),
    Row(
        "6.5.1",
        2,
        "A code works once.",
        (
            "tests/accounts/test_factors.py::a_code_is_good_once_whatever_becomes_of_the_cache",
            "tests/accounts/test_factors.py::a_recovery_code_is_good_once",
        ),
    ),
    Row(
        "6.5.2",
        2,
        "Stored codes of little entropy are hashed as passwords are.",
        (
            "tests/accounts/test_factors.py::of_recovery_codes_hashes_alone_are_stored_and_how_many_are_left_is_shown",
            "tests/accounts/test_factors.py::new_recovery_codes_end_the_old_ones_and_no_two_sets_are_hashed_alike",
            "tests/accounts/test_factors.py::recovery_codes_from_before_go_on_and_are_hashed_with_the_first_that_is_used",
        ),
        "Argon2id with a salt for each set. A set that was made before, and of which no code was used since, is a "
        "sealed seed still.",
    ),
    Row(
        "6.5.3",
        2,
        "Codes and seeds come from a secure generator.",
        reason="Recovery codes and seeds of apps are made by the module secrets.",
    ),
    Row(
        "6.5.4",
        2,
        "Codes have at least 20 bits.",
        reason="Recovery codes have ten digits, 33 bits; codes by mail more.",
    ),
    Row(
        "6.5.5",
        2,
        "Codes live for a short time: those of apps for 30 seconds, others for ten minutes.",
        ("tests/accounts/test_factors.py::a_code_of_another_time_is_refused",),
    ),
    Row(
        "6.6.1",
        2,
        "Codes by telephone are the weaker choice, and said to be.",
        reason="Does not apply: no code goes by telephone or SMS.",
    ),
    Row(
        "6.6.2",
        2,
        "A code that is sent belongs to the request that it was made for.",
        ("tests/accounts/test_email.py::a_code_is_of_no_use_in_another_browser",),
        "Codes by mail prove an address, and never a person who signs in.",
    ),
    Row(
        "6.6.3",
        2,
        "Codes that are sent cannot be guessed for long.",
        ("tests/accounts/test_email.py::codes_cannot_be_guessed_for_long",),
    ),
    Row(
        "6.8.1",
        2,
        "Nobody of one provider is taken for somebody of another.",
        ("tests/accounts/sso/test_cases.py::a_try_comes_to_what_it_must",),
        "A person is known by the connection and the provider's own name for them (cases: mix-up, other tenant).",
    ),
    Row(
        "6.8.2",
        2,
        "What a provider asserts counts signed alone.",
        ("tests/accounts/sso/test_cases.py::a_try_comes_to_what_it_must",),
        "Cases: token (none, HS256, other keys), signature (none, in part, wrapped in eight ways).",
    ),
    Row(
        "6.8.3",
        2,
        "An assertion of SAML works once.",
        ("tests/accounts/sso/test_cases.py::a_try_comes_to_what_it_must",),
        "Cases: a response brought a second time, also where its request is kept.",
    ),
    Row(
        "6.8.4",
        2,
        "Where a strength of sign-in is expected of a provider, what it says of that is checked.",
        reason="What is recent is checked by auth_time and AuthnInstant wherever a proof is asked for again. With its "
        "strength the tenant's own provider is trusted: single sign-on counts as whatever the policy asks, which "
        "docs/guides/administrators.md says.",
    ),
)
