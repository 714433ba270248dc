"""The pages where agents are made."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.custom import selectors, services
from apps.agents.custom.contents import EXAMPLE
from apps.agents.models import AgentEvaluation, AgentRun, CustomAgent
from apps.common.errors import InvalidInput
from tests.agents.custom.conftest import ANSWER, Make, Says
from tests.agents.test_pages import text_of

FORM = {
    "agent.title": "Namer",
    "agent.request": "Name {thing}",
    "agent.inputs.#": "1",
    "agent.inputs.0.?": "0",
    "agent.inputs.0.name": "thing",
    "agent.outputs.#": "1",
    "agent.outputs.0.?": "0",
    "agent.outputs.0.name": "name",
}


@pytest.fixture
def page(client_for: Any, builder: User) -> Any:
    return client_for(builder)


def test_an_agent_is_made_kept_and_published_by_forms_alone(page: Any, builder: User) -> None:
    assert page.get("/custom-agents/new/").status_code == 200
    answer = page.post("/custom-agents/new/", {**FORM, "tools": "dataset:list", "actions": [], "do": "save"})
    assert answer.status_code == 302, answer.content.decode()[:3000]
    agent = CustomAgent.objects.get(key="custom.namer")
    assert selectors.content_now(agent).tools == ["dataset:list"]
    answer = page.post(f"/custom-agents/{agent.key}/", {**FORM, "do": "publish", "seen": agent.seq, "note": "First"})
    assert answer.status_code == 302, answer.content.decode()[:3000]
    agent.refresh_from_db()
    assert agent.published is not None
    assert agent.published.number == 1
    assert "Namer" in page.get("/agents/").content.decode()
    assert page.get(f"/agents/{agent.key}/").status_code == 200
    assert "First" in page.get(f"/custom-agents/{agent.key}/").content.decode()


def test_what_stands_against_publishing_is_told_at_its_place_and_what_was_entered_is_kept(
    page: Any, make: Make
) -> None:
    agent = make(publish=False)
    wrong = {**FORM, "agent.request": "Name {other}", "tools": "dataset:none", "do": "publish", "seen": agent.seq}
    answer = page.post(f"/custom-agents/{agent.key}/", wrong)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "There is no variable {other}" in text
    assert "There is no tool `dataset:none`" in text
    assert "Name {other}" in text
    agent.refresh_from_db()
    assert agent.published is None


def test_whoever_was_slower_is_told_and_overwrites_nothing(page: Any, make: Make) -> None:
    agent = make()
    answer = page.post(f"/custom-agents/{agent.key}/", {**FORM, "do": "save", "seen": agent.seq - 1})
    assert answer.status_code == 409
    assert selectors.draft_get(agent) is None


def test_a_row_is_added_without_keeping_anything(page: Any) -> None:
    answer = page.post("/custom-agents/new/", {**FORM, "_edit": "add agent.outputs"})
    assert answer.status_code == 200
    assert 'name="agent.outputs.1.name"' in answer.content.decode()
    assert not CustomAgent.objects.exists()


def test_a_draft_is_tried_from_its_page(page: Any, make: Make, says: Says, board: Any) -> None:
    says(ANSWER)
    agent = make(publish=False)
    answer = page.post(f"/custom-agents/{agent.key}/try/", {"sample.letter": "Where is it?"})
    run = AgentRun.objects.get()
    assert answer.headers["Location"] == f"/runs/R-{run.number}/"
    assert run.input == {"letter": "Where is it?"}
    assert page.get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize("do", ["discard", "duplicate", "archive", "restore", "rollback"])
def test_what_is_done_with_an_agent_as_a_whole_is_told(page: Any, make: Make, builder: User, do: str) -> None:
    agent = make()
    content = services.content_parse({**EXAMPLE, "title": "Another"})
    services.draft_save(who=builder, user=builder, agent=agent, content=content)
    if do == "rollback":
        services.custom_publish(who=builder, user=builder, agent=agent)
    answer = page.post(f"/custom-agents/{agent.key}/do/", {"do": do, "version": "1"}, follow=True)
    agent.refresh_from_db()
    told = {
        "discard": "The draft is gone.",
        "duplicate": "says the same, as a draft",
        "archive": "It is archived",
        "restore": "It is in use again.",
        "rollback": "Version 3 says what version 1 said.",
    }
    assert told[do] in answer.content.decode()
    assert (agent.archived_at is not None) == (do == "archive")


def test_a_file_of_an_agent_makes_the_same_agent_again(page: Any, make: Make) -> None:
    from io import BytesIO

    agent = make()
    file = page.get(f"/custom-agents/{agent.key}/agent.yaml")
    sent = BytesIO(file.content)
    sent.name = "agent.yaml"
    page.post("/custom-agents/import/", {"file": sent})
    other = CustomAgent.objects.exclude(pk=agent.pk).get()
    assert other.key == "custom.letter_sorter_2"
    assert selectors.content_now(other) == selectors.content_now(agent)


@pytest.mark.parametrize(
    "said",
    [
        "title: a\nfall_back: {a: &a [x], b: *a}",
        'title: "a\\0b"',
        'title: "a\\ud800b"',
        "title: a\ntitle: b",
    ],
    ids=["alias", "nul", "half of a character", "twice"],
)
def test_a_file_that_cannot_be_kept_is_refused_whole(builder: User, said: str) -> None:
    text = f"format: {services.FORMAT}\n{said}\noutputs: [{{kind: text, name: topic}}]\n"
    with pytest.raises(InvalidInput):
        services.custom_create(who=builder, user=builder, content=services.content_load(text))
    assert CustomAgent.objects.count() == 0


def test_there_are_so_many_agents_and_no_more(page: Any, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    make()
    monkeypatch.setattr(services, "MOST", 1)
    answer = page.post("/custom-agents/new/", FORM)
    assert answer.status_code == 409
    assert "which is the most" in answer.content.decode()
    assert CustomAgent.objects.count() == 1


def test_no_part_of_the_form_is_headed_twice(page: Any) -> None:
    said = page.get("/custom-agents/new/").content.decode()
    for title in ("What goes in", "What comes out", "Guardrails", "Limits of a run"):
        assert re.search(rf'<h2 class="card-title" id="s-\d">{title}</h2>', said)
        assert re.search(rf'<legend class="visually-hidden">\s*{title}', said)
        assert not re.search(rf"<legend>\s*{title}(?! <span data-number)", said)


def test_the_card_of_an_agent_tells_how_it_did_in_its_newest_evaluation(page: Any, make: Make) -> None:
    agent = make(intended_use="Letters in English.", known_limits=["Sarcasm"])
    address = f"/agents/{agent.key}/"
    assert "Evaluated Not yet" in text_of(page.get(address))
    told = {"agent_key": agent.key, "agent_version": "1", "total": 8, "finished_at": timezone.now()}
    AgentEvaluation.objects.create(**told, passed=7, status="ended")
    AgentEvaluation.objects.create(**told, passed=1, status="failed")
    text = text_of(page.get(address))
    assert "Letters in English." in text
    assert "Evaluated 7 of 8 cases passed , version 1," in text
    assert "Measured on" not in text


def test_those_who_do_not_make_agents_read_what_they_say(client_for: Any, member: Any, make: Make) -> None:
    agent, viewer = make(), client_for(member("viewer"))
    text = viewer.get(f"/custom-agents/{agent.key}/").content.decode()
    assert "Your role may look at what it says, not change it." in text
    assert viewer.post(f"/custom-agents/{agent.key}/", FORM).status_code == 403


def test_the_list_and_the_catalogue_cost_the_same_however_many_agents_there_are(page: Any, make: Make) -> None:
    make()
    page.get("/custom-agents/")  # the session, once
    counts = []
    for _ in range(2):
        for path in ("/custom-agents/", "/agents/"):
            with CaptureQueriesContext(connection) as caught:
                assert page.get(path).status_code == 200
            counts.append(len(caught))
        make()
        make()
    assert counts[:2] == counts[2:]


@pytest.mark.parametrize(
    "address",
    [
        "/custom-agents/custom.a%00b/", "/agents/custom.a%00b/", f"/runs/R-{'9' * 4500}/result.csv",
        f"/runs/R-1/messages/{'9' * 4500}/text.txt", f"/runs/R-1/decisions/{'9' * 4500}/record.pdf",
        f"/batches/B-{'9' * 4500}/rows.csv",
    ],
    ids=lambda address: address[:30],
)  # fmt: skip
def test_an_address_that_can_be_none_is_that_of_no_page(page: Any, address: str) -> None:
    assert page.get(address).status_code == 404


def test_a_form_with_what_no_database_stores_is_refused_and_changes_nothing(page: Any, make: Make) -> None:
    agent = make()
    answer = page.post(f"/custom-agents/{agent.key}/", {**FORM, "do": "publish", "note": "a\0b"})
    assert answer.status_code == 400
    assert "NUL" in text_of(answer)
    answer = page.post("/agents/dummy.counter/settings/", {"settings.start": "7", "note": "a\0b"})
    assert answer.status_code == 400
    agent.refresh_from_db()
    assert agent.published is not None
    assert agent.published.number == 1
