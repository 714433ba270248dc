from tests.asvs.rows import Row

ROWS = (
    Row(
        "8.1.1",
        1,
        "The rules for who may use which function and see which data are documented.",
        reason="Each app declares its codes and the roles that hold them in its permissions.py, shown on the page of "
        "members; data of a tenant is in one schema (docs/decisions/0001).",
    ),
    Row(
        "8.1.2",
        2,
        "The rules for single fields are documented.",
        reason="An API schema has no field that only some may read: who may see a thing sees its model, which is a "
        "pydantic class of its own for each operation. Secrets are write-only for everybody "
        "(docs/guides/integrators.md).",
    ),
    Row(
        "8.2.1",
        1,
        "A function is for those alone who hold a permission for it.",
        (
            "tests/gateway/test_checks.py::the_product_passes_its_own_check",
            "tests/gateway/test_checks.py::every_page_of_the_product_says_who_may_open_it",
            "tests/gateway/test_checks.py::every_socket_of_the_product_is_one_that_says_who_may_listen",
            "tests/gateway/test_checks.py::a_view_without_a_code_refuses_even_if_nobody_ran_the_check",
        ),
    ),
    Row(
        "8.2.2",
        1,
        "A thing is for those alone who hold a permission for that very thing.",
        (
            "tests/isolation/test_http.py::owners_are_let_in_at_home_and_no_attack_comes_to_anything",
            "tests/isolation/test_http.py::nothing_of_the_product_is_left_out",
        ),
    ),
    Row(
        "8.2.3",
        2,
        "A field is read and written by those alone who may.",
        ("tests/gateway/test_fuzz.py::the_api_is_as_the_document_says",),
        "Bodies are models that refuse what they do not know, so that nothing is assigned by a name that was guessed.",
    ),
    Row(
        "8.3.1",
        1,
        "Rights are checked on the server, where the caller has no hand in it.",
        (
            "tests/gateway/test_checks.py::the_product_passes_its_own_check",
            "tests/isolation/test_sockets.py::no_attack_opens_a_socket",
        ),
        "Selectors and services demand the code themselves; pages only leave out what nobody may press.",
    ),
    Row(
        "8.4.1",
        2,
        "What is done in one tenant never touches another.",
        (
            "tests/isolation/test_http.py::at_least_twelve_attacks_make_sense_for_every_operation",
            "tests/isolation/test_work.py::no_attack_on_work_comes_to_anything",
            "tests/isolation/test_work.py::a_cache_key_of_one_is_nothing_in_the_other",
            "tests/isolation/test_work.py::a_file_of_one_is_not_reached_from_the_other",
            "tests/isolation/test_stress.py::no_thread_is_answered_with_rows_of_the_other_tenant",
        ),
        "The whole matrix: docs/security/isolation.md.",
    ),
)
