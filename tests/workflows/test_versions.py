"""Versions: two of them side by side, the way back to one, and a second person who publishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, PermissionDenied
from apps.gateway.principals import Caller
from apps.gateway.services import key_create
from apps.workflows import defining, publishing, returning
from apps.workflows.definition import definition_parse
from apps.workflows.models import Workflow
from apps.workflows.sides import definition_sides
from tests.workflows.conftest import MakeWorkflow
from tests.workflows.test_engine import give
from tests.workflows.test_pages_workflows import text_of

Member = Callable[..., User]


def of_steps(**steps: Any) -> Any:
    return definition_parse({"name": "test", "title": "Test", "steps": steps})


def save(workflow: Workflow, user: User, value: Any) -> None:
    defining.workflow_save(who=user, user=user, definition=of_steps(one=give(value)))


@pytest.fixture
def guarded(workflow: MakeWorkflow, builder: User) -> Workflow:
    """A workflow that a second person publishes, with a draft of the builder's."""
    made = workflow({"one": give(1)})
    publishing.workflow_second_person(who=builder, user=builder, workflow=made, needed=True)
    save(made, builder, 2)
    return made


def kinds() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("kind", flat=True))


def test_who_wrote_the_draft_or_asked_does_not_publish_it(guarded: Workflow, builder: User, member: Member) -> None:
    asker, third = member("administrator"), member("owner")
    with pytest.raises(Conflict, match="nobody has asked for it"):
        defining.workflow_publish(who=third, user=third, workflow=guarded)
    publishing.workflow_ask_publication(who=asker, user=asker, workflow=guarded)
    program = User.objects.create_user("program@service.invalid", role="administrator", is_service=True)
    refusals = (
        (builder, "you wrote a part of the draft"),
        (asker, "you asked for it"),
        (None, "a program is none"),
        (program, "a program is none"),
    )
    for user, why in refusals:
        with pytest.raises(Conflict, match=why) as refused:
            defining.workflow_publish(who=third, user=user, workflow=guarded)
        assert refused.value.remedy
    version = defining.workflow_publish(who=third, user=third, workflow=guarded)
    assert (version.number, version.created_by, version.asked_by) == (2, third, asker)
    assert kinds()[-2:] == ["workflows.publication_asked", "workflows.published"]


def test_everyone_who_changed_a_draft_since_the_last_publication_wrote_it(
    guarded: Workflow, builder: User, member: Member
) -> None:
    second, third = member("builder"), member("administrator")
    save(guarded, second, 3)
    publishing.workflow_ask_publication(who=second, user=second, workflow=guarded)
    with pytest.raises(Conflict, match="you wrote a part of the draft"):
        defining.workflow_publish(who=builder, user=builder, workflow=guarded)
    version = defining.workflow_publish(who=third, user=third, workflow=guarded)
    assert version.authors == [str(builder.pk), str(second.pk)]
    save(guarded, third, 4)
    publishing.workflow_ask_publication(who=third, user=third, workflow=guarded)
    assert defining.workflow_publish(who=builder, user=builder, workflow=guarded).number == 3, "that was before"


def test_who_made_a_key_for_the_program_that_wrote_or_asked_is_no_second_person(
    workflow: MakeWorkflow, builder: User, member: Member
) -> None:
    keeper, other = member("administrator"), member("owner")
    program = User.objects.create_user("bot@service.invalid", None, name="Bot", role="builder", is_service=True)
    key_create(who=Caller(keeper), name="Bot", scopes=["workflows.edit"], days=1, account=program)
    made = workflow({"one": give(1)})
    publishing.workflow_second_person(who=builder, user=builder, workflow=made, needed=True)
    for writer, asker in ((program, builder), (builder, program)):
        save(made, writer, str(writer))
        publishing.workflow_ask_publication(who=asker, user=asker, workflow=made)
        with pytest.raises(Conflict, match="you made a key for the program that"):
            defining.workflow_publish(who=keeper, user=keeper, workflow=made)
        defining.workflow_publish(who=other, user=other, workflow=made)


