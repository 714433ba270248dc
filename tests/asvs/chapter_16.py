from tests.asvs.rows import Row

ROWS = (
    Row(
        "16.1.1",
        2,
        "What is logged where, in which form, for whom and for how long is listed.",
        reason="Lines of the log: deploy/README.md. The audit log: docs/guides/auditors.md, with every kind of "
        "entry in "
        "docs/api/audit.md. What is kept how long: the page of retention.",
    ),
    Row(
        "16.2.1",
        2,
        "An entry says when, where, who and what.",
        (
            "tests/gateway/test_logs.py::a_line_says_when_who_and_how_grave",
            "tests/gateway/test_logs.py::a_line_names_the_tenant_it_was_written_in",
            "tests/gateway/test_logs.py::a_line_names_the_request_it_was_written_in",
            "tests/audit/test_recording.py::an_entry_says_who_did_what_to_what",
        ),
    ),
    Row(
        "16.2.2",
        2,
        "Times are of one clock, and in UTC.",
        ("tests/gateway/test_logs.py::a_line_says_when_who_and_how_grave",),
        "That clocks of machines agree is the operator's part.",
    ),
    Row(
        "16.2.3",
        2,
        "Logs go to the documented places alone.",
        (
            "tests/gateway/test_logfiles.py::lines_go_to_standard_output_or_to_a_folder_by_a_setting",
            "tests/gateway/test_tracking.py::without_an_address_nothing_is_set_up",
        ),
    ),
    Row(
        "16.2.4",
        2,
        "Logs are of one form that programs read and connect.",
        (
            "tests/gateway/test_logs.py::every_process_writes_json_to_standard_error",
            "tests/gateway/test_logfiles.py::lines_of_a_request_name_the_trace_that_it_is_part_of",
        ),
    ),
    Row(
        "16.2.5",
        2,
        "What is sensitive is not logged, or hidden.",
        (
            "tests/gateway/test_logs.py::a_secret_inside_a_text_never_passes",
            "tests/gateway/test_logs.py::a_value_under_a_secret_name_never_passes",
            "tests/gateway/test_leaks.py::no_logger_writes_one",
            "tests/gateway/test_tracking.py::no_secret_no_person_and_no_local_variable_arrives",
            "tests/audit/test_recording.py::nothing_of_a_person_stands_outside_the_sealed_part",
            "tests/audit/test_recording.py::values_under_names_of_credentials_are_not_kept",
        ),
    ),
    Row(
        "16.3.1",
        2,
        "Every try to sign in is logged, whatever came of it.",
        ("tests/accounts/test_recording.py::who_signs_in_and_out_is_recorded_with_how",),
    ),
    Row(
        "16.3.2",
        2,
        "Refusals of rights are logged.",
        (
            "tests/gateway/test_middleware.py::a_request_is_one_line_with_tenant_person_and_route",
            "tests/gateway/test_middleware.py::only_quick_successful_reads_are_sampled",
        ),
        "As lines of the request, with the person, the route and 403 or 404.",
    ),
    Row(
        "16.3.3",
        2,
        "Events that matter for security are logged, and tries to get round them.",
        ("tests/audit/test_coverage.py::every_operation_that_writes_leaves_an_entry",),
        "Refused input, exhausted limits and refused credentials are lines of their requests.",
    ),
    Row(
        "16.3.4",
        2,
        "Unforeseen errors are logged, and controls that failed.",
        (
            "tests/gateway/test_logs.py::an_error_keeps_its_traceback_on_its_line",
            "tests/gateway/test_leaks.py::what_nobody_catches_is_a_line_and_holds_none",
        ),
    ),
    Row(
        "16.4.1",
        2,
        "Nobody can write lines of their own into a log.",
        (
            "tests/gateway/test_logs.py::every_process_writes_json_to_standard_error",
            "tests/gateway/test_leaks.py::what_nobody_catches_is_a_line_and_holds_none",
        ),
        "Each line is one JSON object, in which a line break is escaped.",
    ),
    Row(
        "16.4.2",
        2,
        "Logs are read by those alone who may, and cannot be changed.",
        (
            "tests/audit/test_recording.py::the_database_refuses_what_would_alter_the_log",
            "tests/audit/test_tampering.py::each_way_of_altering_the_log_is_found",
        ),
        "The audit log. Who reads the lines of processes is the operator's part.",
    ),
    Row(
        "16.4.3",
        2,
        "Logs are sent to another system, so that a break-in does not reach them.",
        ("tests/audit/test_sequencing.py::a_checkpoint_is_stored_outside_beside_the_key",),
        "Lines leave by standard error, or to a folder that a shipper reads. Of the audit log the signed checkpoints "
        "are kept outside the database.",
    ),
    Row(
        "16.5.1",
        2,
        "Who caused an error learns nothing of the inside.",
        ("tests/gateway/test_problems.py::an_unforeseen_error_tells_nothing_but_the_request",),
    ),
    Row(
        "16.5.2",
        2,
        "When an outside service fails, the rest goes on securely.",
        (
            "tests/tenants/test_keys.py::a_service_that_is_away_is_no_erasure",
            "tests/gateway/test_signin.py::without_redis_a_few_tries_are_allowed_and_no_more",
            "tests/gateway/test_tickets.py::without_redis_no_ticket_is_made_and_none_is_taken",
        ),
    ),
    Row(
        "16.5.3",
        2,
        "What fails is not done by half, and nothing opens by an error.",
        (
            "tests/audit/test_recording.py::where_it_cannot_be_written_the_change_is_undone",
            "tests/gateway/test_checks.py::a_view_without_a_code_refuses_even_if_nobody_ran_the_check",
        ),
    ),
)
