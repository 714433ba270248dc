from tests.asvs.rows import Row

ROWS = (
    Row(
        "12.1.1",
        1,
        "TLS 1.2 and 1.3 alone.",
        ("tests/common/test_outbound_tls.py::old_versions_of_tls_are_not_spoken",),
        reason="Outgoing. Coming in it is ended by the operator's proxy; Caddy's in deploy/compose speaks no older "
        "one.",
    ),
    Row(
        "12.1.2",
        2,
        "Strong suites alone.",
        reason="Outgoing those of OpenSSL in the image; coming in those of the proxy, which Caddy's defaults keep to"
        " forward secrecy.",
    ),
    Row(
        "12.1.3",
        2,
        "Certificates of clients are checked.",
        reason="Does not apply: no client signs in by a certificate.",
    ),
    Row(
        "12.2.1",
        1,
        "Nothing is spoken to browsers and programs without TLS.",
        ("tests/gateway/test_production.py::production_is_tls_and_cookies_of_one_host",),
        reason="But a redirect for browsers, and see 4.1.2.",
    ),
    Row(
        "12.2.2",
        1,
        "Certificates are those that the public trusts.",
        reason="The operator's, by deploy/README.md; the one that Caddy makes by itself is for trying out, and said "
        "to be.",
    ),
    Row(
        "12.3.1",
        2,
        "Everything else is spoken by TLS, too.",
        lacks="production takes addresses of PostgreSQL and Redis without TLS, and in deploy/compose they and the "
        "roles are reached in plain on a network of one machine. Mail is sent by STARTTLS; deploy/README.md "
        "says how to ask for TLS.",
    ),
    Row(
        "12.3.2",
        2,
        "Certificates are checked before anything is said.",
        (
            "tests/common/test_outbound_tls.py::a_certificate_that_nobody_vouches_for_is_refused",
            "tests/common/test_outbound_tls.py::a_certificate_of_another_name_is_refused",
            "tests/common/test_outbound_tls.py::a_server_that_an_authority_vouches_for_is_spoken_to",
        ),
        reason="PostgreSQL's and Redis's where their addresses ask for it, as deploy/README.md has them.",
    ),
    Row(
        "12.3.3",
        2,
        "Internal services speak TLS.",
        lacks="from the proxy of deploy/compose to the roles it is HTTP in plain, on a network of one machine that "
        "leads nowhere.",
    ),
    Row(
        "12.3.4",
        2,
        "Internal certificates are trusted by name.",
        reason="deploy/README.md: an authority of one's own is named in the addresses of PostgreSQL and Redis, and "
        "lies in a folder that is mounted.",
    ),
)