def test_going_back_takes_the_second_person_that_publishing_takes(
    guarded: Workflow, builder: User, member: Member, client_for: Callable[..., Client]
) -> None:
    third = member("owner")
    publishing.workflow_ask_publication(who=builder, user=builder, workflow=guarded)
    defining.workflow_publish(who=third, user=third, workflow=guarded)
    page = client_for(builder)
    assert "a second person publishes it" in text_of(page.get("/workflows/test/rollback/?number=1"))
    said = text_of(page.post("/workflows/test/rollback/", {"number": 1}, follow=True))
    assert "The draft says what version 1 says" in said
    guarded.refresh_from_db()
    assert guarded.published is not None
    assert guarded.published.number == 2, "nothing is published by one alone"
    with pytest.raises(Conflict, match="you asked for it"):
        defining.workflow_publish(who=builder, user=builder, workflow=guarded)
    with pytest.raises(Conflict, match="a draft is in the place"):
        returning.version_return(who=builder, user=builder, workflow=guarded, number=1)
    again = defining.workflow_publish(who=third, user=third, workflow=guarded)
    assert again.content == guarded.versions.get(number=1).content


def test_nothing_goes_back_past_the_second_person(guarded: Workflow, builder: User) -> None:
    with pytest.raises(Conflict, match="by a second person"):
        defining.workflow_rollback(who=builder, user=builder, workflow=guarded, number=1)


def test_the_api_goes_back_by_the_same_rule(
    guarded: Workflow, builder: User, member: Member, api_for: Callable[..., Any]
) -> None:
    third = member("owner")
    publishing.workflow_ask_publication(who=builder, user=builder, workflow=guarded)
    defining.workflow_publish(who=third, user=third, workflow=guarded)
    answered = api_for(builder).post("/api/v1/workflows/test/rollback", {"number": 1}, format="json")
    assert answered.status_code == 200
    assert guarded.versions.get(number=None).asked_at is not None


def test_saving_the_draft_takes_back_that_its_publication_was_asked_for(
    guarded: Workflow, builder: User, member: Member
) -> None:
    publishing.workflow_ask_publication(who=builder, user=builder, workflow=guarded)
    save(guarded, builder, 3)
    third = member("administrator")
    with pytest.raises(Conflict, match="nobody has asked for it"):
        defining.workflow_publish(who=third, user=third, workflow=guarded)


def test_publication_is_asked_for_once_and_only_where_that_is_needed(guarded: Workflow, builder: User) -> None:
    publishing.workflow_ask_publication(who=builder, user=builder, workflow=guarded)
    with pytest.raises(Conflict, match="asked for already"):
        publishing.workflow_ask_publication(who=builder, user=builder, workflow=guarded)
    Workflow.objects.update(needs_second_person=False)
    with pytest.raises(Conflict, match="Nobody else is needed"):
        publishing.workflow_ask_publication(who=builder, user=builder, workflow=guarded)
    defining.workflow_discard(who=builder, workflow=guarded)
    with pytest.raises(Conflict, match="no draft"):
        publishing.workflow_ask_publication(who=builder, user=builder, workflow=guarded)


def test_only_an_owner_does_without_the_second_person_again(guarded: Workflow, builder: User, member: Member) -> None:
    admin, owner = member("administrator"), member("owner")
    for user in (builder, admin):
        with pytest.raises(PermissionDenied, match="Only an owner"):
            publishing.workflow_second_person(who=user, user=user, workflow=guarded, needed=False)
    publishing.workflow_second_person(who=owner, user=owner, workflow=guarded, needed=False)
    guarded.refresh_from_db()
    assert not guarded.needs_second_person
    assert kinds().count("workflows.second_person") == 2


