from tests.asvs.rows import Row

ROWS = (
    Row(
        "3.2.1",
        1,
        "What is no page does not act as one when it is opened.",
        (
            "tests/gateway/test_headers.py::every_route_answers_with_them",
            "tests/gateway/test_headers.py::static_files_are_no_others_to_read",
        ),
        reason="Its policy lets it load nothing, its type is not guessed, and files come as attachments.",
    ),
    Row(
        "3.2.2",
        1,
        "Scripts put text into pages as text.",
        ("tests/console/test_policy.py::a_script_makes_no_code_or_markup_of_text",),
    ),
    Row(
        "3.3.1",
        1,
        "Cookies go by TLS alone, and say so by their names.",
        ("tests/gateway/test_production.py::production_is_tls_and_cookies_of_one_host",),
    ),
    Row(
        "3.3.2",
        2,
        "Cookies do not come with requests of other sites.",
        ("tests/gateway/test_production.py::production_is_tls_and_cookies_of_one_host",),
        reason="Lax: links from elsewhere lead in; forms from elsewhere bring none.",
    ),
    Row(
        "3.3.3",
        2,
        "Cookies belong to one host.",
        ("tests/gateway/test_production.py::production_is_tls_and_cookies_of_one_host",),
    ),
    Row(
        "3.3.4",
        2,
        "Scripts do not read cookies of sessions.",
        (
            "tests/gateway/test_production.py::production_is_tls_and_cookies_of_one_host",
            "tests/common/test_code.py::a_browser_keeps_nothing_but_two_preferences",
        ),
    ),
    Row(
        "3.4.1",
        1,
        "Browsers are told to use TLS for a year, for all below.",
        (
            "tests/gateway/test_production.py::production_is_tls_and_cookies_of_one_host",
            "tests/gateway/test_headers.py::tls_is_demanded_of_who_came_by_it",
        ),
    ),
    Row(
        "3.4.2",
        1,
        "Other origins read what they are listed for.",
        (
            "tests/gateway/test_cors.py::a_page_of_any_other_origin_may_read_nothing",
            "tests/gateway/test_cors.py::an_origin_of_one_tenant_is_nothing_at_another",
            "tests/gateway/test_cors.py::no_answer_lets_cookies_come_along",
        ),
    ),
    Row(
        "3.4.3",
        2,
        "Every answer has a policy of content, without objects and other bases.",
        (
            "tests/gateway/test_headers.py::every_route_answers_with_them",
            "tests/gateway/test_headers.py::every_route_of_the_back_office_answers_with_them",
            "tests/gateway/test_headers.py::exceptions_and_streams_carry_them",
            "tests/console/test_policy.py::every_page_carries_the_policy",
        ),
        reason="Nothing is allowed by default, objects neither. The back office lets its theme evaluate expressions,"
        " by a policy of its own.",
    ),
    Row(
        "3.4.4",
        2,
        "No browser guesses types.",
        ("tests/gateway/test_headers.py::every_route_answers_with_them",),
    ),
    Row(
        "3.4.5",
        2,
        "Other sites learn no address of ours.",
        ("tests/gateway/test_headers.py::every_route_answers_with_them",),
    ),
    Row(
        "3.4.6",
        2,
        "No other page frames ours.",
        (
            "tests/gateway/test_headers.py::every_route_answers_with_them",
            "tests/gateway/test_production.py::production_is_tls_and_cookies_of_one_host",
        ),
    ),
    Row(
        "3.5.1",
        1,
        "No other site has a browser send forms here.",
        (
            "tests/gateway/test_doors.py::every_form_of_the_console_needs_its_token",
            "tests/gateway/test_doors.py::every_form_of_the_back_office_needs_its_token",
            "tests/gateway/test_doors.py::a_form_of_another_site_is_refused_though_it_has_the_token",
        ),
    ),
    Row(
        "3.5.2",
        1,
        "What a preflight is to keep off cannot be had without one.",
        (
            "tests/gateway/test_doors.py::a_session_that_writes_by_the_api_needs_the_token_too",
            "tests/gateway/test_cors.py::no_answer_lets_cookies_come_along",
        ),
    ),
    Row(
        "3.5.3",
        1,
        "Reading changes nothing.",
        (
            "tests/console/test_sign_in.py::signing_out_takes_a_click_and_ends_the_session",
            "tests/gateway/test_doors.py::every_form_of_the_console_needs_its_token",
        ),
        reason="What writes is POST, PUT, PATCH or DELETE. A link of an operator's visit, and the answer of an "
        "identity provider, come by GET, and are good once.",
    ),
    Row(
        "3.5.4",
        2,
        "What belongs to different parties has different hosts.",
        (
            "tests/gateway/test_doors.py::a_host_is_a_tenants_to_the_letter_or_nobodys",
            "tests/gateway/test_production.py::production_is_tls_and_cookies_of_one_host",
        ),
        reason="Each tenant has a host of its own, the back office another.",
    ),
    Row(
        "3.5.5",
        2,
        "Messages of other windows are believed by their origin.",
        ("tests/common/test_code.py::no_script_listens_to_other_windows_or_is_called_by_a_name_that_came_in",),
    ),
    Row(
        "3.7.1",
        2,
        "Nothing is used that browsers gave up.",
        ("tests/console/test_policy.py::nothing_is_loaded_from_elsewhere",),
        reason="HTML, CSS and ES modules; no plugin of a browser.",
    ),
    Row(
        "3.7.2",
        2,
        "Nobody is led to another site by an address of ours.",
        ("tests/gateway/test_hardening.py::nobody_is_led_to_another_site",),
        reason="Other sites are left to for a tenant's identity provider alone, which its administrators named.",
    ),
)
