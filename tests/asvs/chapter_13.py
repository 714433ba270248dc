from tests.asvs.rows import Row

ROWS = (
    Row(
        "13.1.1",
        2,
        "What the program talks to is documented.",
        reason="deploy/README.md: what each process is told. Where tenants name addresses: docs/guides/models.md, "
        "mcp.md, builders.md, administrators.md.",
    ),
    Row(
        "13.2.1",
        2,
        "Parts of the system prove who they are, by what changes.",
        lacks="PostgreSQL and Redis are reached by passwords that stay until the operator changes them. Buckets may"
        " be reached by a role; between processes no other credential is used.",
    ),
    Row(
        "13.2.2",
        2,
        "Parts of the system may do no more than they must.",
        (
            "tests/deploy/test_compose.py::a_service_can_do_and_write_as_little_as_it_needs",
            "tests/datasets/test_isolation.py::the_child_knows_no_secret",
        ),
        reason="Of a database elsewhere the program's role owns its database and need not be more (deploy/README.md).",
        lacks="a role of that kind in deploy/compose, where the program comes to PostgreSQL as the superuser that "
        "its image makes.",
    ),
    Row(
        "13.2.3",
        2,
        "There are no credentials by default.",
        (
            "tests/deploy/test_servers.py::a_bad_setting_is_named_with_its_remedy",
            "tests/deploy/test_compose.py::every_variable_is_explained_and_every_explained_one_is_used",
        ),
        reason="Production does not start without secrets of its own.",
    ),
    Row(
        "13.2.4",
        2,
        "The program talks to what is listed.",
        (
            "tests/common/test_outbound.py::a_hostile_form_makes_no_connection",
            "tests/common/test_outbound.py::an_allowed_network_is_reached_and_a_redirect_is_an_answer",
        ),
        lacks="a list of public hosts. Internal networks are reached where the operator lists them; every public "
        "address may be called by a connection that somebody with the right set up, unless the operator's "
        "firewall says otherwise.",
    ),
    Row(
        "13.2.5",
        2,
        "The server in front passes on to what is listed.",
        ("tests/deploy/test_compose.py::data_is_reached_from_inside_only",),
        reason="The proxy names two roles, and reads no files.",
    ),
    Row(
        "13.3.1",
        2,
        "Secrets are kept where secrets are kept, and not in the source.",
        (
            "tests/deploy/test_entrypoint.py::a_secret_may_come_as_a_file",
            "tests/tenants/test_checks.py::a_master_key_that_cannot_be_used_is_refused_at_start",
        ),
        reason="Files of a vault, or a key management service that wraps the tenants' keys (docs/guides/operators.md).",
    ),
    Row(
        "13.3.2",
        2,
        "Who needs a secret gets it, and nobody else.",
        (
            "tests/datasets/test_isolation.py::the_child_knows_no_secret",
            "tests/tenants/test_checks.py::a_key_store_of_somebody_else_is_refused_at_start",
        ),
        reason="All roles are of one program and need the same; children that read what is foreign get none.",
    ),
    Row(
        "13.4.1",
        1,
        "No history of the source is deployed.",
        ("tests/gateway/test_hardening.py::no_history_of_the_source_goes_into_the_image",),
    ),
    Row(
        "13.4.2",
        2,
        "Nothing for debugging is on.",
        (
            "tests/deploy/test_servers.py::production_passes_djangos_checks_for_deployment",
            "tests/gateway/test_problems.py::an_unforeseen_error_tells_nothing_but_the_request",
        ),
    ),
    Row(
        "13.4.3",
        2,
        "Folders are not listed.",
        ("tests/gateway/test_hardening.py::folders_of_files_are_not_listed",),
    ),
    Row(
        "13.4.4",
        2,
        "TRACE is not answered.",
        ("tests/gateway/test_hardening.py::no_request_is_sent_back_to_who_sent_it",),
        reason="A probe says that it is alive, whatever the method; nothing sends a request back.",
    ),
    Row(
        "13.4.5",
        2,
        "Documentation and measurements are shown to whom they are for.",
        (
            "tests/gateway/test_probes.py::metrics_are_not_there_for_the_world",
            "tests/gateway/test_probes.py::what_a_proxy_passes_on_came_from_the_world",
            "tests/gateway/test_probes.py::who_holds_the_token_reads_metrics_from_anywhere",
        ),
        reason="The API's document is meant for everybody, and holds nothing of a tenant.",
    ),
)
