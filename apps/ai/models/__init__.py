"""Providers and their models, budgets, the ledger of calls, prompts, MCP servers, and models trained here."""

from apps.ai.models.prompts import Prompt, PromptAnswer, PromptCase, PromptTrial, PromptVersion
from apps.ai.models.providers import AiPolicy, LanguageModel, ModelChoice, Provider
from apps.ai.models.servers import McpServer
from apps.ai.models.spending import Budget, BudgetAccount, ModelCall
from apps.ai.models.training import TrainedModel

__all__ = [
    "AiPolicy",
    "Budget",
    "BudgetAccount",
    "LanguageModel",
    "McpServer",
    "ModelCall",
    "ModelChoice",
    "Prompt",
    "PromptAnswer",
    "PromptCase",
    "PromptTrial",
    "PromptVersion",
    "Provider",
    "TrainedModel",
]
