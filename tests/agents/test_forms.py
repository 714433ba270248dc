"""Inputs and settings by forms: rows without a script, errors at their places, files, secrets, help to type."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents import configurations
from apps.agents.contract import AGENTS
from apps.agents.models import AgentConfiguration, AgentResult, AgentRun
from apps.gateway import limits
from tests.console.forms import Sent

Browse = Callable[..., Client]
Make = Callable[..., User]
KEY = "dummy.former"
PAGE, SUGGEST, SETTINGS = f"/agents/{KEY}/", f"/agents/{KEY}/suggest/", f"/agents/{KEY}/settings/"
FULL: dict[str, Any] = {
    "title": "A crate",
    "count": 3,
    "weight": 2.5,
    "speed": "very_fast",
    "urgent": True,
    "day": "2026-11-25",
    "at": "2026-11-25T16:40:00+01:00",
    "lasts": "PT1H30M",
    "note": "two\nlines",
    "tags": ["a, b", "c"],
    "parts": [{"name": "nuts", "length": 5.0, "made_of": "brass", "spare": True}],
    "crates": [{"label": "x", "parts": [{"name": "bolts", "length": 7.0, "made_of": "steel", "spare": False}]}],
    "place": {"street": "Am Wall 1", "city": "Bremen"},
    "sent": {"way": "hand", "by": "Anna"},
    "extra": {"a": [1, None]},
}


@pytest.fixture
def page(client_for: Browse, member: Make) -> Client:
    return client_for(member("analyst"))


def sent(answer: Any) -> dict[str, str]:
    """What a browser would send of the form in an answer."""
    html = answer.content.decode()
    start = html.index("data-schemaform")
    return Sent("<form " + html[start : html.index("</form>", start)]).values


def values_of(answer: Any, *names: str) -> list[str | None]:
    found = sent(answer)
    return [found.get(name) for name in names]


def test_rows_are_added_moved_and_removed_without_a_script_and_nothing_is_started(page: Client) -> None:
    values = sent(page.get(PAGE)) | {"title": "", "parts.0.name": "nuts", "count": "many"}
    answer = page.post(PAGE, values | {"_edit": "add parts"})
    assert answer.status_code == 200
    assert values_of(answer, "parts.#", "parts.0.name", "parts.1.name", "count") == ["2", "nuts", "", "many"]
    answer = page.post(PAGE, sent(answer) | {"_edit": "down parts.0"})
    assert values_of(answer, "parts.0.name", "parts.1.name") == ["", "nuts"]
    answer = page.post(PAGE, sent(answer) | {"_edit": "remove parts.0"})
    assert values_of(answer, "parts.#", "parts.0.name", "parts.1.name") == ["1", "nuts", None]
    answer = page.post(PAGE, sent(answer) | {"sent.?": "1", "_edit": "show sent"})
    assert values_of(answer, "sent.?", "sent.by") == ["1", ""]
    assert not AgentRun.objects.exists()


def test_the_button_that_enter_presses_starts_the_run(page: Client) -> None:
    html = page.get(PAGE).content.decode()
    form = html[html.index("data-schemaform") :]
    first = form[form.index("<button") :].partition(">")[0]
    assert "name=" not in first
    assert 'type="submit"' in first


def test_a_form_of_every_kind_starts_the_run_that_it_shows(
    page: Client, member: Make, work_off: Callable[[], int]
) -> None:
    answer = page.post(PAGE, {"mode": "json", "json": json.dumps(FULL), "_edit": "form"})
    assert answer.status_code == 200
    assert page.post(PAGE, sent(answer)).status_code == 302
    work_off()
    run = AgentRun.objects.get()
    parsed = AGENTS[KEY].input_type.model_validate
    assert parsed(run.input) == parsed(FULL)
    assert AgentResult.objects.get(run=run).output["given"]["tags"] == ["a, b", "c"]
    # From an earlier run the form starts with all of it.
    again = page.get(PAGE, {"again": str(run.number)})
    assert values_of(again, "mode", "parts.0.name", "crates.0.parts.0.name") == ["form", "nuts", "bolts"]
    page.post(PAGE, sent(again))
    newest = AgentRun.objects.order_by("-number").first()
    assert newest is not None
    assert parsed(newest.input) == parsed(FULL)


def test_what_was_entered_becomes_json_and_fields_again(page: Client) -> None:
    values = sent(page.get(PAGE)) | {"title": "Mine", "tags.#": "1", "tags.0": "x"}
    as_json = page.post(PAGE, values | {"_edit": "json"})
    text = json.loads(sent(as_json)["json"])
    assert (text["title"], text["tags"]) == ("Mine", ["x"])
    back = page.post(PAGE, sent(as_json) | {"_edit": "form"})
    assert values_of(back, "title", "tags.0") == ["Mine", "x"]


@pytest.mark.parametrize(("text", "said"), [("{", "not JSON"), ('{"titel": "x"}', "titel"), ('{"parts": 3}', "parts")])
def test_json_that_no_field_shows_stays_json_and_says_why(page: Client, text: str, said: str) -> None:
    answer = page.post(PAGE, {"mode": "json", "json": text, "_edit": "form"})
    assert answer.status_code == 422
    assert sent(answer)["json"] == text
    assert said in answer.content.decode()


def test_what_the_agent_itself_finds_wrong_stands_at_its_row(page: Client) -> None:
    values = {"title": "Mine", "parts.#": "2"}
    for number, name in enumerate(["nuts", "nothing"]):
        values |= {f"parts.{number}.name": name, f"parts.{number}.length": "1"}
    answer = page.post(PAGE, values)
    assert answer.status_code == 422
    (wrong,) = [has for _, has in Sent(answer.content.decode()).tags if has.get("aria-invalid") == "true"]
    assert wrong["name"] == "parts.1.name"
    assert "Nothing is no part." in answer.content.decode()
    assert values_of(answer, "title", "parts.0.name", "parts.1.name") == ["Mine", "nuts", "nothing"]


def test_rows_of_a_csv_file_and_of_a_workbook_go_into_a_table(page: Client) -> None:
    text = SimpleUploadedFile("parts.csv", "\ufeffName;Length\nnuts;5\nbolts;x\n".encode())
    answer = page.post(PAGE, {"title": "Mine", "_edit": "fill parts", "_file": text})
    assert values_of(answer, "parts.0.name", "parts.1.length") == ["nuts", "x"]
    raw = BytesIO()
    with xlsxwriter.Workbook(raw) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([("name", "length", "made of"), ("nuts", 5, "Brass"), ("bolts", 7.25, "steel")]):
            sheet.write_row(number, 0, row)
    file = SimpleUploadedFile("parts.xlsx", raw.getvalue())
    answer = page.post(PAGE, {"title": "Mine", "_edit": "fill parts", "_file": file})
    found = values_of(answer, "parts.0.name", "parts.0.length", "parts.0.made_of", "parts.1.length", "title")
    assert found == ["nuts", "5", "brass", "7.25", "Mine"]


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", b"\x89PNG\r\n", b"PK\x03\x04 no workbook", b"x" * (2 * 1024**2 + 1)])
def test_a_file_that_cannot_be_read_says_so_and_changes_nothing(page: Client, raw: bytes) -> None:
    file = SimpleUploadedFile("parts.csv", raw)
    answer = page.post(PAGE, {"title": "Mine", "parts.0.name": "nuts", "_edit": "fill parts", "_file": file})
    assert answer.status_code in {413, 415, 422}
    assert values_of(answer, "title", "parts.0.name", "parts.1.name") == ["Mine", "nuts", None]


def test_the_form_costs_the_same_statements_however_many_rows(page: Client) -> None:
    def statements(rows: int) -> int:
        values = {"parts.#": str(rows), "_edit": "add parts"} | {f"parts.{n}.name": "x" for n in range(rows)}
        with CaptureQueriesContext(connection) as caught:
            assert page.post(PAGE, values).status_code == 200
        return len(caught)

    statements(1)
    assert statements(200) == statements(1)


def test_who_may_not_run_agents_changes_no_rows(client_for: Browse, member: Make) -> None:
    viewer = client_for(member("viewer"))
    assert viewer.get(PAGE).status_code == 200
    assert viewer.post(PAGE, {"_edit": "add parts"}).status_code == 403


# ------------------------------------------------------------------------------------------------------- help to type


def suggested(page: Client, path: str, text: str) -> Any:
    return page.get(SUGGEST, {"path": path, "text": text}, headers={"accept": "application/json"})


def test_an_agent_helps_to_type_what_declares_it(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert suggested(page, "parts.name", "nu").json() == {"suggestions": ["nuts", "nuts and bolts"]}
    assert suggested(page, "crates.parts.name", "wash").json() == {"suggestions": ["washers"]}
    assert suggested(page, "tags", "").json() == suggested(page, "tags", "n" * 201).json() == {"suggestions": []}
    for path in ("title", "nothing", "parts.0.name", ""):
        assert suggested(page, path, "nu").json() == {"suggestions": []}
    monkeypatch.setattr(type(AGENTS[KEY]), "suggest", lambda self, path, text: ["x" * 201, *map(str, range(99))])
    assert suggested(page, "tags", "x").json()["suggestions"] == [str(n) for n in range(10)]
    assert f'data-suggest="{SUGGEST}"' in page.get(PAGE).content.decode()


def test_help_to_type_is_for_those_who_run_agents_and_counts_as_their_requests(
    client_for: Browse, member: Make, page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert suggested(client_for(member("viewer")), "tags", "nu").status_code == 403
    taken = []
    monkeypatch.setattr(limits, "take", lambda buckets: taken.append([each.name for each in buckets]))
    suggested(page, "tags", "nu")
    assert taken == [["tenant", "caller"]]
    refusing = limits.Bucket("caller", "k", 1)
    monkeypatch.setattr(limits, "take", lambda buckets: limits.Allowance(False, (limits.State(refusing, 1, 30),)))
    assert suggested(page, "tags", "nu").status_code == 429


# ------------------------------------------------------------------------------------------------------------ settings


@pytest.fixture
def builder(client_for: Browse, member: Make) -> Client:
    return client_for(member("builder"))


def save(client: Client, **changes: str) -> Any:
    values = (
        sent(client.get(SETTINGS)) | {"runners": "all"} | {f"settings.{name}": text for name, text in changes.items()}
    )
    return client.post(SETTINGS, values)


def test_a_secret_of_settings_is_kept_replaced_and_removed_and_never_shown(
    builder: Client, work_off: Callable[[], int], member: Make
) -> None:
    assert save(builder, token="hush-1").status_code == 302
    shown = builder.get(SETTINGS).content.decode()
    assert "hush" not in shown
    assert "Set, and not shown" in shown
    save(builder, **{"limits.0": "7"})
    held = AgentConfiguration.objects.order_by("-number")[0]
    assert held.settings["token"] == "hush-1"
    assert held.settings["limits"] == [7.0, 2.0]
    save(builder, token="hush-2")
    assert "Token has another secret." in builder.get(SETTINGS).content.decode()
    newest = AgentConfiguration.objects.get(number=3)
    settings: Any = configurations.settings_of(AGENTS[KEY], newest.pk).settings
    assert settings.token.get_secret_value() == "hush-2"
    save(builder, **{"token.!": "yes"})
    assert AgentConfiguration.objects.order_by("-number")[0].settings.get("token") is None
    assert "hush" not in builder.get(SETTINGS).content.decode()


def test_the_api_tells_that_a_secret_is_set_and_takes_it_back_untouched(
    builder: Client, api_for: Callable[..., APIClient], member: Make
) -> None:
    save(builder, token="hush-1")
    client, url = api_for(member("builder")), f"/api/v1/agents/{KEY}/configuration"
    told = client.get(url)
    assert "hush" not in told.content.decode()
    assert "hush" not in client.get(f"{url}/versions").content.decode()
    wanted = told.json()["settings"] | {"limits": [5]}
    assert client.put(url, {"settings": wanted}, format="json").status_code == 200
    held = AgentConfiguration.objects.order_by("-number")[0].settings
    assert (held["token"], held["limits"]) == ("hush-1", [5.0])


def test_settings_that_are_lists_and_models_are_entered_by_fields(builder: Client) -> None:
    answer = save(builder, **{"limits.1": "much", "place.street": "", "parts.#": "1", "parts.0.name": "nuts"})
    assert answer.status_code == 422
    wrong = {has["name"] for _, has in Sent(answer.content.decode()).tags if has.get("aria-invalid") == "true"}
    assert wrong == {"settings.limits.1", "settings.place.street", "settings.parts.0.length"}
    assert values_of(answer, "settings.limits.1", "settings.parts.0.name") == ["much", "nuts"]
    added = builder.post(SETTINGS, sent(answer) | {"_edit": "add settings.limits"})
    assert added.status_code == 200
    assert values_of(added, "settings.limits.#", "settings.limits.1") == ["3", "much"]
    assert not AgentConfiguration.objects.exists()
