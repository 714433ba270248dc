"""The first steps of a person in an organisation: what they may do, whether it was done, and the way to it.

Apps register theirs in their `navigation`. Whether a step is done is derived from the data that it leaves, through
tallies: all of them cost one statement, that of the menu. The list goes when all is done, or when its person puts it
away; that is kept with the account, so that it holds in whatever browser they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from apps.common.registry import Registry
from apps.console.cards import Card, card


@dataclass(frozen=True)
class FirstStep:
    key: str
    title: str
    text: str
    """What comes of it, in a sentence or two."""
    url: Callable[[], str]
    icon: str
    permission: str
    """Who lacks it is not asked to."""
    done: Callable[[HttpRequest], bool]
    """By a tally: it costs no statement of its own."""
    order: int = 50


FIRST_STEPS: Registry[FirstStep] = Registry("First step")


def first_step(step: FirstStep) -> None:
    FIRST_STEPS.register(step.key, step)


@dataclass(frozen=True)
class ShownStep:
    step: FirstStep
    url: str
    is_done: bool


def steps_of(request: HttpRequest) -> list[ShownStep]:
    """The steps that this person may take, in order."""
    allowed = [step for step in FIRST_STEPS if request.user.can(step.permission)]  # type: ignore[union-attr]
    allowed.sort(key=lambda step: (step.order, step.key))
    return [ShownStep(step, step.url(), step.done(request)) for step in allowed]


def is_put_away(request: HttpRequest) -> bool:
    return request.user.first_steps_put_away_at is not None  # type: ignore[union-attr]  # strangers have no cards


def put_away(request: HttpRequest, *, back: bool = False) -> None:
    """Put the list away for the person of the request, or bring it `back`."""
    user: Any = request.user
    user.first_steps_put_away_at = None if back else timezone.now()
    user.save(update_fields=["first_steps_put_away_at"])


def _card(request: HttpRequest) -> dict[str, Any] | None:
    """None where nothing is left to do, or this person does not want to be told."""
    steps = steps_of(request)
    left = [each for each in steps if not each.is_done]
    if not left or is_put_away(request):
        return None
    return {"steps": steps, "done": len(steps) - len(left), "next": left[0]}


card(Card("console.start", "console/cards/start.html", _card, width="full", order=1))
