"""The form by which a person asks what a definition would have made of past runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.dateparse import parse_date
from pydantic import ValidationError

from apps.common.errors import InvalidInput, Issue, Problem
from apps.workflows.replaying.selectors import Choice
from apps.workflows.replaying.services import MOST, Asked

ENDS: Final = [("", "However they ended"), ("succeeded", "Succeeded"), ("failed", "Failed"), ("cancelled", "Cancelled")]
ORIGINS: Final = ["console", "api", "schedule", "webhook", "workflow"]
_FIELDS: Final = {"most": "100", "status": "", "origin": "", "since": "", "until": "", "contains": "", "cap": "5"}


@dataclass
class ReplayForm:
    """What a person has entered so far."""

    choices: list[Choice]
    values: Mapping[str, str]
    problem: Problem | None = None

    @property
    def told(self) -> dict[str, str]:
        """Every field as it stands."""
        return {name: self.values.get(name, default) for name, default in _FIELDS.items()}

    @property
    def against(self) -> str:
        chosen = self.values.get("against", "")
        return chosen or (self.choices[0].key if self.choices else "")

    @property
    def recompute(self) -> bool:
        return self.values.get("recompute") == "1"

    @property
    def errors(self) -> dict[str, str]:
        return {issue.path: issue.message for issue in self.problem.issues} if self.problem else {}

    @property
    def other_issues(self) -> list[Issue]:
        """What is wrong with the definition, rather than with a field."""
        known = {*_FIELDS, "against"}
        return [issue for issue in self.problem.issues if issue.path not in known] if self.problem else []

    def asked(self) -> Asked:
        """Raises `InvalidInput` with an issue for each field that is wrong."""
        told = self.told
        issues = [
            Issue(path=name, message="Write a day as 2026-03-31.")
            for name in ("since", "until")
            if told[name] and _day(told[name]) is None
        ]
        given: dict[str, Any] = {
            "most": told["most"].replace(",", "").strip() or "0",
            "status": told["status"] if told["status"] in dict(ENDS) else "",
            "origin": told["origin"] if told["origin"] in ORIGINS else "",
            "since": _day(told["since"]),
            "before": _day(told["until"]),
            "contains": told["contains"].strip()[:200],
            "recompute": self.recompute,
            "cap": told["cap"].strip() or "0",
        }
        try:
            made = Asked.model_validate(given)
        except ValidationError as error:
            issues += [_worded(str(each["loc"][0])) for each in error.errors()]
        if issues:
            raise InvalidInput("Some fields are not right; nothing was started.", issues=issues)
        return made


def _worded(name: str) -> Issue:
    words = {
        "most": f"Write a number from 1 to {MOST:,}.",
        "cap": "Write an amount above 0, and 1,000 at most.",
    }
    return Issue(path=name, message=words.get(name, "This cannot be read."))


def _day(text: str) -> datetime | None:
    try:
        day = parse_date(text)
    except ValueError:  # well formed, as 2026-02-31 is, and no day
        day = None
    return timezone.make_aware(datetime.combine(day, datetime.min.time())) if day and day.year > 1 else None
