"""What runs of workflows ask of people, what they answer, and who stands in for whom."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, overload
from uuid import UUID

from orchestrall_client.approval_models import Approval, ApprovalDetail, ApprovalOutcome, Delegation
from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.pages import id_of, listed, moment
from orchestrall_client.payloads import plain
from orchestrall_client.workflow_runs import WorkflowRunId

ApprovalId = Approval | UUID | str
DelegationId = Delegation | UUID | str
PATH = "/api/v1/approvals"
DELEGATIONS = "/api/v1/delegations"


class Approvals:
    """`client.approvals`: questions of runs to people."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @overload
    def list(
        self,
        *,
        status: str = "open",
        mine: bool = False,
        run: WorkflowRunId | None = None,
        fields: None = None,
        page_size: int | None = None,
    ) -> Iterator[Approval]: ...

    @overload
    def list(
        self,
        *,
        fields: Sequence[str],
        status: str = "open",
        mine: bool = False,
        run: WorkflowRunId | None = None,
        page_size: int | None = None,
    ) -> Iterator[dict[str, Any]]: ...

    def list(
        self,
        *,
        status: str = "open",
        mine: bool = False,
        run: WorkflowRunId | None = None,
        fields: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Any]:
        """The questions that are `open`, `decided`, `withdrawn` or `all`, newest first; `mine`: that you may answer."""
        narrow = {
            "status": status,
            "mine": "true" if mine else None,
            "run": None if run is None else id_of(run, "run"),
        }
        return listed(self._connection, PATH, Approval, fields=fields, limit=page_size, **narrow)

    def get(self, approval: ApprovalId) -> ApprovalDetail:
        """One question: what is to be filled in, what was answered until now, and whether you may answer."""
        return self._connection.one(get(_approval(approval)), ApprovalDetail)

    def decide(
        self,
        approval: ApprovalId,
        approved: bool,
        *,
        comment: str = "",
        answers: Mapping[str, Any] | None = None,
        on_behalf_of: str | None = None,
    ) -> ApprovalDetail:
        """Answer a question, for good, as a person: a key cannot. A no needs a comment, a yes what its `form` asks for.

        It is still open afterwards where more have to say yes. `on_behalf_of` is the address of the member for whom you
        answer. `PermissionDenied` for who is not asked; `Conflict` when somebody was faster, or nobody waits any more.
        """
        body: dict[str, Any] = {"approved": approved, "comment": comment}
        if answers is not None:
            body["answers"] = plain(answers)
        if on_behalf_of is not None:
            body["on_behalf_of"] = on_behalf_of
        return self._connection.one(Call("POST", f"{_approval(approval)}/decision", json=body).once(), ApprovalDetail)

    def decide_many(
        self, approvals: Iterable[ApprovalId], approved: bool, *, comment: str = ""
    ) -> builtins.list[ApprovalOutcome]:
        """Answer up to 100 questions of low risk alike, each for itself. Tells what became of each."""
        ids = [id_of(each, "approval") for each in approvals]
        body = {"ids": ids, "approved": approved, "comment": comment}
        return self._connection.many(Call("POST", f"{PATH}/decisions", json=body).once(), ApprovalOutcome)


class Delegations:
    """`client.delegations`: who answers for whom, of your own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @overload
    def list(self, *, fields: None = None, page_size: int | None = None) -> Iterator[Delegation]: ...

    @overload
    def list(self, *, fields: Sequence[str], page_size: int | None = None) -> Iterator[dict[str, Any]]: ...

    def list(self, *, fields: Sequence[str] | None = None, page_size: int | None = None) -> Iterator[Any]:
        """What you gave and took, newest first; also what is over."""
        return listed(self._connection, DELEGATIONS, Delegation, fields=fields, limit=page_size)

    def get(self, delegation: DelegationId) -> Delegation:
        """One that you gave or took."""
        return self._connection.one(get(_delegation(delegation)), Delegation)

    def create(
        self, taker: str, *, ends_at: datetime, begins_at: datetime | None = None, reason: str = ""
    ) -> Delegation:
        """Let another member, by their address, answer what you are asked, for a time. You keep your right.

        `Conflict` where they stand in for you in that time already.
        """
        body: dict[str, Any] = {"taker": taker, "ends_at": moment(ends_at, "ends_at"), "reason": reason}
        if begins_at is not None:
            body["begins_at"] = moment(begins_at, "begins_at")
        return self._connection.one(Call("POST", DELEGATIONS, json=body).once(), Delegation)

    def revoke(self, delegation: DelegationId) -> Delegation:
        """Take it back, or give it back, from now on; answers that were given by it stay."""
        return self._connection.one(Call("POST", f"{_delegation(delegation)}/revoke").once(), Delegation)


def _approval(approval: ApprovalId) -> str:
    return f"{PATH}/{id_of(approval, 'approval')}"


def _delegation(delegation: DelegationId) -> str:
    return f"{DELEGATIONS}/{id_of(delegation, 'delegation')}"