def test_the_page_of_a_workflow_asks_and_lets_another_publish(
    guarded: Workflow, builder: User, member: Member, client_for: Callable[..., Client]
) -> None:
    page = client_for(builder)
    shown = text_of(page.get("/workflows/test/"))
    assert "Nobody has asked for it yet" in shown
    assert "Publish version 2" not in shown
    assert "Somebody else who may edit" in text_of(page.post("/workflows/test/ask-publication/", follow=True))
    refused = page.post("/workflows/test/publish/")
    assert refused.status_code == 409
    assert "you asked for it" in text_of(refused)
    other = client_for(member("administrator"))
    assert "Publish version 2" in text_of(other.get("/workflows/test/"))
    assert "Version 2 is published" in text_of(other.post("/workflows/test/publish/", follow=True))


def test_the_api_asks_and_says_whether_a_second_person_is_needed(
    guarded: Workflow, builder: User, api_for: Callable[..., Any]
) -> None:
    api = api_for(builder)
    assert api.get("/api/v1/workflows/test").json()["needs_second_person"] is True
    assert api.post("/api/v1/workflows/test/ask-publication").status_code == 200
    assert api.get("/api/v1/workflows/test/draft").json()["asked_at"] is not None
    refused = api.post("/api/v1/workflows/test/second-person", {"needed": False}, format="json")
    assert refused.status_code == 403


def test_steps_stand_beside_each_other_with_their_lines_aligned() -> None:
    old = of_steps(one=give(1), gone=give("x"), last=give(2))
    new = of_steps(one=give(1), last=give({"$add": [2, 3]}), more=give(4))
    parts = definition_sides(old, new)
    assert [(part.name or part.title, part.state) for part in parts] == [
        ("The workflow", "same"),
        ("one", "same"),
        ("gone", "removed"),
        ("last", "changed"),
        ("more", "added"),
    ]
    changed = parts[3]
    assert [(row.left, row.right) for row in changed.rows if row.is_same] == [("kind: transform",) * 2, ("set:",) * 2]
    assert changed.removed == 1
    assert all(row.left is None for row in parts[4].rows)


def test_a_part_that_is_very_long_is_shown_without_being_aligned() -> None:
    old, new = (give({f"k{n}": n + more for n in range(1600)}) for more in (0, 1))
    (part,) = [each for each in definition_sides(of_steps(one=old), of_steps(one=new)) if each.state == "changed"]
    assert not any(row.is_same for row in part.rows)
    assert part.added == part.removed


def test_a_comparison_is_offered_once_there_are_two(
    workflow: MakeWorkflow, builder: User, client_for: Callable[..., Client]
) -> None:
    made, page = workflow({"one": give(1)}), client_for(builder)
    alone = page.get("/workflows/test/versions/").content.decode()
    assert "Compare the two" not in alone
    assert 'type="radio"' not in alone
    save(made, builder, 2)
    assert "Compare the two" in page.get("/workflows/test/versions/").content.decode()


def test_the_page_of_versions_compares_two_of_them_and_asks_before_going_back(
    workflow: MakeWorkflow, builder: User, client_for: Callable[..., Client], django_assert_max_num_queries: Any
) -> None:
    made = workflow({"one": give(1)})
    for value in (2, 3):
        save(made, builder, value)
        defining.workflow_publish(who=builder, user=builder, workflow=made, note=f"To {value}")
    save(made, builder, 4)
    page = client_for(builder)
    page.get("/workflows/test/versions/")
    with django_assert_max_num_queries(14):
        shown = text_of(page.get("/workflows/test/versions/?from=1&to=3"))
    assert "was 1, and is 3" in shown
    assert "x: 1" in shown
    assert "x: 3" in shown
    assert "was 3, and is 4" in text_of(page.get("/workflows/test/versions/")), "the draft is compared at first"
    assert page.get("/workflows/test/versions/?from=9&to=1").status_code == 404
    assert "Go back to version 1" in text_of(page.get("/workflows/test/rollback/?number=1"))
    assert "Version 4 is published" in text_of(page.post("/workflows/test/rollback/", {"number": "1"}, follow=True))
