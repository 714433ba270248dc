from tests.asvs.rows import Row

ROWS = (
    Row(
        "14.1.1",
        2,
        "Sensitive data is known, and in levels.",
        (
            "tests/tenants/test_checks.py::a_text_beside_a_payload_is_plain_by_decision_only",
            "tests/compliance/test_privacy_declarations.py::every_reference_to_a_member_is_named_by_whoever_looks_at_the_table",
        ),
        reason="docs/security/data.md.",
    ),
    Row(
        "14.1.2",
        2,
        "What each level asks for is documented.",
        reason="docs/security/data.md.",
    ),
    Row(
        "14.2.1",
        1,
        "Nothing sensitive stands in addresses.",
        (
            "tests/gateway/test_hardening.py::a_credential_in_an_address_opens_nothing_of_the_api",
            "tests/gateway/test_tickets.py::a_ticket_opens_one_socket_or_one_stream_once",
            "tests/gateway/test_middleware.py::a_route_is_logged_and_not_what_is_in_the_address",
        ),
        reason="Links that are mailed, and tickets of sockets, stand in addresses, and are good once.",
    ),
    Row(
        "14.2.2",
        2,
        "Nothing sensitive stays in caches of servers.",
        (
            "tests/agents/test_cache.py::neither_input_nor_result_can_be_read_in_redis",
            "tests/gateway/test_headers.py::what_a_person_was_shown_stays_in_no_cache",
        ),
    ),
    Row(
        "14.2.3",
        2,
        "Nothing sensitive goes to others.",
        (
            "tests/console/test_policy.py::nothing_is_loaded_from_elsewhere",
            "tests/gateway/test_headers.py::every_route_answers_with_them",
            "tests/gateway/test_tracking.py::no_secret_no_person_and_no_local_variable_arrives",
            "tests/gateway/test_tracking.py::without_an_address_nothing_is_set_up",
        ),
        reason="To a provider of models goes what the tenant lets go, with personal data as tokens "
        "(docs/guides/models.md).",
    ),
    Row(
        "14.2.4",
        2,
        "What is asked of each level is done.",
        (
            "tests/tenants/test_fields.py::a_plain_payload_planted_among_sealed_ones_is_refused",
            "tests/tenants/test_sealedfiles.py::what_is_stored_tells_nothing_and_is_never_the_same",
            "tests/gateway/test_leaks.py::no_logger_writes_one",
            "tests/compliance/test_privacy_requests.py::a_person_is_found_everywhere_and_erased_from_everywhere_and_others_are_as_they_were",
            "tests/compliance/test_retention.py::what_is_older_goes_in_batches_and_leaves_one_record_and_one_entry",
        ),
    ),
    Row(
        "14.3.1",
        1,
        "What was shown goes when the session ends.",
        (
            "tests/gateway/test_headers.py::what_a_person_was_shown_stays_in_no_cache",
            "tests/gateway/test_sockets.py::who_signs_out_is_put_out",
        ),
        lacks="pages in other windows stay as they are until something is done in them: their socket is closed, and"
        " what they show is not taken away.",
    ),
    Row(
        "14.3.2",
        2,
        "Browsers keep no copy.",
        (
            "tests/gateway/test_headers.py::what_a_person_was_shown_stays_in_no_cache",
            "tests/console/test_views.py::pages_are_kept_by_no_cache",
        ),
    ),
    Row(
        "14.3.3",
        2,
        "Nothing sensitive is kept in browsers.",
        ("tests/common/test_code.py::a_browser_keeps_nothing_but_two_preferences",),
    ),
)
