"""Exports and proofs: recorded before they leave, inert in a spreadsheet, and of this tenant alone."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client

from apps.accounts.auditing import MEMBER_INVITED
from apps.accounts.models import User
from apps.audit import verify_audit
from apps.audit.documents import leaf_hash
from apps.audit.models import AuditEntry
from apps.audit.notes import opened, signing_key
from apps.audit.sentences import said_of
from apps.audit.services import Subject, record
from apps.audit.tree import root_by_inclusion
from apps.common.errors import PermissionDenied
from apps.compliance.audit import exporting
from apps.compliance.audit.exporting import COLUMNS, csv_pieces, export_begin
from apps.compliance.audit.filters import AuditFilter
from apps.tenants.context import public_context, tenant_context
from apps.tenants.models import Tenant
from tests.compliance.ground import role_set, shred

Make = Callable[..., User]


@pytest.fixture
def browser(ada: User, client_for: Callable[..., Client]) -> Client:
    return client_for(ada)


def exported(browser: Client, form: str, query: str = "kind=accounts.role_set") -> str:
    answer = browser.post("/audit/export/", {"form": form, "query": query})
    assert answer.status_code == 200, answer.content
    return answer.getvalue().decode()


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def last_entry() -> AuditEntry:
    return AuditEntry.objects.select_related("payload").order_by("-id")[0]


def test_a_table_has_all_that_an_entry_says_oldest_first(browser: Client, ada: User, grace: User) -> None:
    one, other = role_set(ada, grace), role_set(ada, grace, now="auditor")
    shred(one)
    erased, told = rows(exported(browser, "csv"))
    assert [erased["Entry"], told["Entry"]] == [str(one), str(other)]
    assert erased["What was done"].startswith("(erased) gave (erased)")
    assert erased["E-mail"] == erased["Address"] == ""
    assert told["What was done"] == "Ada Lovelace gave Grace Hopper the role auditor in place of viewer"
    assert (told["E-mail"], told["Address"], told["Subject id"]) == ("ada@example.org", "192.0.2.7", str(grace.pk))
    assert json.loads(told["After"]) == {"role": "auditor"}
    assert list(told) == list(COLUMNS)


def test_no_cell_of_a_table_is_a_formula(browser: Client, ada: User, member: Make) -> None:
    role_set(ada, member(name='=HYPERLINK("http://192.0.2.1")'))
    (told,) = rows(exported(browser, "csv"))
    assert told["Subject"] == '\'=HYPERLINK("http://192.0.2.1")'


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_export_is_recorded_before_its_first_byte(browser: Client, ada: User, grace: User, form: str) -> None:
    role_set(ada, grace)
    answer = browser.post("/audit/export/", {"form": form, "query": "outcome=done&kind=accounts.role_set&before=x"})
    entry = last_entry()  # nobody has read of the answer
    assert (entry.kind, entry.actor_id) == ("compliance.audit_exported", ada.pk)
    facts = said_of(entry).facts
    assert facts["filter"] == {"outcome": "done", "kind": "accounts.role_set"}
    assert facts["entries"] == 1
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-acme-')
    assert str(grace.pk) in answer.getvalue().decode()


def test_what_is_recorded_while_it_is_read_is_not_exported(ada: User, grace: User) -> None:
    role_set(ada, grace)
    export = export_begin(who=ada, narrow=AuditFilter(), form="csv")
    role_set(ada, grace)
    assert len(rows("".join(csv_pieces(who=ada, export=export)))) == export.entries


def test_a_table_is_read_a_part_at_a_time_and_in_its_tenant(
    acme: Tenant, ada: User, grace: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "ROWS", 2)
    ids = [str(role_set(ada, grace)) for _ in range(5)]
    narrow = AuditFilter(kind="accounts.role_set")
    pieces = csv_pieces(who=ada, export=export_begin(who=ada, narrow=narrow, form="csv"))
    with public_context():  # as when the answer is sent
        found = list(pieces)
    assert len(found) == 4
    assert [row["Entry"] for row in rows("".join(found))] == ids


def test_an_empty_export_has_headings_only(ada: User) -> None:
    export = export_begin(who=ada, narrow=AuditFilter(kind="none.such"), form="csv")
    assert rows("".join(csv_pieces(who=ada, export=export))) == []


def test_lines_carry_proofs_that_lead_to_the_checkpoint(
    acme: Tenant, browser: Client, ada: User, grace: User, seal: Callable[[], None]
) -> None:
    ids = [str(role_set(ada, grace)) for _ in range(3)]
    seal()
    head, *lines, end = [json.loads(line) for line in exported(browser, "jsonl").splitlines()]
    assert [line["entry"]["id"] for line in lines] == ids
    assert end == {"end": True, "entries": 3}
    said = opened(head["epochs"][0]["checkpoint"], signing_key(acme).public_key())
    for line in lines:
        assert root_of(leaf_hash(line["entry"]), line["index"], said.size, line["proof"]) == said.root


def root_of(leaf: bytes, index: int, size: int, hashes: str) -> bytes | None:
    joined = base64.b64decode(hashes)
    proof = [joined[at : at + 32] for at in range(0, len(joined), 32)]
    return root_by_inclusion(leaf=leaf, index=index, size=size, proof=proof)


def verified(tmp_path: Path, text: str, outside: Path, tenant: Tenant) -> int:
    """What the verifier ends with that anybody may run."""
    file = tmp_path / "file.jsonl"
    file.write_text(text)
    return verify_audit.main([str(file), "--checkpoints", str(outside / str(tenant.pk))])


def test_the_whole_log_is_exported_without_a_gap(
    acme: Tenant, browser: Client, ada: User, grace: User, seal: Callable[[], None], outside: Path, tmp_path: Path
) -> None:
    id = str(role_set(ada, grace))
    seal()
    text = exported(browser, "jsonl", "")
    assert verified(tmp_path, text, outside, acme) == 0
    assert verified(tmp_path, text.replace('"outcome":"done"', '"outcome":"failed"'), outside, acme) == 1
    head, *lines, _ = [json.loads(line) for line in text.splitlines()]
    assert head["whole"] is True
    entries = [line["entry"] for line in lines if "entry" in line]
    assert id in {entry["id"] for entry in entries}
    assert entries[-1]["kind"] == "compliance.audit_exported"


def test_the_proof_of_an_entry_leads_to_the_checkpoint(
    acme: Tenant, browser: Client, ada: User, grace: User, seal: Callable[[], None], outside: Path, tmp_path: Path
) -> None:
    id = role_set(ada, grace)
    address = f"/audit/{id}/proof.json"
    assert browser.get(address).status_code == 409
    assert "Not sealed yet" in browser.get(f"/audit/{id}/").content.decode()
    seal()
    html = browser.get(f"/audit/{id}/").content.decode()
    assert "Sealed since" in html
    assert address in html
    proof = browser.get(address).json()
    said = opened(proof["checkpoint"], signing_key(acme).public_key())
    assert leaf_hash(proof["entry"]).hex() == proof["leaf"]
    assert root_of(bytes.fromhex(proof["leaf"]), proof["index"], proof["size"], proof["hashes"]) == said.root
    assert "Lovelace" not in json.dumps(proof)  # three letters may come about in a signature
    assert verified(tmp_path, json.dumps(proof), outside, acme) == 0
    assert verified(tmp_path, json.dumps({**proof, "index": proof["index"] + 1}), outside, acme) == 1


def test_a_page_says_how_to_verify_the_log_and_hands_out_the_script(browser: Client, acme: Tenant) -> None:
    html = browser.get("/audit/verify/").content.decode()
    assert f"orchestrall/{acme.pk}+" in html
    script = browser.get("/audit/verify/verify_audit.py")
    assert script.content == Path(verify_audit.__file__).read_bytes()
    assert "verify_audit.py" in script["Content-Disposition"]


def test_the_page_says_how_far_the_log_is_covered(
    browser: Client, ada: User, grace: User, seal: Callable[[], None], outside: Any
) -> None:
    role_set(ada, grace)
    assert "No entry is sealed yet" in browser.get("/audit/").content.decode()
    seal()
    role_set(ada, grace)
    html = browser.get("/audit/").content.decode()
    assert str(outside) in html
    assert "1 entry waits for the next one" in html
    assert "The log is not covered as it should be" not in html


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("auditor", 200), ("builder", 403), ("viewer", 403)])
def test_who_may_export(member: Make, client_for: Callable[..., Client], role: str, status: int) -> None:
    answer = client_for(member(role)).post("/audit/export/", {"form": "csv", "query": ""})
    assert answer.status_code == status
    assert last_entry().kind == "compliance.audit_exported" if status == 200 else True


def test_a_form_that_there_is_not_exports_nothing(browser: Client) -> None:
    assert browser.post("/audit/export/", {"form": "exe"}).status_code == 422
    assert not AuditEntry.objects.filter(kind="compliance.audit_exported").exists()


def test_lines_with_proofs_are_for_who_may_see_people(ada: User) -> None:
    class Narrow:
        """As a key that holds the scopes of the audit log alone."""

        def can(self, code: str) -> bool:
            return code in {"audit.view", "audit.export"}

        def as_actor(self) -> Any:
            return ada.as_actor()

    with transaction.atomic():
        record(MEMBER_INVITED, who=ada, subject=Subject("", "", "bo@example.org"), after={"email": "bo@example.org"})
    with pytest.raises(PermissionDenied):
        export_begin(who=Narrow(), narrow=AuditFilter(), form="jsonl")
    export = export_begin(who=Narrow(), narrow=AuditFilter(), form="csv")
    text = "".join(csv_pieces(who=Narrow(), export=export))
    assert (len(rows(text)), "@" in text) == (1, False)
    assert '{"email": "(not shown)"}' in [row["After"] for row in rows(text)]


def test_an_export_has_nothing_of_another_tenant(browser: Client, globex: Tenant, ada: User, grace: User) -> None:
    mine = role_set(ada, grace)
    with tenant_context(globex):
        theirs: UUID = role_set(None, grace)
    for form in ("csv", "jsonl"):
        text = exported(browser, form, "")
        assert str(mine) in text
        assert str(theirs) not in text
