"""Two wordings or models side by side."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.ai.models import LanguageModel, ModelCall, PromptTrial
from apps.ai.prompts import PROMPTS, selectors, services, trials
from apps.ai.prompts.selectors import Standing
from apps.ai.setup import services as setup
from apps.ai.setup.schemas import ModelSettings
from apps.common.errors import Conflict, InvalidInput, NotFound
from tests.ai.prompts.conftest import SAY

Start = Callable[..., PromptTrial]
WorkOff = Callable[[], int]
PAGE = f"/prompts/{SAY}/trials/"


@pytest.fixture
def start(work_off: WorkOff, builder: User, models: list[LanguageModel], publish: Callable[..., Standing]) -> Start:
    """`start(cases=None)`: the built-in words by green, and version 1 by grey."""
    publish(user="Tell {counted}")

    def make(cases: list[str] | None = None) -> PromptTrial:
        standing = selectors.prompt_get(who=builder, key=SAY)
        sides = [("built-in", models[0].pk), ("1", models[1].pk)]
        return trials.trial_start(
            who=builder, user=builder, standing=standing, sides=sides, cases=cases or ["built-in:0"]
        )

    return make


def answers(trial: PromptTrial) -> list[tuple[int, int, str]]:
    return [(each.position, each.side, each.answered["text"]) for each in trial.answers.all()]


def test_both_sides_are_asked_the_same_with_their_words(
    committed_db: str, start: Start, work_off: WorkOff, models: list[LanguageModel], builder: User
) -> None:
    models[1].price_input = Decimal(1_000_000)
    models[1].save()
    trial = start()
    assert work_off() == 1
    trial.refresh_from_db()
    assert (trial.status, trial.done, trial.total, trial.percent) == ("ended", 2, 2, 100)
    assert answers(trial) == [
        (0, 0, "green: Say this: <counted>3 pigs</counted>"),
        (0, 1, "grey: Tell <counted>3 pigs</counted>"),
    ]
    costs = list(trial.answers.values_list("tokens_input", "money"))
    assert costs == [(35, 0), (30, Decimal(30))]
    pins = set(ModelCall.objects.values_list("prompt", "purpose", "user_id"))
    assert pins == {
        (PROMPTS[SAY].built_in.pin, "test", builder.pk),
        ("dummy.say@1", "test", builder.pk),
    }


def test_what_goes_wrong_with_one_answer_stops_no_other(
    committed_db: str, start: Start, work_off: WorkOff, builder: User
) -> None:
    case = services.case_save(who=builder, user=builder, spec=PROMPTS[SAY], title="Mute", values={"counted": "mute"})
    trial = start([f"own:{case.pk}", "built-in:0"])
    work_off()
    told = [each.answered["problem"] for each in trial.answers.all()]
    assert told == ["It would not speak.", "It would not speak.", "", ""]


def test_a_trial_goes_on_with_what_was_not_asked(committed_db: str, start: Start, work_off: WorkOff) -> None:
    trial = start()
    trial.answers.create(position=0, side=0, answered={"text": "from before", "problem": ""})
    work_off()
    assert [text for *_, text in answers(trial)] == ["from before", "grey: Tell <counted>3 pigs</counted>"]


def test_a_trial_that_waits_is_stopped_at_once(
    committed_db: str, start: Start, work_off: WorkOff, builder: User
) -> None:
    trial = start()
    trials.trial_stop(who=builder, trial=trial)
    trial.refresh_from_db()
    assert (trial.status, trial.problem["code"]) == ("failed", "trial_stopped")
    assert work_off() == 0
    with pytest.raises(Conflict):
        trials.trial_stop(who=builder, trial=trial)


def test_one_trial_of_a_prompt_is_held_at_a_time(start: Start) -> None:
    start()
    with pytest.raises(Conflict, match="has not ended"):
        start()


def test_a_trial_that_was_given_up_says_so_and_is_taken_up_again(start: Start) -> None:
    trial = start()
    trials.trial_bury(trial.pk, "killed")
    trial.refresh_from_db()
    assert (trial.status, trial.problem["detail"]) == ("failed", "killed")
    trials.trial_revive(trial.pk)
    trial.refresh_from_db()
    assert (trial.status, trial.problem) == ("queued", None)


def test_sides_that_do_not_differ_and_things_that_are_not_there_are_refused(
    builder: User, models: list[LanguageModel], work_off: WorkOff
) -> None:
    standing = selectors.prompt_get(who=builder, key=SAY)

    def begin(second: tuple[str, Any], cases: list[str]) -> None:
        sides = [("built-in", models[0].pk), second]
        trials.trial_start(who=builder, user=builder, standing=standing, sides=sides, cases=cases)

    with pytest.raises(InvalidInput):
        begin(("built-in", models[0].pk), ["built-in:0"])
    with pytest.raises(InvalidInput):
        begin(("built-in", models[1].pk), [])
    for second, case in (
        (("built-in", uuid4()), "built-in:0"),
        (("7", models[0].pk), "built-in:0"),
        (("built-in", models[1].pk), "built-in:9"),
    ):
        with pytest.raises(NotFound):
            begin(second, [case])
    assert not PromptTrial.objects.exists()


def test_a_person_marks_which_side_is_better(start: Start, builder: User, client_for: Callable[..., Client]) -> None:
    trial, browser = start(), client_for(builder)
    PromptTrial.objects.update(status="ended")
    browser.post(f"{PAGE}{trial.pk}/mark/", {"mark": "0 second"})
    trial.refresh_from_db()
    assert trial.marks == {"0": "second"}
    shown = str(browser.get(f"{PAGE}{trial.pk}/").content.decode())
    assert "the second is better 1×" in shown
    browser.post(f"{PAGE}{trial.pk}/mark/", {"mark": "0 "})
    trial.refresh_from_db()
    assert trial.marks == {}
    assert browser.post(f"{PAGE}{trial.pk}/mark/", {"mark": "9 same"}).status_code == 404
    assert browser.post(f"{PAGE}{trial.pk}/mark/", {"mark": "0 best"}).status_code == 422


def test_a_trial_is_started_from_its_page_and_shown(
    start: Start, builder: User, models: list[LanguageModel], client_for: Callable[..., Client]
) -> None:
    browser = client_for(builder)
    assert "A new trial" in browser.get(PAGE).content.decode()
    sent = {"words_1": "built-in", "model_1": str(models[0].pk), "words_2": "1", "model_2": str(models[0].pk)}
    answer = browser.post(PAGE, {**sent, "case": ["built-in:0"]})
    trial = PromptTrial.objects.get()
    assert answer["Location"] == f"{PAGE}{trial.pk}/"
    assert "Not asked yet." in browser.get(answer["Location"]).content.decode()
    snapshot = browser.get(f"{PAGE}{trial.pk}/snapshot/").json()
    assert (snapshot["status"], snapshot["done"], snapshot["is_open"]) == ("queued", 0, True)
    assert "has not ended yet" in browser.post(PAGE, {**sent, "case": ["built-in:0"]}).content.decode()


def test_a_model_that_was_taken_out_is_told(
    committed_db: str, start: Start, work_off: WorkOff, models: list[LanguageModel]
) -> None:
    trial = start()
    models[0].delete()
    work_off()
    assert [each.answered["problem"] for each in trial.answers.all()] == ["green was taken out.", ""]


def test_prices_hold_for_trials_from_then_on(models: list[LanguageModel], builder: User) -> None:
    assert ModelSettings().price_input == 0
    with pytest.raises(Exception, match="permission"):
        setup.model_change(who=builder, model=models[0], settings=ModelSettings())
