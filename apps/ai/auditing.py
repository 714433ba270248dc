"""What of models, prompts, budgets and connected servers is recorded. Calls of models are in the traces alone."""

from __future__ import annotations

from typing import Any

from apps.ai.models import Budget, LanguageModel, McpServer, Provider
from apps.ai.setup.schemas import ModelSettings
from apps.audit.kinds import entry_kind, subject_kind

subject_kind("ai.provider", "Model provider", url="ai:provider", argument="provider")
subject_kind("ai.languagemodel", "Language model", url="ai:model", argument="model")
subject_kind("ai.asker", "Choice of models")
subject_kind("ai.policy", "Policy of models")
subject_kind("ai.budget", "Budget", url="ai:budget", argument="budget")
subject_kind("ai.prompt", "Prompt", url="ai:prompt", argument="prompt")
subject_kind("ai.mcpserver", "MCP server", url="ai:mcp-server", argument="server")
subject_kind("ai.trainable", "Trained model", url="ai:trainable", argument="kind")

PROVIDER_CONNECTED = entry_kind("ai.provider_connected", "Provider connected", "connected the provider {subject}")
PROVIDER_CHANGED = entry_kind("ai.provider_changed", "Provider changed", "changed the provider {subject}")
PROVIDER_TESTED = entry_kind(
    "ai.provider_tested", "Provider tested", "tested the connection to {subject}, and found: {found}"
)
PROVIDER_DELETED = entry_kind("ai.provider_deleted", "Provider deleted", "deleted the provider {subject}")
MODELS_ADDED = entry_kind("ai.models_added", "Models added", "added {names} of the provider {subject}")
MODEL_CHANGED = entry_kind("ai.model_changed", "Model changed", "changed what the model {subject} costs and takes")
MODEL_DELETED = entry_kind("ai.model_deleted", "Model deleted", "deleted the model {subject}")
CHOICE_CHANGED = entry_kind(
    "ai.choice_changed", "Choice of models changed", "chose for {subject} the models {after[models]}"
)
POLICY_CHANGED = entry_kind("ai.policy_changed", "Policy of models changed", "changed what holds for all models")

BUDGET_MADE = entry_kind(
    "ai.budget_made", "Budget made", "set a budget by the {after[period]}", personal=["person", "subject"]
)
BUDGET_CHANGED = entry_kind(
    "ai.budget_changed", "Budget changed", "changed the limits of a budget", personal=["person", "subject"]
)
BUDGET_DELETED = entry_kind(
    "ai.budget_deleted", "Budget deleted", "deleted a budget by the {before[period]}", personal=["person", "subject"]
)

PROMPT_DRAFTED = entry_kind("ai.prompt_drafted", "Draft of a prompt saved", "saved a draft of the prompt {subject}")
PROMPT_DISCARDED = entry_kind(
    "ai.prompt_discarded", "Draft of a prompt discarded", "discarded the draft of the prompt {subject}"
)
PROMPT_PUBLISHED = entry_kind(
    "ai.prompt_published", "Prompt published", "published version {after[version]} of the prompt {subject}",
    personal=["note"],
)  # fmt: skip
PROMPT_BUILT_IN = entry_kind(
    "ai.prompt_built_in", "Prompt taken back", "went back to the program's own words of the prompt {subject}"
)
PROMPT_CASE_KEPT = entry_kind(
    "ai.prompt_case_kept", "Case of a prompt kept", "kept the case “{case}” of the prompt {subject}", personal=["case"]
)
PROMPT_CASE_DELETED = entry_kind(
    "ai.prompt_case_deleted", "Case of a prompt deleted", "deleted a case of the prompt {subject}"
)
PROMPT_TRIED = entry_kind(
    "ai.prompt_tried", "Trial of a prompt", "tried the prompt {subject} on {cases} cases", category="run"
)
TRIAL_MARKED = entry_kind(
    "ai.trial_marked", "Trial of a prompt judged", "judged case {case} of a trial of the prompt {subject}",
    category="decision",
)  # fmt: skip
TRIAL_STOPPED = entry_kind(
    "ai.trial_stopped", "Trial of a prompt stopped", "stopped a trial of the prompt {subject}", category="run"
)

SERVER_CONNECTED = entry_kind("ai.server_connected", "MCP server connected", "connected the MCP server {subject}")
SERVER_CHANGED = entry_kind("ai.server_changed", "MCP server changed", "changed the MCP server {subject}")
SERVER_TESTED = entry_kind(
    "ai.server_tested", "MCP server tested", "asked the MCP server {subject} for its tools, and found: {found}"
)
SERVER_TOOLS = entry_kind(
    "ai.server_tools", "Tools of an MCP server allowed", "allowed these tools of the MCP server {subject}: {allowed}"
)
SERVER_DELETED = entry_kind("ai.server_deleted", "MCP server deleted", "deleted the MCP server {subject}")

TRAINING_STARTED = entry_kind(
    "ai.training_started", "Training started", "had version {version} of {subject} trained", category="run"
)
TRAINING_STOPPED = entry_kind(
    "ai.training_stopped", "Training stopped", "stopped the training of version {version} of {subject}", category="run"
)
TRAINING_ENDED = entry_kind(
    "ai.training_ended", "Training ended", "ended the training of version {version} of {subject}: {status}",
    category="run",
)  # fmt: skip
TRAINED_PROMOTED = entry_kind(
    "ai.trained_promoted", "Trained model promoted", "took version {after[version]} of {subject} into use",
    personal=["reason"],
)  # fmt: skip
TRAINED_ROLLED_BACK = entry_kind(
    "ai.trained_rolled_back", "Trained model rolled back", "went back to version {after[version]} of {subject}",
    personal=["reason"],
)  # fmt: skip
TRAINED_RETIRED = entry_kind(
    "ai.trained_retired", "Trained model taken out of use", "took version {before[version]} of {subject} out of use"
)
TRAINED_DELETED = entry_kind("ai.trained_deleted", "Trained model deleted", "deleted version {version} of {subject}")


def provider_told(provider: Provider, access: dict[str, Any]) -> dict[str, Any]:
    """A provider, with `access` as it may be shown."""
    return {
        "name": provider.name, "kind": provider.kind, "access": access, "at_once": provider.at_once,
        "is_enabled": provider.is_enabled,
    }  # fmt: skip


def server_told(server: McpServer, access: dict[str, Any]) -> dict[str, Any]:
    """A server, with `access` as it may be shown."""
    return {"name": server.name, "access": access, "is_enabled": server.is_enabled}


def model_told(model: LanguageModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in ModelSettings.model_fields}


def budget_told(budget: Budget) -> dict[str, Any]:
    """What a budget limits. `volume` is in tokens, a name under which nothing is kept that could be one."""
    return {
        "scope": budget.scope, "agent": budget.agent_key, "person": budget.user_id, "period": budget.period,
        "money": budget.money, "volume": budget.tokens, "warn_at": budget.warn_at,
    }  # fmt: skip


USAGE_DOWNLOADED = entry_kind(
    "ai.usage_downloaded",
    "Usage downloaded",
    "downloaded what models were used for and what that cost, from {first} to {last}",
    category="data",
)
