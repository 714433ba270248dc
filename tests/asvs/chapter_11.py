from tests.asvs.rows import Row

ROWS = (
    Row(
        "11.1.1",
        2,
        "There is a policy for keys and their life, after a standard.",
        (
            "tests/tenants/test_rotation.py::the_master_key_is_changed_and_the_old_one_opens_nothing",
            "tests/tenants/test_rotation.py::signing_keys_are_changed_for_one_or_for_all",
            "tests/tenants/test_erasure.py::an_old_backup_yields_nothing_of_a_tenant_whose_key_was_deleted",
        ),
        "Made, wrapped, changed and deleted as docs/guides/operators.md says under keys.",
    ),
    Row(
        "11.1.2",
        2,
        "All keys, algorithms and certificates are listed, with what they protect.",
        reason="The list is docs/security/cryptography.md.",
    ),
    Row(
        "11.2.1",
        2,
        "Cryptography is that of proven libraries.",
        reason="pyca/cryptography (OpenSSL), argon2-cffi, PyJWT, xmlsec; none is written here. Rules of our own are "
        "formats: what is bound to what (apps/tenants/sealing.py), what is hashed (apps/audit/documents.py).",
    ),
    Row(
        "11.2.2",
        2,
        "Algorithms and keys can be changed, and data encrypted anew.",
        (
            "tests/tenants/test_rotation.py::what_an_older_release_stored_is_sealed_and_reads_as_before",
            "tests/tenants/test_rotation.py::a_rotation_that_was_stopped_is_finished_by_the_next",
            "tests/tenants/test_keys.py::keys_move_from_a_master_key_to_a_service",
        ),
        "Each sealed value and each wrapped key begins with the version of its form.",
    ),
    Row(
        "11.2.3",
        2,
        "Nothing is weaker than 128 bits.",
        ("tests/tenants/test_keys.py::a_key_that_is_none_is_refused_with_what_to_do",),
        "AES-256, Ed25519, HMAC-SHA-256, SHA-256, 256 random bits in tokens: docs/security/cryptography.md.",
    ),
    Row(
        "11.3.1",
        1,
        "No insecure mode of a block cipher, and no weak padding.",
        ("tests/tenants/test_sealing.py::equal_values_are_sealed_differently",),
        "AES-256-GCM alone, which pads nothing. RSA is used for nothing of ours; SAML providers may sign with it.",
    ),
    Row(
        "11.3.2",
        1,
        "Only approved ciphers and modes.",
        reason="AES-256-GCM (NIST SP 800-38D): apps/tenants/sealing.py and sealedfiles.py are the only users of "
        "a cipher.",
    ),
    Row(
        "11.3.3",
        2,
        "What is encrypted cannot be changed unnoticed.",
        (
            "tests/tenants/test_sealing.py::a_changed_byte_is_noticed",
            "tests/tenants/test_sealing.py::a_value_that_was_cut_off_is_noticed",
            "tests/tenants/test_sealedfiles.py::a_flipped_bit_anywhere_is_noticed",
            "tests/tenants/test_sealedfiles.py::chunks_in_another_order_are_noticed",
            "tests/tenants/test_fields.py::a_payload_moved_to_another_row_column_or_tenant_does_not_open",
        ),
    ),
    Row(
        "11.4.1",
        1,
        "Only approved hash functions serve cryptography.",
        reason="SHA-256 and HMAC-SHA-256. CRC-32 in the marks of keys finds misspellings and protects nothing.",
    ),
    Row(
        "11.4.2",
        2,
        "Passwords are kept by a function made for that, at today's cost.",
        ("tests/accounts/test_passwords.py::what_is_stored_is_what_djangos_hasher_stores",),
    ),
    Row(
        "11.4.3",
        2,
        "Hashes for integrity are at least 256 bits long.",
        ("tests/audit/test_recording.py::the_digests_are_those_of_the_payload",),
        "SHA-256 in the audit log, in caches' keys and in signatures of webhooks.",
    ),
    Row(
        "11.4.4",
        2,
        "Keys made of passwords are stretched.",
        reason="Does not apply: no key is made of a password. Keys are random, or given as 32 bytes.",
    ),
    Row(
        "11.5.1",
        2,
        "What must not be guessed has at least 128 random bits of a secure generator.",
        (
            "tests/gateway/test_keys.py::two_keys_are_never_alike",
            "tests/gateway/test_marks.py::what_is_no_text_of_ours_is_none",
        ),
        "The module secrets: 256 bits in keys, tokens and tickets. A UUID names a thing and opens none; addresses of "
        "webhooks are checked by a signature.",
    ),
    Row(
        "11.6.1",
        2,
        "Keys for signatures are made, and signatures checked, by approved algorithms.",
        ("tests/gateway/test_tokens.py::a_token_is_signed_by_the_tenants_own_key_which_it_publishes",),
        "Ed25519 (FIPS 186-5) by pyca/cryptography. Of providers' signatures: chapter 10.",
    ),
)
