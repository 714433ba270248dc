from tests.asvs.rows import Row

ROWS = (
    Row(
        "9.1.1",
        1,
        "A token's signature is checked before anything in it is believed.",
        (
            "tests/gateway/test_tokens.py::a_token_without_a_signature_is_refused",
            "tests/gateway/test_tokens.py::the_other_tenants_token_with_our_key_id_is_refused",
        ),
    ),
    Row(
        "9.1.2",
        1,
        "Only listed algorithms sign and verify; none is not among them, and keys are not taken for secrets.",
        (
            "tests/gateway/test_tokens.py::a_token_without_a_signature_is_refused",
            "tests/gateway/test_tokens.py::a_token_signed_with_the_public_key_as_a_secret_is_refused",
        ),
        "EdDSA alone.",
    ),
    Row(
        "9.1.3",
        1,
        "Keys that verify come from where they were set up, and never from the token.",
        (
            "tests/gateway/test_tokens.py::the_other_tenants_key_is_another",
            "tests/gateway/test_tokens.py::the_other_tenants_token_with_our_key_id_is_refused",
        ),
        "Headers that name keys (jku, x5u, jwk) are not read.",
    ),
    Row(
        "9.2.1",
        1,
        "A token counts within its span of time alone.",
        ("tests/gateway/test_tokens.py::a_token_ends",),
    ),
    Row(
        "9.2.2",
        2,
        "A token of another kind is not taken for this one.",
        (
            "tests/gateway/test_tokens.py::a_token_of_another_type_is_refused",
            "tests/gateway/test_refresh.py::a_refresh_token_is_no_access_token_nor_the_other_way_round",
        ),
    ),
    Row(
        "9.2.3",
        2,
        "A token for another audience is refused.",
        (
            "tests/gateway/test_tokens.py::a_token_that_claims_anything_else_is_refused",
            "tests/gateway/test_tokens.py::a_token_that_leaves_a_claim_out_is_refused",
        ),
    ),
    Row(
        "9.2.4",
        2,
        "Where one key signs for several audiences, each token names the one it is for.",
        ("tests/gateway/test_tokens.py::a_token_of_the_other_tenant_is_refused_though_the_member_has_the_same_key",),
        "Each tenant signs with a key of its own, for one audience: its own API.",
    ),
)
