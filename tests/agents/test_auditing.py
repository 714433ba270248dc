"""What is recorded of agents: how they are set up, what they decided, what people made of it, and who took it along."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from apps.accounts.models import User
from apps.agents import configurations, decisions, doing, reviews, services
from apps.agents.contract import AGENTS
from apps.agents.custom import services as customs
from apps.agents.custom.contents import EXAMPLE
from apps.agents.evaluations.keeping import case_save
from apps.agents.models import AgentConfiguration, AgentDecision, AgentReview, AgentRun
from apps.audit.fingerprints import fingerprint
from apps.audit.services import AuditNotWritten
from apps.common.errors import Conflict
from tests.agents.conftest import COUNTER, ECHO, Start, WorkOff
from tests.agents.test_records import ASKED, DECIDER
from tests.recorded import entries, everything, last, sentences

Make = Callable[..., User]


@pytest.fixture
def analyst(member: Make) -> User:
    return member("analyst", name="Bo")


@pytest.fixture
def builder(member: Make) -> User:
    return member("builder", name="Mo")


@pytest.fixture
def decided(finished: Start, analyst: User) -> AgentRun:
    return finished(analyst, DECIDER, **ASKED)


def configure(who: User, start: int) -> AgentConfiguration:
    return configurations.configuration_save(
        who=who, user=who, agent=AGENTS[COUNTER], settings={"start": start}, roles=None
    )


def test_how_an_agent_is_set_up_is_told_with_what_was_before(builder: User) -> None:
    configure(builder, 5)
    configure(builder, 7)
    configure(builder, 7)  # which it is: nothing is done
    _, said = last("agents.configured")
    assert (said.before, said.after) == ({"start": 5, "version": 1}, {"start": 7, "version": 2})
    configurations.configuration_restore(who=builder, user=builder, agent=AGENTS[COUNTER], number=1)
    assert sentences() == [
        "Mo set Counter up as version 1",
        "Mo set Counter up as version 2",
        "Mo set Counter up as in version 1, as version 3",
    ]


def test_a_decision_is_told_by_verdicts_versions_and_digests_alone(decided: AgentRun, analyst: User) -> None:
    assert sentences() == [f"Bo started {decided.ref} of {DECIDER}", f"Decider decided {decided.ref}: 3 decisions"]
    entry, said = last("agents.decided")
    assert (entry.actor_kind, entry.actor_id, entry.via) == ("agent", analyst.pk, decided.ref)
    assert entry.request != ""
    assert (said.facts["agent"], said.facts["agent_version"], said.facts["settings"]) == (DECIDER, "2.1", 0)
    assert said.facts["verdicts"] == {"refuse": 1, "hold": 1, "pass": 1}
    assert said.facts["record_sha256"] == fingerprint(decided.result.record)["sha256"]
    kept = [row.record for row in AgentDecision.objects.filter(run=decided).order_by("position")]
    assert said.facts["decisions_sha256"] == fingerprint(kept)["sha256"]
    for name in ("Ada", "Bo ", "Cy", "5000"):
        assert name not in str([each.payload.facts for each in entries()])


@pytest.mark.parametrize(
    ("key", "asked", "status"),
    [(COUNTER, {"mood": "cross"}, "failed"), (ECHO, {"table": {"rows": [{"a": "1"}]}}, "succeeded")],
)
def test_a_run_without_a_decision_is_told_by_how_it_ended(
    finished: Start, analyst: User, key: str, asked: dict[str, Any], status: str
) -> None:
    run = finished(analyst, key, **asked)
    assert run.status == status
    assert sentences("agents.run_ended")[-1].endswith(f"ended {run.ref} of {key}: {status}")


def test_an_answer_at_hand_is_told_as_decided_from_the_run_that_it_is_of(
    finished: Start, start: Start, analyst: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(AGENTS[DECIDER]), "fresh_for", timedelta(hours=1))
    decided = finished(analyst, DECIDER, **ASKED)
    again = start(analyst, DECIDER, **ASKED)
    assert (again.status, again.answered_from_id) == ("succeeded", decided.pk)
    assert sentences()[-2:] == [f"Bo started {again.ref} of {DECIDER}", f"Decider decided {again.ref}: 3 decisions"]
    assert last("agents.decided")[1].facts["answered_from"] == str(decided.pk)


def test_what_people_make_of_a_decision_is_told_with_their_words_apart(
    decided: AgentRun, analyst: User, finished: Start
) -> None:
    def review(place: int, verdict: str, reason: str) -> None:
        decision = decisions.decision_get(who=analyst, run=decided, position=place)
        reviews.decision_review(who=analyst, user=analyst, decision=decision, verdict=verdict, reason=reason, seen=0)

    review(0, "hold", "Cy is known to us.")
    review(2, "pass", "")
    reviews.feedback_give(who=analyst, user=analyst, run=decided, is_right=False, comment="Cy again.")
    decision = decisions.decision_get(who=analyst, run=decided, position=0)
    doing.action_do(who=analyst, user=analyst, decision=decision, position=0, is_person=True)
    doing.action_do(who=analyst, user=analyst, decision=decision, position=0, is_person=True)  # done once
    told = [text for text in sentences() if "started" not in text][1:]
    assert told == [
        f"Bo overrode decision 1 of {decided.ref}: hold instead of refuse",
        f"Bo confirmed decision 3 of {decided.ref}: pass",
        f"Bo called the result of {decided.ref} wrong",
        f"Bo had done what decision 1 of {decided.ref} proposes: agents.run",
    ]
    entry, said = last("agents.decision_overridden")
    assert (said.before, said.after) == ({"verdict": "refuse"}, {"verdict": "hold"})
    assert entry.payload.personal["content"]["reason"] == "Cy is known to us."
    assert not [each for each in entries() if "Cy" in str(each.payload.facts)]


def test_who_goes_back_to_the_agents_verdict_is_told_to_have_changed_it(decided: AgentRun, analyst: User) -> None:
    for seen, verdict in enumerate(("hold", "refuse")):
        decision = decisions.decision_get(who=analyst, run=decided, position=0)
        reviews.decision_review(
            who=analyst, user=analyst, decision=decision, verdict=verdict, reason="Seen again.", seen=seen
        )
    _, said = last("agents.decision_confirmed")
    assert (said.before, said.after) == ({"verdict": "hold"}, {"verdict": "refuse"})


def test_many_starts_are_one_entry_and_a_cancelled_run_is_told_by_whom(
    start: Start, work_off: WorkOff, analyst: User
) -> None:
    runs = services.runs_start(
        agent=AGENTS[COUNTER], inputs=[{"steps": 1}] * 5, user=analyst, who=analyst, origin="api"
    )
    assert sentences() == ["Bo started 5 runs of Counter"]
    _, said = last("agents.runs_started")
    assert (said.facts["first"], said.facts["last"]) == (runs[0].ref, runs[-1].ref)
    services.run_cancel(run=runs[0])
    with pytest.raises(Conflict):
        services.run_cancel(run=runs[0])
    assert len(entries("agents.run_cancelled")) == 1


def test_agents_that_are_made_here_are_told_by_versions_and_digests(builder: User) -> None:
    content = customs.content_parse(EXAMPLE)
    made = customs.custom_create(who=builder, user=builder, content=content)
    customs.custom_publish(who=builder, user=builder, agent=made)
    customs.draft_save(who=builder, user=builder, agent=made, content=content.model_copy(update={"summary": "New"}))
    customs.custom_publish(who=builder, user=builder, agent=made, note="Better")
    customs.custom_rollback(who=builder, user=builder, agent=made, number=1)
    customs.custom_archive(who=builder, agent=made)
    customs.custom_restore(who=builder, agent=made)
    title = content.title
    assert sentences() == [
        f"Mo {what}"
        for what in (
            f"made the agent {title}",
            f"published version 1 of the agent {title}",
            f"saved a draft of the agent {title}",
            f"published version 2 of the agent {title}",
            f"went back to version 1 of the agent {title}",
            f"took the agent {title} out of use",
            f"took the agent {title} into use again",
        )
    ]
    _, said = last("agents.custom_rolled_back")
    assert (said.before["version"], said.after["version"], said.facts["former"]) == (2, 3, 1)


def test_a_case_is_told_by_its_digest(builder: User) -> None:
    expected = {"expect": [{"path": "headline", "op": "is not empty"}]}
    case_save(who=builder, user=builder, agent=AGENTS[COUNTER], name="Of Ada", data={"steps": 2}, expected=expected)
    entry, said = last("agents.case_kept")
    assert set(said.after) == {"bytes", "sha256"}
    assert "Ada" not in str(entry.payload.facts)


@pytest.mark.parametrize("path", ["result.csv", "result.xlsx", "decisions/0/record.html"])
def test_whoever_takes_a_result_along_is_told(
    decided: AgentRun, analyst: User, client_for: Callable[..., Client], path: str
) -> None:
    client = client_for(analyst)
    page = client.get(f"/runs/{decided.ref}/{path}")
    assert page.status_code == 200
    entry, said = last("agents.downloaded")
    assert (entry.actor_id, entry.subject_id) == (analyst.pk, str(decided.number))
    assert decided.ref in said.facts["what"]


@pytest.mark.parametrize("act", ["start", "settings", "review", "download"])
def test_where_it_cannot_be_written_nothing_is_done(
    decided: AgentRun, analyst: User, builder: User, client_for: Callable[..., Client], act: str
) -> None:
    decision = decisions.decision_get(who=analyst, run=decided, position=0)
    client = client_for(analyst)
    with connection.cursor() as cursor:
        cursor.execute("alter table audit_pending rename to audit_gone")
    acts: dict[str, Callable[[], object]] = {
        "start": lambda: services.run_start(
            agent=AGENTS[COUNTER], data={}, user=analyst, who=analyst, origin="console"
        ),
        "settings": lambda: configure(builder, 5),
        "review": lambda: reviews.decision_review(
            who=analyst, user=analyst, decision=decision, verdict="hold", reason="So", seen=0
        ),
    }
    if act == "download":
        assert client.get(f"/runs/{decided.ref}/result.csv").status_code == 503
    else:
        with pytest.raises(AuditNotWritten):
            acts[act]()
    assert AgentRun.objects.count() == 1
    assert not AgentConfiguration.objects.exists()
    assert not AgentReview.objects.exists()
    assert "salt" in everything()
