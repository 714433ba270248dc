"""What the industry adds to the shell: an entry and its number, a card, what the palette finds, where people land, what
the menu of their account offers, what can be done with a dataset, and how its work is told that was given up."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse

from apps.agents.models import AgentRun
from apps.agents.uses import USES as AGENT_USES
from apps.agents.uses import AgentUse
from apps.ai.askers import ASKERS, Asker, AskerSource
from apps.ai.usage.subjects import Subject as CallSubject
from apps.ai.usage.subjects import SubjectKind, subject_kind
from apps.console.account_links import AccountLink, account_link
from apps.console.attention import Wanted, attention
from apps.console.cards import Card, card
from apps.console.first_steps import FirstStep, first_step
from apps.console.landing import landing
from apps.console.navigation import Count, NavItem, nav_item
from apps.console.palette import Found, Searcher, searcher
from apps.console.tallies import number_of, tally
from apps.datasets.models import Dataset
from apps.datasets.uses import USES, Use
from apps.dispatch.letters import LetterKind, Subject, letter_kind
from tests.dummy.handlers import DummyPlatformWork
from tests.dummy.permissions import DUMMY_LOOK

COUNTER = "dummy.counter"

_counted = tally("dummy.counted", lambda request: AgentRun.objects.filter(agent_key=COUNTER), permission=DUMMY_LOOK)
nav_item(
    NavItem(
        key="dummy.help",
        title="Counting",
        url="console:help",
        icon="bug",
        group="Govern",
        summary="What is counted here",
        permission=DUMMY_LOOK,
        order=95,
        count=Count(_counted, "counted"),
    )
)


def _card(request: HttpRequest) -> dict[str, Any] | None:
    number = number_of(request, _counted.key)
    return {"runs": number} if number else None


card(Card("dummy.counted", "dummy/card.html", _card, permission=DUMMY_LOOK, width="third", order=90))


def _found(request: HttpRequest, text: str) -> Iterator[Found]:
    if text.isdecimal():
        yield Found(f"Count to {text}", f"{reverse('agents:agent', args=[COUNTER])}?steps={text}", "bug")


first_step(
    FirstStep(
        key="dummy.count",
        title="Count to something",
        text="What is counted is told on the dashboard.",
        url=lambda: reverse("agents:agent", args=[COUNTER]),
        icon="bug",
        permission=DUMMY_LOOK,
        done=lambda request: number_of(request, _counted.key) > 0,
        order=90,
    )
)


searcher(Searcher(key="dummy.counting", title="Counting", search=_found, permission=DUMMY_LOOK, order=90))


def _lands(user: Any) -> str | None:
    """People of this name have nothing else to do."""
    return reverse("agents:agent", args=[COUNTER]) if user.name == "Count von Dummy" else None


landing("dummy.counting", _lands)

account_link(AccountLink("dummy.counts", "My counts", view="console:help", icon="bug", permission=DUMMY_LOOK))


def _uses(request: HttpRequest, dataset: Dataset) -> Iterator[Use]:
    if dataset.name.startswith("Dummy"):
        yield Use("Say it again", f"{reverse('agents:agent', args=['dummy.echo'])}?table.dataset={dataset.pk}", "bug")


USES.register("dummy.echo", _uses)


def _subjects(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    return {id: Subject("Something for the platform", reverse("console:home")) for id in ids}


letter_kind(
    LetterKind(
        kind=DummyPlatformWork.name,
        noun="Work of a dummy",
        then="It is done once more.",
        permission=DUMMY_LOOK,
        subjects=_subjects,
    )
)

AGENT_USES.register(
    "dummy.count",
    AgentUse(
        title="Count how often",
        url=lambda key: reverse("agents:agent", args=[COUNTER]),
        icon="bug",
        permission=DUMMY_LOOK,
    ),
)

ASKERS.register(
    "dummy.askers", AskerSource("dummy.askers", "Dummies", lambda who: [Asker("dummy.asker", "A dummy that asks")])
)


def _wanted(request: HttpRequest) -> list[Wanted]:
    number = number_of(request, _counted.key) or 0
    told = f"{number} times, which is more often than anybody asked for."
    return [Wanted("Too much was counted", told, reverse("console:help"), "late", "bug")] if number > 1000 else []


attention("dummy.counting", _wanted, permission=DUMMY_LOOK)


def _counts(ids: Collection[UUID]) -> Mapping[UUID, CallSubject]:
    return {id: CallSubject("A count", reverse("console:help")) for id in ids}


subject_kind(SubjectKind("dummy.count", "A count", DUMMY_LOOK, _counts))
