"""Workflows, their versions, and their runs with the ledger of what happened to each step."""

from apps.workflows.models.approvals import (
    Approval,
    ApprovalAssignee,
    ApprovalDecision,
    ApprovalMails,
    ApprovalNotice,
    Delegation,
)
from apps.workflows.models.edits import Trial, WorkflowChange, WorkflowEdit
from apps.workflows.models.outward import HttpCall, StepAct
from apps.workflows.models.replays import Replay, ReplayRun
from apps.workflows.models.runs import StepRun, WorkflowRun
from apps.workflows.models.triggers import Backfill, Message, Trigger
from apps.workflows.models.workflows import Workflow, WorkflowVersion

__all__ = [
    "Approval",
    "ApprovalAssignee",
    "ApprovalDecision",
    "ApprovalMails",
    "ApprovalNotice",
    "Backfill",
    "Delegation",
    "HttpCall",
    "Message",
    "Replay",
    "ReplayRun",
    "StepAct",
    "StepRun",
    "Trial",
    "Trigger",
    "Workflow",
    "WorkflowChange",
    "WorkflowEdit",
    "WorkflowRun",
    "WorkflowVersion",
]
