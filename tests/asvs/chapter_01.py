from tests.asvs.rows import Row

ROWS = (
    Row(
        "1.1.1",
        2,
        "What comes in is decoded once, where encoded data is expected, and before it is looked at.",
        (
            "tests/gateway/test_hardening.py::what_is_encoded_twice_is_decoded_once",
            "tests/gateway/test_problems.py::a_text_that_only_looks_like_an_escape_is_a_text",
        ),
        reason="Django decodes an address, a form or a body once, before any view.",
    ),
    Row(
        "1.1.2",
        2,
        "What goes out is encoded last, for whatever interprets it.",
        (
            "tests/gateway/test_hardening.py::what_was_entered_is_stored_as_it_is_and_encoded_where_it_is_shown",
            "tests/common/test_spreadsheets.py::no_cell_of_a_csv_begins_like_a_formula",
            "tests/common/test_code.py::a_text_is_taken_for_markup_where_it_was_escaped_just_before_and_for_a_template_nowhere",
        ),
    ),
    Row(
        "1.2.1",
        1,
        "Output is encoded for the place it stands in: text, attribute, head of an answer.",
        (
            "tests/gateway/test_hardening.py::what_was_entered_is_stored_as_it_is_and_encoded_where_it_is_shown",
            "tests/console/test_schemaforms.py::nothing_that_was_entered_runs_in_the_page",
            "tests/console/test_tags.py::every_widget_is_drawn_with_its_title_and_without_markup_of_the_data",
            "tests/common/test_code.py::a_text_is_taken_for_markup_where_it_was_escaped_just_before_and_for_a_template_nowhere",
        ),
    ),
    Row(
        "1.2.2",
        1,
        "Addresses are put together of encoded parts, and lead by safe protocols.",
        (
            "tests/gateway/test_hardening.py::nobody_is_led_to_another_site",
            "tests/common/test_outbound.py::a_hostile_form_makes_no_connection",
            "tests/console/test_policy.py::a_template_carries_nothing_inline",
        ),
        reason="Links are made by names of routes. Of a text that somebody entered, Django's urlize makes links to "
        "the web and to mail addresses alone; a script address would not run, by the policy of pages.",
    ),
    Row(
        "1.2.3",
        1,
        "Data in scripts and JSON cannot leave its place.",
        (
            "tests/console/test_policy.py::a_template_carries_nothing_inline",
            "tests/console/test_policy.py::a_script_makes_no_code_or_markup_of_text",
            "tests/console/test_tags.py::every_widget_is_drawn_with_its_title_and_without_markup_of_the_data",
        ),
        reason="No page holds a script; data for scripts goes by Django's json_script.",
    ),
    Row(
        "1.2.4",
        1,
        "Questions to the database have parameters.",
        (
            "tests/common/test_code.py::no_statement_is_put_together_of_what_came_in",
            "tests/common/test_code.py::the_scan_finds_a_statement_of_a_request",
            "tests/datasets/test_api.py::an_order_is_that_of_an_index",
        ),
        reason="Each statement that is put together is named there, with what of: names of tables and columns, never"
        " what came in.",
    ),
    Row(
        "1.2.5",
        1,
        "No command of the system is built of what came in.",
        (
            "tests/common/test_code.py::no_code_does_it",
            "tests/common/test_code.py::programs_are_started_from_a_few_places",
        ),
        reason="Two programs of our own are started in production, as lists of words, without a shell.",
    ),
    Row(
        "1.2.6",
        2,
        "Nothing is injected into LDAP.",
        reason="Does not apply: no LDAP is spoken. Directories come by SCIM, whose filters are parsed into "
        "comparisons of the ORM.",
    ),
    Row(
        "1.2.7",
        2,
        "Nothing is injected into XPath.",
        reason="Expressions of XPath are constants (apps/accounts/sso/saml.py); nothing that came in is part of one.",
    ),
    Row(
        "1.2.8",
        2,
        "LaTeX runs no commands.",
        reason="Does not apply: there is no LaTeX. Papers are made by reportlab, with every text escaped.",
    ),
    Row(
        "1.2.9",
        2,
        "What is put into a regular expression is escaped.",
        ("tests/common/test_code.py::what_is_put_into_a_regular_expression_is_escaped",),
    ),
    Row(
        "1.3.1",
        1,
        "HTML of people is cleaned.",
        (
            "tests/console/test_schemaforms.py::nothing_that_was_entered_runs_in_the_page",
            "tests/gateway/test_hardening.py::what_was_entered_is_stored_as_it_is_and_encoded_where_it_is_shown",
        ),
        reason="None is taken: whatever is entered is text.",
    ),
    Row(
        "1.3.2",
        1,
        "No code is made of text.",
        (
            "tests/common/test_code.py::no_code_does_it",
            "tests/workflows/test_computed_values.py::only_the_fields_that_an_expression_names_are_passed",
            "tests/workflows/test_computed_values.py::a_run_whose_expression_is_killed_fails_and_others_of_its_round_go_on",
        ),
        reason="Expressions of workflows are CEL, which can do nothing but compute, in a child that is killed in its"
        " time.",
    ),
    Row(
        "1.3.3",
        2,
        "What goes to a dangerous place is made safe for it before.",
        (
            "tests/datasets/test_services.py::a_file_is_named_by_its_last_part_in_one_line",
            "tests/common/test_spreadsheets.py::text_that_looks_like_a_formula_is_made_inert",
            "tests/ai/prompts/test_wording.py::a_value_cannot_close_its_marks",
            "tests/gateway/test_hardening.py::an_address_adds_no_line_and_nobody_to_a_mail",
            "tests/gateway/test_logs.py::every_process_writes_json_to_standard_error",
        ),
    ),
    Row(
        "1.3.4",
        2,
        "Scripts in SVG of people do not run.",
        ("tests/datasets/test_bad_input.py::the_api_refuses_it_and_stores_nothing",),
        reason="Does not apply beyond that: no picture of people is taken; a file that begins as XML is refused.",
    ),
    Row(
        "1.3.5",
        2,
        "Languages of templates and styles are cleaned or off.",
        (
            "tests/ai/prompts/test_wording.py::what_is_put_in_is_not_looked_at_for_fields_again",
            "tests/ai/prompts/test_wording.py::braces_that_are_no_field_stand_for_themselves",
        ),
        reason="No Markdown, CSS or XSL of people is rendered. Prompts have fields and no language.",
    ),
    Row(
        "1.3.6",
        2,
        "Nobody makes the server call what it must not.",
        (
            "tests/common/test_outbound.py::a_hostile_form_makes_no_connection",
            "tests/common/test_outbound.py::a_name_with_one_inner_address_is_refused_whatever_the_others",
            "tests/common/test_outbound.py::a_name_is_looked_up_once_and_the_connection_goes_there",
            "tests/common/test_outbound.py::an_allowed_network_is_reached_and_a_redirect_is_an_answer",
        ),
        reason="Internal networks are reached where the operator lists them alone.",
    ),
    Row(
        "1.3.7",
        2,
        "No template is made of what came in.",
        (
            "tests/common/test_code.py::a_text_is_taken_for_markup_where_it_was_escaped_just_before_and_for_a_template_nowhere",
            "tests/ai/prompts/test_wording.py::what_is_put_in_is_not_looked_at_for_fields_again",
        ),
    ),
    Row(
        "1.3.8",
        2,
        "Nothing is injected into JNDI.",
        reason="Does not apply: there is no Java.",
    ),
    Row(
        "1.3.9",
        2,
        "Nothing is injected into memcache.",
        reason="Does not apply: there is none. The protocol of Redis tells the length of every argument.",
    ),
    Row(
        "1.3.10",
        2,
        "Nobody gives a text with places that the program fills.",
        ("tests/common/test_code.py::texts_with_places_to_fill_are_written_by_the_program",),
    ),
    Row(
        "1.3.11",
        2,
        "Nobody adds lines or receivers to a mail.",
        ("tests/gateway/test_hardening.py::an_address_adds_no_line_and_nobody_to_a_mail",),
        reason="Django refuses a line break in any head of a mail.",
    ),
    Row(
        "1.4.1",
        2,
        "Memory is handled safely.",
        ("tests/datasets/test_isolation.py::the_child_limits_its_memory_time_and_files",),
        reason="Python. Libraries in other languages that read files of people do so in a child that knows no "
        "secret; lxml and xmlsec read what identity providers send in the process itself.",
    ),
    Row(
        "1.4.2",
        2,
        "Numbers do not overflow.",
        ("tests/gateway/test_fuzz.py::at_every_limit_and_in_chains_it_is",),
        reason="Python's whole numbers have no end; ranges are declared by field, and the database refuses what does"
        " not fit.",
    ),
    Row(
        "1.4.3",
        2,
        "Memory and handles are given back.",
        reason="Python's; files, sockets and connections are closed by context managers.",
    ),
    Row(
        "1.5.1",
        1,
        "Parsers of XML resolve no entities.",
        (
            "tests/accounts/sso/test_cases.py::a_try_comes_to_what_it_must",
            "tests/accounts/sso/test_managing.py::metadata_with_entities_are_refused",
        ),
        reason="Cases of xml: entities that grow, and one of a file. Workbooks are read in a child, by a parser that"
        " resolves none.",
    ),
    Row(
        "1.5.2",
        2,
        "Nobody has objects made of what they send.",
        (
            "tests/common/test_code.py::no_code_does_it",
            "tests/common/test_yamls.py::what_json_does_not_have_is_refused_at_its_line",
        ),
        reason="JSON and YAML become plain values, and those the models that a view names.",
    ),
)
