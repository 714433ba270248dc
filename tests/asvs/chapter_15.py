from tests.asvs.rows import Row

ROWS = (
    Row(
        "15.1.1",
        1,
        "How soon libraries are brought up to date is documented.",
        lacks="times within which a library with a known weakness is replaced.",
    ),
    Row(
        "15.1.2",
        2,
        "What the product is made of is listed, with where it comes from.",
        reason="docs/decisions/0014-what-the-product-depends-on.md; the locks in requirements and package-lock.json "
        "name every part with its version and hash.",
    ),
    Row(
        "15.1.3",
        2,
        "What takes long or much is documented, with what bounds it.",
        reason="docs/guides/operators.md (quotas, plans, results at hand), docs/guides/engine.md (time of steps, "
        "workers), docs/guides/models.md (budgets).",
    ),
    Row(
        "15.2.1",
        1,
        "No part is older than that.",
        lacks="what 15.1.1 lacks, and a check of the locks against known weaknesses.",
    ),
    Row(
        "15.2.2",
        2,
        "What takes long or much cannot take everything.",
        (
            "tests/gateway/test_limits.py::as_many_as_the_limit_pass_and_no_more",
            "tests/datasets/test_isolation.py::a_child_that_takes_too_long_is_ended",
            "tests/accounts/test_passwords.py::so_many_hashes_are_made_at_once_and_so_many_wait",
            "tests/workflows/test_computed_values.py::a_run_whose_expression_is_killed_fails_and_others_of_its_round_go_on",
            "tests/dispatch/test_turns.py::a_tenant_gets_no_more_rows_in_hand_than_its_quota",
        ),
    ),
    Row(
        "15.2.3",
        2,
        "Nothing is in production that is not needed there.",
        (
            "tests/deploy/test_cases.py::the_image_has_the_cases_of_evaluations_and_none_of_the_tests",
            "tests/console/test_sign_in.py::no_other_installation_does",
        ),
        reason="Data of a demonstration is made where an operator asks for it.",
    ),
    Row(
        "15.3.1",
        1,
        "Answers hold what they are to hold, and no more.",
        (
            "tests/gateway/test_fuzz.py::the_api_is_as_the_document_says",
            "tests/tenants/test_fields.py::a_payload_read_without_its_row_stays_sealed",
            "tests/console/test_schemaforms.py::a_secret_is_never_shown_and_stays_as_it_is",
        ),
        reason="Each answer is made of a model that names its fields.",
    ),
    Row(
        "15.3.2",
        2,
        "Nobody is followed where a call is redirected.",
        (
            "tests/common/test_outbound.py::an_allowed_network_is_reached_and_a_redirect_is_an_answer",
            "tests/common/test_outbound.py::a_client_of_ours_follows_nobody",
        ),
    ),
    Row(
        "15.3.3",
        2,
        "Nobody sets what a request is not for.",
        (
            "tests/gateway/test_hardening.py::a_body_takes_no_field_but_those_that_the_document_names",
            "tests/datasets/test_api.py::nothing_but_the_name_is_changed",
        ),
    ),
    Row(
        "15.3.4",
        2,
        "The caller's address is known rightly behind proxies.",
        (
            "tests/gateway/test_limits.py::behind_proxies_it_is_the_address_that_the_outermost_of_ours_saw",
            "tests/gateway/test_limits.py::an_address_that_cannot_be_told_is_limited_too",
        ),
    ),
    Row(
        "15.3.5",
        2,
        "Values are of the type that they are taken for.",
        (
            "tests/common/test_schemas.py::a_number_or_a_day_is_no_moment",
            "tests/workflows/test_definition.py::true_is_not_one_and_texts_have_no_order_with_numbers",
            "tests/gateway/test_fuzz.py::the_api_is_as_the_document_says",
        ),
        reason="All of it is type-checked (mypy, strict).",
    ),
    Row(
        "15.3.6",
        2,
        "No script can be made to change what all objects share.",
        ("tests/common/test_code.py::no_script_writes_to_a_prototype_or_merges_what_came_in",),
    ),
    Row(
        "15.3.7",
        2,
        "A parameter of one place does not stand in for that of another.",
        ("tests/gateway/test_hardening.py::a_query_stands_in_for_no_field_of_a_form_or_a_body",),
        reason="Django keeps query, body, heads and cookies apart, and views name which they read.",
    ),
)
