"""The tables of agents."""

from apps.agents.models.batches import AgentBatch
from apps.agents.models.custom import CustomAgent, CustomAgentVersion
from apps.agents.models.decisions import AgentAction, AgentDecision, AgentFeedback, AgentReview
from apps.agents.models.evaluations import AgentCase, AgentEvaluation, AgentWatch, DriftMails, DriftNotice
from apps.agents.models.runs import AgentConfiguration, AgentResult, AgentRun
from apps.agents.models.talk import AgentMessage

__all__ = [
    "AgentAction",
    "AgentBatch",
    "AgentCase",
    "AgentConfiguration",
    "AgentDecision",
    "AgentEvaluation",
    "AgentFeedback",
    "AgentMessage",
    "AgentResult",
    "AgentReview",
    "AgentRun",
    "AgentWatch",
    "CustomAgent",
    "CustomAgentVersion",
    "DriftMails",
    "DriftNotice",
]
