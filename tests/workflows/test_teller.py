"""What a pump tells of the runs in its hands."""

from __future__ import annotations

from typing import Any

import pytest

from apps.common.ids import uuid7
from apps.workflows import live
from apps.workflows.models import WorkflowRun


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """The runs that were told of, an event each: to those who watch all of them, and to those who watch one."""
    sent: dict[str, list[list[str]]] = {"all": [], "each": []}

    def publish(topic: str, event: dict[str, Any]) -> None:
        assert topic == live.ALL_RUNS
        sent["all"].append([each["run"] for each in event["runs"]])

    monkeypatch.setattr(live, "publish", publish)
    monkeypatch.setattr(live, "_tell_each", lambda changed: sent["each"].append([str(run.id) for run, _ in changed]))
    return sent


def test_who_watches_all_runs_hears_of_those_that_changed_and_who_watches_one_of_its_steps(
    told: dict[str, list[list[str]]],
) -> None:
    stays, ends = WorkflowRun(id=uuid7(), number=1), WorkflowRun(id=uuid7(), number=2)
    teller = live.Teller()
    teller.note(stays, "running", is_changed=False)
    teller.note(ends, "succeeded", is_changed=True)
    teller.tell(now=True)
    assert told == {"all": [[str(ends.id)]], "each": [[str(stays.id), str(ends.id)]]}


def test_a_step_after_which_a_run_looks_as_before_sends_nothing_to_who_watches_all(
    told: dict[str, list[list[str]]],
) -> None:
    teller, run = live.Teller(), WorkflowRun(id=uuid7(), number=1)
    teller.note(run, "running", is_changed=False)
    teller.tell(now=True)
    teller.tell(now=True)
    assert told == {"all": [], "each": [[str(run.id)]]}


def test_a_change_is_told_though_steps_went_on_after_it(told: dict[str, list[list[str]]]) -> None:
    teller, run = live.Teller(every=1000), WorkflowRun(id=uuid7(), number=1)
    teller.note(run, "running", is_changed=True)
    teller.tell()
    teller.note(run, "running", is_changed=False)
    assert told == {"all": [], "each": []}, "an event a while, whatever goes on"
    teller.tell(now=True)
    assert told == {"all": [[str(run.id)]], "each": [[str(run.id)]]}
