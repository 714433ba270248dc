"""The panel on which a question is decided: on its own page, at its step on the page of the run, and behind a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from apps.accounts.models import User
from apps.common.errors import Issue, Problem
from apps.common.permissions import ROLES, Principal
from apps.console.schemaforms import SchemaForm
from apps.workflows import evidence, inbox
from apps.workflows.approvals.assigning import Entitlement, may_decide, members_asked, roles_asked
from apps.workflows.approvals.forms import LONGEST_COMMENT, form_of
from apps.workflows.graphs import title_of
from apps.workflows.inputs import fields_model
from apps.workflows.kinds.approval import AskedForm
from apps.workflows.models import Approval, ApprovalDecision, WorkflowRun
from apps.workflows.permissions import APPROVALS_DECIDE
from apps.workflows.shapes import Shape, label_of, shape_of
from apps.workflows.store import plan_of

ROOT: Final = "answers"
"""Under which the fields of a form are entered: `answers.<name>`."""
ASKED_SHOWN: Final = 6
"""People who are still asked that are named."""


@dataclass
class DecisionPanel:
    """What one person sees of a question. `values` is what they entered: `comment`, `for` and `answers.<name>`."""

    who: Principal
    user: User
    approval: Approval
    values: Mapping[str, str] = field(default_factory=dict)
    problem: Problem | None = None
    """Why what was entered was not taken."""
    token: str = ""
    """Of the link that the person followed here."""
    back: str = ""
    """`run`: it stands on the page of the run, to which one returns."""

    @property
    def run(self) -> WorkflowRun:
        return self.approval.run

    @cached_property
    def entitlement(self) -> Entitlement:
        return may_decide(who=self.who, user=self.user, approval=self.approval)

    @property
    def may(self) -> bool:
        return bool(self.entitlement)

    @property
    def givers(self) -> list[User]:
        """Whose rights one may choose from; empty where there is no choice."""
        rights = self.entitlement.rights
        return [each.holder for each in rights] if len(rights) > 1 else []

    @property
    def stands_for(self) -> User | None:
        """The one member for whom the answer is, where it is not one's own."""
        rights = self.entitlement.rights
        return rights[0].holder if len(rights) == 1 and rights[0].delegation is not None else None

    # --------------------------------------------------------------------------------------------------- what is asked

    @property
    def details(self) -> Shape:
        return shape_of(self.approval.details)

    @property
    def late(self) -> bool:
        return inbox.is_late(self.approval)

    @property
    def due(self) -> str:
        return inbox.due_words(self.approval.due_at)

    @property
    def roles(self) -> list[str]:
        return [ROLES[role].title if role in ROLES else role for role in roles_asked(self.approval)]

    @property
    def late_roles(self) -> list[str]:
        """Who may answer as well from the moment on at which it comes to others."""
        return [ROLES[role].title if role in ROLES else role for role in self.approval.escalates_to]

    @cached_property
    def effects(self) -> list[evidence.Effect]:
        return evidence.effects_of(who=self.who, approval=self.approval)

    @cached_property
    def next_steps(self) -> list[str]:
        """What comes right after it, in words."""
        plan = plan_of(self.run.version)
        asked = next((each for each in plan.steps if each.name == self.approval.step), None)
        later = asked.after if asked else ()
        return [title_of(plan.steps[number].name, plan.steps[number].step) for number in later]

    # ------------------------------------------------------------------------------------------------ who said what

    @cached_property
    def said(self) -> list[ApprovalDecision]:
        return list(self.approval.decisions.select_related("user", "holder").order_by("id"))

    @property
    def told(self) -> list[tuple[ApprovalDecision, Shape | None]]:
        """Each answer with what was filled in, by the titles of the fields."""
        return [(each, shape_of(self._titled(each.answers)) if each.answers else None) for each in self.said]

    def _titled(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        fields = self.asked_form.fields
        return {fields[name].title or name if name in fields else name: value for name, value in answers.items()}

    @property
    def own(self) -> ApprovalDecision | None:
        """What the person said, or somebody for them; None: nothing yet."""
        return next((each for each in self.said if self.user.pk in {each.user_id, each.holder_id}), None)

    @property
    def yes(self) -> int:
        return sum(each.approved for each in self.said)

    @property
    def missing(self) -> int:
        """How many more have to say yes."""
        return max(0, self.approval.quorum - self.yes)

    @cached_property
    def named(self) -> list[User]:
        """Who is asked by name."""
        return list(self.approval.people.order_by("name", "email"))

    @cached_property
    def _still(self) -> list[User]:
        spoken = {id for each in self.said for id in (each.user_id, each.holder_id)}
        own = {self.run.created_by_id, self.run.version.created_by_id} if self.approval.forbids_own else set()
        room = ASKED_SHOWN + 1 + len(spoken) + len(own)
        asked = members_asked(roles_asked(self.approval), named=[each.pk for each in self.named], most=room)
        return [each for each in asked if each.pk not in spoken | own]

    @property
    def still(self) -> list[User]:
        """Who is asked and has not answered: the first of them."""
        return self._still[:ASKED_SHOWN]

    @property
    def still_more(self) -> bool:
        return len(self._still) > ASKED_SHOWN

    @property
    def remedy(self) -> str:
        """What somebody can do who may not answer; empty where they may, or have answered."""
        approval = self.approval
        if self.may or not approval.is_open or self.late or self.own is not None:
            return ""
        if not self.who.can(APPROVALS_DECIDE):
            return "Approvers, administrators and owners answer questions. An administrator can change your role."
        if approval.forbids_own and self.user.pk in {self.run.created_by_id, self.run.version.created_by_id}:
            return "Ask one of those who are asked: a delegation does not help, as it is about your own work."
        return "Somebody who is asked can answer, or let you stand in for them under Delegations."

    # -------------------------------------------------------------------------------------------------- what is entered

    @cached_property
    def asked_form(self) -> AskedForm:
        return form_of(self.approval)

    @cached_property
    def form(self) -> SchemaForm | None:
        """The fields that whoever says yes fills in; None where there are none."""
        if not self.asked_form.fields:
            return None
        made = SchemaForm(fields_model(self.asked_form.fields), self.values, root=ROOT)
        if self.problem is not None:
            made.refused(self.issues)
        return made

    @property
    def comment(self) -> str:
        return self.values.get("comment", "")

    @property
    def longest_comment(self) -> int:
        return LONGEST_COMMENT

    @property
    def issues(self) -> list[Issue]:
        return self.problem.issues if self.problem else []

    @property
    def told_issues(self) -> list[tuple[str, str, str]]:
        """What is wrong: the place in words, where it stands on the page, and what it is."""
        places = {"comment": ("Comment", "comment"), "on_behalf_of": ("For whom", "for")}
        for name, each in self.asked_form.fields.items():
            places[f"{ROOT}.{name}"] = (each.title or label_of(name), f"f-{ROOT}-{name}")
        return [(*places.get(issue.path, ("", "")), issue.message) for issue in self.issues]

    @property
    def errors(self) -> dict[str, str]:
        """What is wrong with the comment (`comment`) and with whose right is used (`on_behalf_of`)."""
        return {issue.path: issue.message for issue in self.issues if not issue.path.startswith(ROOT)}

    @property
    def kept(self) -> list[tuple[str, Any]]:
        """What somebody entered who can no longer send it: label and text."""
        fields = self.asked_form.fields.items()
        labels = {f"{ROOT}.{name}": each.title or label_of(name) for name, each in fields}
        entered = [(labels[path], text) for path, text in self.values.items() if path in labels and text.strip()]
        return [*entered, *([("Comment", self.comment)] if self.comment.strip() else [])]
