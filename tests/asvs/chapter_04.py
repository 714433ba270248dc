from tests.asvs.rows import Row

ROWS = (
    Row(
        "4.1.1",
        1,
        "Every answer names its type and encoding.",
        (
            "tests/gateway/test_hardening.py::every_answer_with_a_text_names_its_kind_and_its_encoding",
            "tests/gateway/test_fuzz.py::the_api_is_as_the_document_says",
        ),
    ),
    Row(
        "4.1.2",
        2,
        "Programs that come without TLS are not led on silently.",
        ("tests/gateway/test_production.py::programs_that_come_without_tls_are_refused_and_not_led_on",),
        lacks="the same in the proxy of deploy/compose, which leads everybody on to https before a request comes to"
        " the program.",
    ),
    Row(
        "4.1.3",
        2,
        "What a proxy says of a request cannot be said by who sends it.",
        (
            "tests/gateway/test_doors.py::what_a_proxy_is_said_to_have_been_asked_for_is_not_believed",
            "tests/gateway/test_limits.py::behind_proxies_it_is_the_address_that_the_outermost_of_ours_saw",
        ),
        reason="X-Forwarded-Proto is the proxy's to set anew (docs/guides/operators.md).",
    ),
    Row(
        "4.2.1",
        2,
        "All agree where a request ends.",
        lacks="a test that sends ambiguous lengths through the proxy to both servers. Requests are parsed by Caddy,"
        " granian and uvicorn alone.",
    ),
    Row(
        "4.3.1",
        2,
        "Queries of GraphQL are bounded.",
        reason="Does not apply: there is no GraphQL. Pages of lists, bodies and expressions of workflows have bounds.",
    ),
    Row(
        "4.3.2",
        2,
        "GraphQL tells nothing of its schema.",
        reason="Does not apply: there is none.",
    ),
    Row(
        "4.4.1",
        1,
        "Sockets go by TLS.",
        reason="A page that came by TLS asks for wss (static/console/live.js), and its policy upgrades what does "
        "not; the proxy listens for sockets behind TLS alone.",
    ),
    Row(
        "4.4.2",
        2,
        "Sockets open for pages of the same host alone.",
        ("tests/gateway/test_sockets.py::a_page_of_another_origin_opens_nothing",),
    ),
    Row(
        "4.4.3",
        2,
        "Where sessions cannot be used there are tokens for sockets.",
        (
            "tests/gateway/test_tickets.py::a_ticket_opens_one_socket_or_one_stream_once",
            "tests/gateway/test_tickets.py::of_many_who_come_with_a_ticket_at_once_one_is_let_in",
        ),
    ),
    Row(
        "4.4.4",
        2,
        "Such tokens come of a session that was proved.",
        (
            "tests/gateway/test_tickets.py::nobody_and_who_may_not_use_the_api_get_none",
            "tests/gateway/test_tickets.py::a_ticket_of_a_session_ends_when_its_person_signs_out",
        ),
        reason="A ticket is given to a credential that the API takes; pages use their session.",
    ),
)
