from tests.asvs.rows import Row

ROWS = (
    Row(
        "2.1.1",
        1,
        "How input is checked is documented.",
        reason="docs/api/openapi.json, for every field; docs/agents for what an agent takes; docs/guides/users.md "
        "for files.",
    ),
    Row(
        "2.1.2",
        2,
        "How values are checked that belong together is documented.",
        reason="docs/guides/builders.md for workflows, docs/agents for agents, docs/guides/administrators.md for "
        "policies.",
    ),
    Row(
        "2.1.3",
        2,
        "Limits of what one and all may do are documented.",
        reason="docs/guides/operators.md: quotas, plans and rates; docs/guides/models.md: budgets; "
        "docs/guides/integrators.md.",
    ),
    Row(
        "2.2.1",
        1,
        "Input is checked against what is expected of it.",
        (
            "tests/gateway/test_fuzz.py::the_api_is_as_the_document_says",
            "tests/datasets/test_bad_input.py::the_api_refuses_it_and_stores_nothing",
            "tests/console/test_schemaforms.py::any_value_of_any_model_is_the_same_after_it_was_shown_and_sent",
            "tests/gateway/test_hardening.py::a_body_takes_no_field_but_those_that_the_document_names",
        ),
        reason="One model for form, body and step of a workflow.",
    ),
    Row(
        "2.2.2",
        1,
        "Input is checked on the server.",
        (
            "tests/datasets/test_bad_input.py::the_console_refuses_it_and_stores_nothing",
            "tests/gateway/test_fuzz.py::the_api_is_as_the_document_says",
            "tests/console/test_schemaforms.py::an_error_stands_at_its_field_however_deep",
        ),
        reason="Pages work without scripts, whose checks are a help.",
    ),
    Row(
        "2.2.3",
        2,
        "Values that belong together are checked together.",
        (
            "tests/workflows/test_definition.py::what_is_wrong_is_told_with_its_place",
            "tests/workflows/test_definition.py::steps_that_wait_for_each_other_are_named",
            "tests/datasets/test_bad_input.py::the_api_refuses_it_and_stores_nothing",
        ),
    ),
    Row(
        "2.3.1",
        1,
        "Steps come in their order, and none is skipped.",
        (
            "tests/accounts/test_factors.py::a_password_alone_does_not_sign_in_who_has_an_app",
            "tests/workflows/test_versions.py::nothing_goes_back_past_the_second_person",
            "tests/agents/test_decision_api.py::a_proposal_is_carried_out_once",
        ),
    ),
    Row(
        "2.3.2",
        2,
        "The documented limits hold.",
        (
            "tests/gateway/test_limits.py::as_many_as_the_limit_pass_and_no_more",
            "tests/gateway/test_limits.py::starting_runs_has_a_limit_of_its_own_and_reading_goes_on",
            "tests/accounts/test_members.py::the_quota_counts_active_members_and_frees_a_place_for_who_leaves",
            "tests/datasets/test_bad_input.py::a_file_over_the_quota_is_refused_although_its_form_is_not",
            "tests/dispatch/test_turns.py::a_tenant_gets_no_more_rows_in_hand_than_its_quota",
        ),
    ),
    Row(
        "2.3.3",
        2,
        "What is done is done whole, or not at all.",
        (
            "tests/gateway/test_idempotency.py::an_effect_whose_request_fails_is_rolled_back_and_tried_anew",
            "tests/audit/test_recording.py::where_it_cannot_be_written_the_change_is_undone",
            "tests/datasets/test_services.py::when_the_row_cannot_be_written_no_file_stays",
        ),
    ),
    Row(
        "2.3.4",
        2,
        "What there is a limited number of is given once.",
        (
            "tests/ai/budgets/test_races.py::of_fifty_calls_on_a_budget_for_ten_exactly_ten_leave",
            "tests/workflows/approvals/test_races.py::of_five_who_answer_at_once_as_many_count_as_the_quorum_takes",
            "tests/agents/test_doing.py::many_clicks_at_once_do_it_once",
        ),
    ),
    Row(
        "2.4.1",
        2,
        "Programs cannot take too much of anything.",
        (
            "tests/gateway/test_limits.py::as_many_as_the_limit_pass_and_no_more",
            "tests/gateway/test_limits.py::a_callers_limit_is_theirs_alone",
            "tests/gateway/test_limits.py::open_addresses_are_limited_by_network_address",
            "tests/accounts/test_tries.py::of_tries_that_come_at_once_no_more_have_effect",
        ),
        reason="Pages of the console are not limited by rate (docs/guides/operators.md); runs, files, models' calls "
        "and tries to sign in are, wherever they come from.",
    ),
)
