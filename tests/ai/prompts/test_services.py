"""Prompts as versioned objects."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.accounts.models import User
from apps.ai import prompts
from apps.ai.models import PromptVersion
from apps.ai.prompts import PROMPTS, selectors, services
from apps.ai.prompts.comparing import differences
from apps.ai.prompts.schemas import Words
from apps.ai.prompts.selectors import Standing
from apps.ai.prompts.wording import Wording
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.ai.prompts.conftest import SAY
from tests.conftest import MakeMember

Publish = Callable[..., Standing]
BUILT_IN = PROMPTS[SAY].built_in


def words(user: str = "Say: {counted}", system: str = "") -> Words:
    return Words(system=system, user=user)


def test_the_programs_own_words_hold_until_others_are_published(builder: User) -> None:
    assert prompts.current(SAY) == BUILT_IN
    services.draft_save(who=builder, user=builder, key=SAY, words=words())
    assert prompts.current(SAY) == BUILT_IN
    made = services.draft_publish(who=builder, user=builder, key=SAY, note="Shorter")
    assert (made.number, made.note, made.created_by) == (1, "Shorter", builder)
    assert (prompts.current(SAY).pin, prompts.current(SAY).user) == ("dummy.say@1", "Say: {counted}")


def test_what_was_published_is_never_changed(publish: Publish, builder: User) -> None:
    publish(user="One {counted}")
    publish(user="Two {counted}")
    services.draft_save(who=builder, user=builder, key=SAY, words=words("Three {counted}"))
    found = {row.number: row.content["user"] for row in PromptVersion.objects.all()}
    assert found == {1: "One {counted}", 2: "Two {counted}", None: "Three {counted}"}


def test_going_back_publishes_the_earlier_words_anew(publish: Publish, builder: User) -> None:
    publish(user="One {counted}")
    publish(user="Two {counted}")
    standing = services.prompt_restore(who=builder, user=builder, key=SAY, number=1)
    assert (standing.wording.version, standing.wording.user) == ("3", "One {counted}")
    assert standing.published is not None
    assert standing.published.note == "Back to version 1"


def test_going_back_to_the_built_in_words_keeps_the_versions(publish: Publish, builder: User) -> None:
    publish()
    services.prompt_restore(who=builder, user=builder, key=SAY, number=None)
    assert prompts.current(SAY) == BUILT_IN
    assert PromptVersion.objects.get().number == 1
    assert publish(user="Two {counted}").wording.version == "2"


def test_words_that_do_not_fit_are_refused_by_place(builder: User) -> None:
    with pytest.raises(InvalidInput) as problem:
        services.draft_save(who=builder, user=builder, key=SAY, words=words("Say {counter}"))
    assert [issue.path for issue in problem.value.issues] == ["user", "user"]
    assert not PromptVersion.objects.exists()


def test_who_was_slower_changes_nothing(builder: User) -> None:
    services.draft_save(who=builder, user=builder, key=SAY, words=words("A {counted}"), seen=0)
    with pytest.raises(Conflict, match="Somebody else"):
        services.draft_save(who=builder, user=builder, key=SAY, words=words("B {counted}"), seen=0)
    assert PromptVersion.objects.get().content["user"] == "A {counted}"


def test_a_draft_that_says_what_holds_is_not_published(publish: Publish, builder: User) -> None:
    publish()
    with pytest.raises(Conflict, match="says what holds already"):
        publish()


@pytest.mark.parametrize(
    "act",
    [
        lambda who: services.draft_publish(who=who, user=who, key=SAY),
        lambda who: services.draft_discard(who=who, key=SAY),
        lambda who: services.prompt_restore(who=who, user=who, key=SAY, number=None),
    ],
)
def test_there_is_nothing_to_undo_or_publish_at_first(builder: User, act: Callable[[User], object]) -> None:
    with pytest.raises(Conflict):
        act(builder)


def test_published_words_that_do_not_fit_a_newer_release_are_passed_over(publish: Publish, builder: User) -> None:
    standing = publish()
    row = standing.published
    assert row is not None
    row.content = {"system": "", "user": "Say {former}"}
    row.save()
    assert prompts.current(SAY) == BUILT_IN
    unfit = selectors.prompt_get(who=builder, key=SAY).unfit
    assert "There is no variable {former}" in unfit[0].message


@pytest.mark.parametrize("role", ["analyst", "auditor"])
def test_only_those_who_may_change_prompts(member: MakeMember, role: str) -> None:
    other = member(role)
    with pytest.raises(PermissionDenied):
        services.draft_save(who=other, user=other, key=SAY, words=words())


def test_prompts_of_another_tenant_have_words_of_their_own(publish: Publish, builder: User, globex: Tenant) -> None:
    publish()
    with tenant_context(globex):
        assert prompts.current(SAY) == BUILT_IN
        with pytest.raises(NotFound):
            selectors.version_get(who=builder, spec=PROMPTS[SAY], number=1)


def test_differences_are_told_in_words() -> None:
    before = Wording("k", "1", "Be kind.\nBe brief.", "Say {counted}")
    after = Wording("k", "2", "Be kind.\nBe short.\nBe true.", "Say {counted} {mood}")
    assert differences(before, after) == [
        "Instructions: 1 line changed, 1 line added.",
        "Request: 1 line changed.",
        "It tells the model {mood} now.",
    ]
    assert differences(before, before) == []


def test_cases_are_kept_by_title(builder: User) -> None:
    spec = PROMPTS[SAY]
    for value in ("1 pig", "2 pigs"):
        services.case_save(who=builder, user=builder, spec=spec, title="Pigs", values={"counted": value})
    kept = selectors.cases_of(who=builder, spec=spec)
    assert [(each.case.title, each.case.values["counted"]) for each in kept] == [
        ("Sample", "3 pigs"),
        ("Pigs", "2 pigs"),
    ]
    with pytest.raises(InvalidInput):
        services.case_save(who=builder, user=builder, spec=spec, title="", values={"cows": "1"})
    assert kept[1].row is not None
    services.case_delete(who=builder, spec=spec, id=kept[1].row.pk)
    assert len(selectors.cases_of(who=builder, spec=spec)) == 1
