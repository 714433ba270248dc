from tests.asvs.rows import Row

ROWS = (
    Row(
        "5.1.1",
        2,
        "What files are taken, how large, and what becomes of bad ones is documented.",
        ("tests/datasets/test_bad_input.py::the_limits_are_those_that_the_documents_name",),
        reason="docs/guides/users.md and docs/api/openapi.json.",
    ),
    Row(
        "5.2.1",
        1,
        "Files are no larger than can be handled.",
        (
            "tests/datasets/test_limits.py::three_hundred_megabytes_are_refused_by_their_length",
            "tests/datasets/test_bad_input.py::a_file_over_the_quota_is_refused_although_its_form_is_not",
            "tests/datasets/test_bad_input.py::a_table_with_too_many_rows_or_cells_is_refused_on_the_way",
        ),
    ),
    Row(
        "5.2.2",
        1,
        "A file is what it says it is.",
        ("tests/datasets/test_bad_input.py::the_api_refuses_it_and_stores_nothing",),
        reason="Told by its content, whatever its name; a name that says otherwise changes nothing.",
    ),
    Row(
        "5.2.3",
        2,
        "Packed files are looked at before they are unpacked.",
        (
            "tests/datasets/test_bad_input.py::the_api_refuses_it_and_stores_nothing",
            "tests/datasets/test_bad_input.py::a_workbook_that_lies_about_its_size_costs_only_the_child",
        ),
        reason="Of a workbook the number of its parts and what they unpack to are added up first; archives are "
        "refused.",
    ),
    Row(
        "5.3.1",
        1,
        "What is stored is not run.",
        ("tests/datasets/test_services.py::what_is_stored_of_a_table_is_sealed",),
        reason="Files lie sealed in no public folder; the cells of a table are kept and not the file.",
    ),
    Row(
        "5.3.2",
        1,
        "Paths are not made of names that people give.",
        (
            "tests/datasets/test_services.py::a_file_is_named_by_its_last_part_in_one_line",
            "tests/datasets/test_services.py::files_lie_in_the_folder_of_their_tenant",
        ),
        reason="A file lies under a key that we made.",
    ),
    Row(
        "5.4.1",
        2,
        "Names of downloads are ours.",
        ("tests/datasets/test_pages.py::a_download_is_the_table_as_csv",),
    ),
    Row(
        "5.4.2",
        2,
        "Names of downloads cannot break the head of an answer.",
        ("tests/gateway/test_hardening.py::the_name_of_a_download_cannot_break_its_head",),
    ),
    Row(
        "5.4.3",
        2,
        "Files of others are looked at for viruses.",
        ("tests/datasets/test_services.py::a_download_is_inert_and_comes_in_pieces",),
        reason="Does not apply: no file is handed out as it came. What is stored is a table, and goes out as one "
        "that was written anew.",
    ),
)
