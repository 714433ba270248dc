"""The client and the server's OpenAPI document: they say the same, or these tests say where they do not."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from orchestrall_client import (
    Agent,
    Approval,
    DatasetDetail,
    RunDetail,
    RunEvent,
    Trigger,
    Workflow,
    WorkflowCall,
    WorkflowDetail,
    WorkflowRun,
    WorkflowRunDetail,
    WorkflowRunEvent,
    approval_models,
    audit_models,
    backfills,
    custom_agents,
    decision_models,
    evaluation_models,
    mcp_models,
    message_models,
    model_setup_models,
    model_usage_models,
    models,
    privacy_models,
    replay_models,
    sign_in_policy,
    sso_models,
    training_models,
    workflow_models,
)
from orchestrall_client.approvals import Approvals, Delegations
from orchestrall_client.audit import Audit
from orchestrall_client.batches import Batches
from orchestrall_client.credentials import Tokens
from orchestrall_client.custom_agents import CustomAgents
from orchestrall_client.datasets import Datasets
from orchestrall_client.decisions import Decisions
from orchestrall_client.errors import Problem
from orchestrall_client.evaluations import Evaluations
from orchestrall_client.keys import Keys
from orchestrall_client.mcp_servers import McpServers
from orchestrall_client.messages import Messages
from orchestrall_client.model_setup import ModelSetup
from orchestrall_client.model_usage import Budgets, ModelUsage
from orchestrall_client.models import Dataset, Issue, Key, KeyMade, Model, Run
from orchestrall_client.privacy import Privacy, Retention
from orchestrall_client.prompts import Prompts
from orchestrall_client.replays import Replays
from orchestrall_client.runs import Runs
from orchestrall_client.sso import SingleSignOn
from orchestrall_client.trainings import Trainings
from orchestrall_client.workflow_runs import Acts, Calls, WorkflowRuns
from orchestrall_client.workflows import Workflows

from apps.agents import live
from apps.gateway.openapi import document

OPERATIONS = {
    operation["operationId"]: operation for methods in document()["paths"].values() for operation in methods.values()
}
# What an operation answers with: the model itself, or for a list the one of its items.
ANSWERS: dict[str, type[Model]] = {
    "agents_list": Agent,
    "audit_entries_list": audit_models.AuditEntry,
    "audit_entry_get": audit_models.AuditEntryDetail,
    "audit_entry_proof": audit_models.EntryProof,
    "audit_consistency": audit_models.Consistency,
    "audit_checkpoints_list": audit_models.AuditCheckpoint,
    "audit_integrity": audit_models.AuditIntegrity,
    "audit_public_key": audit_models.AuditKey,
    "custom_agents_list": custom_agents.CustomAgentListed,
    "custom_agent_create": custom_agents.CustomAgent,
    "custom_agent_get": custom_agents.CustomAgent,
    "custom_agent_draft_get": custom_agents.CustomAgent,
    "custom_agent_draft_save": custom_agents.CustomAgent,
    "custom_agent_versions": custom_agents.CustomAgentVersion,
    "custom_agent_publish": custom_agents.CustomAgentVersion,
    "custom_agent_rollback": custom_agents.CustomAgentVersion,
    "custom_agent_try": Run,
    "agent_get": Agent,
    "batch_start": models.Batch,
    "batches_list": models.Batch,
    "batch_get": models.BatchDetail,
    "batch_runs": models.BatchRun,
    "batch_cancel": models.Batch,
    "batch_retry": models.BatchRetried,
    "decisions_list": decision_models.Decision,
    "decision_review": decision_models.DecisionDetail,
    "decision_act": decision_models.Proposal,
    "run_decisions": decision_models.RunDecisions,
    "run_feedback_give": decision_models.Feedback,
    "run_feedback_list": decision_models.Feedback,
    "sso_connections_list": sso_models.SsoConnection,
    "sso_connection_create": sso_models.SsoConnection,
    "sso_connection_get": sso_models.SsoConnection,
    "sso_connection_change": sso_models.SsoConnection,
    "sso_connection_test": sso_models.SsoConnection,
    "sso_domain_add": sso_models.SsoDomain,
    "sso_domain_get": sso_models.SsoDomain,
    "sso_domain_verify": sso_models.SsoDomain,
    "sso_policy_get": sso_models.SsoPolicy,
    "sso_policy_set": sso_models.SsoPolicy,
    "sign_in_policy_get": sign_in_policy.SignInPolicy,
    "sign_in_policy_set": sign_in_policy.SignInPolicy,
    "mcp_servers_list": mcp_models.McpServer,
    "mcp_server_create": mcp_models.McpServer,
    "mcp_server_get": mcp_models.McpServer,
    "mcp_server_change": mcp_models.McpServer,
    "mcp_server_test": mcp_models.McpServer,
    "mcp_tools_allow": mcp_models.McpServer,
    "evaluations_list": evaluation_models.Evaluation,
    "evaluation_start": evaluation_models.Evaluation,
    "evaluation_get": evaluation_models.EvaluationDetail,
    "evaluation_stop": evaluation_models.Evaluation,
    "watch_get": evaluation_models.DriftWatch,
    "watch_set": evaluation_models.DriftWatch,
    "model_usage_get": model_usage_models.UsageReport,
    "model_usage_calls": model_usage_models.ModelCall,
    "budgets_list": model_usage_models.Budget,
    "budget_create": model_usage_models.Budget,
    "budget_get": model_usage_models.Budget,
    "budget_change": model_usage_models.Budget,
    "budget_state": model_usage_models.BudgetState,
    "model_mode_get": model_setup_models.ModelMode,
    "model_provider_kinds_list": model_setup_models.ProviderKind,
    "model_providers_list": model_setup_models.Provider,
    "model_provider_create": model_setup_models.Provider,
    "model_provider_get": model_setup_models.Provider,
    "model_provider_change": model_setup_models.Provider,
    "model_provider_test": model_setup_models.Provider,
    "language_models_add": model_setup_models.LanguageModel,
    "language_models_list": model_setup_models.LanguageModel,
    "language_model_get": model_setup_models.LanguageModel,
    "language_model_save": model_setup_models.LanguageModel,
    "model_choices_list": model_setup_models.ModelChoice,
    "model_choice_get": model_setup_models.ModelChoice,
    "model_choice_save": model_setup_models.ModelChoice,
    "model_policy_get": model_setup_models.ModelPolicy,
    "model_policy_save": model_setup_models.ModelPolicy,
    "privacy_requests_list": privacy_models.PrivacyRequest,
    "privacy_request_create": privacy_models.PrivacyRequestDetail,
    "privacy_request_get": privacy_models.PrivacyRequestDetail,
    "privacy_request_confirm": privacy_models.PrivacyRequestDetail,
    "privacy_request_cancel": privacy_models.PrivacyRequestDetail,
    "privacy_finds_list": privacy_models.PrivacyFind,
    "legal_holds_list": privacy_models.LegalHold,
    "legal_hold_set": privacy_models.LegalHold,
    "legal_hold_get": privacy_models.LegalHold,
    "legal_hold_release": privacy_models.LegalHold,
    "retention_periods_list": privacy_models.RetentionPeriod,
    "retention_period_get": privacy_models.RetentionPeriod,
    "retention_period_set": privacy_models.RetentionPeriod,
    "retention_records_list": privacy_models.RetentionRecord,
    "prompts_list": model_setup_models.Prompt,
    "prompt_get": model_setup_models.Prompt,
    "prompt_versions": model_setup_models.PromptVersion,
    "prompt_draft_save": model_setup_models.Prompt,
    "prompt_publish": model_setup_models.PromptVersion,
    "prompt_restore": model_setup_models.Prompt,
    "trainables_list": training_models.Trainable,
    "trained_list": training_models.Trained,
    "training_start": training_models.Trained,
    "trained_get": training_models.TrainedDetail,
    "training_stop": training_models.Trained,
    "trained_promote": training_models.Trained,
    "trained_retire": training_models.Trainable,
    "messages_list": message_models.Message,
    "message_create": message_models.Message,
    "message_get": message_models.Message,
    "message_cancel": message_models.Message,
    "draft_change": message_models.Message,
    "agent_fill": message_models.Filled,
    "datasets_list": Dataset,
    "dataset_upload": DatasetDetail,
    "dataset_get": DatasetDetail,
    "runs_list": Run,
    "run_start": Run,
    "runs_start": Run,
    "runs_cancel": models.RunCancelled,
    "datasets_delete": models.DatasetDeleted,
    "run_get": RunDetail,
    "run_cancel": Run,
    "dataset_change": DatasetDetail,
    "usage_get": models.Usage,
    "performance_get": models.Performance,
    "keys_list": Key,
    "key_get": Key,
    "key_create": KeyMade,
    "key_rotate": KeyMade,
    "workflows_list": Workflow,
    "workflow_create": WorkflowDetail,
    "workflow_get": WorkflowDetail,
    "workflow_save": WorkflowDetail,
    "workflow_check": workflow_models.Checked,
    "workflow_versions": workflow_models.Version,
    "workflow_version_get": workflow_models.VersionDetail,
    "workflow_version_difference": workflow_models.Difference,
    "workflow_publish": WorkflowDetail,
    "workflow_rollback": WorkflowDetail,
    "workflow_ask_publication": WorkflowDetail,
    "workflow_second_person": WorkflowDetail,
    "workflow_draft_get": workflow_models.WorkflowDraft,
    "workflow_pause": WorkflowDetail,
    "workflow_resume": WorkflowDetail,
    "workflow_blueprints_list": workflow_models.Blueprint,
    "workflow_blueprint_get": workflow_models.BlueprintDetail,
    "workflow_blueprint_use": WorkflowDetail,
    "workflow_blueprint_set_up": workflow_models.BlueprintMade,
    "workflow_triggers_list": Trigger,
    "workflow_trigger_create": workflow_models.TriggerMade,
    "trigger_get": Trigger,
    "trigger_change": Trigger,
    "trigger_rotate": workflow_models.TriggerMade,
    "trigger_backfill": backfills.Backfill,
    "trigger_backfill_preview": backfills.BackfillPreview,
    "trigger_backfills_list": backfills.Backfill,
    "backfill_get": backfills.Backfill,
    "backfill_cancel": backfills.Backfill,
    "workflow_run_start": WorkflowRun,
    "workflow_runs_start": WorkflowRun,
    "workflow_runs_list": WorkflowRun,
    "workflow_run_get": WorkflowRunDetail,
    "workflow_run_steps": workflow_models.WorkflowStep,
    "workflow_run_cancel": WorkflowRun,
    "workflow_run_pause": WorkflowRun,
    "workflow_run_undo_stop": WorkflowRun,
    "workflow_run_resume": WorkflowRun,
    "workflow_run_retry": WorkflowRun,
    "workflow_run_move": WorkflowRun,
    "workflow_run_move_preview": workflow_models.WorkflowRunMove,
    "workflow_runs_cancel": workflow_models.WorkflowRunOutcome,
    "workflow_runs_requeue": workflow_models.WorkflowRunOutcome,
    "workflow_runs_retry": workflow_models.WorkflowRunRetried,
    "workflow_runs_move": workflow_models.WorkflowRunMoved,
    "approvals_list": Approval,
    "approval_get": approval_models.ApprovalDetail,
    "approval_decide": approval_models.ApprovalDetail,
    "approvals_decide": approval_models.ApprovalOutcome,
    "delegations_list": approval_models.Delegation,
    "delegation_create": approval_models.Delegation,
    "delegation_get": approval_models.Delegation,
    "delegation_revoke": approval_models.Delegation,
    "workflow_replays_list": replay_models.Replay,
    "workflow_replay_start": replay_models.Replay,
    "workflow_replay_get": replay_models.Replay,
    "workflow_replay_cancel": replay_models.Replay,
    "workflow_replay_runs_list": replay_models.ReplayRun,
    "workflow_calls_list": WorkflowCall,
    "workflow_acts_list": workflow_models.WorkflowAct,
    "workflow_call_get": WorkflowCall,
    "workflow_call_settle": WorkflowCall,
    "workflow_calls_settle": workflow_models.WorkflowRunOutcome,
}
# What the client calls besides, for an answer that is no model of its own.
OTHERS = {
    "audit_export",
    "custom_agent_draft_discard",
    "batch_rows_csv",
    "dataset_delete",
    "decision_record_html",
    "decision_record_pdf",
    "dataset_rows",
    "watch_end",
    "key_revoke",
    "run_events",
    "run_result_csv",
    "run_result_xlsx",
    "token_issue",
    "budget_delete",
    "sso_connection_delete",
    "sso_domain_remove",
    "mcp_server_delete",
    "trained_delete",
    "model_provider_delete",
    "language_model_delete",
    "privacy_file",
    "prompt_draft_discard",
    "token_refresh",
    "token_revoke",
    "trigger_delete",
    "workflow_discard",
    "workflow_archive",
    "workflow_run_events",
}
# What it leaves out on purpose, and why.
LEFT_OUT = {
    "run_calls": "to read, by those who may see what models were told: a person in the console",
    "model_call_get": "to read, by those who may see what models were told: a person in the console",
    "problems_list": "to read: an error tells all of it",
    "problem_get": "to read: an error tells all of it",
    "ticket_issue": "for browsers, which cannot send a header with a stream",
    "service_accounts_list": "set up once, by a person in the console",
    "service_account_create": "set up once, by a person in the console",
    "service_account_get": "set up once, by a person in the console",
    "service_account_change": "set up once, by a person in the console",
    "agent_configuration_get": "set up by a person in the console",
    "agent_configuration_save": "set up by a person in the console",
    "agent_configuration_versions": "set up by a person in the console",
    "agent_configuration_version_get": "set up by a person in the console",
    "agent_configuration_difference": "set up by a person in the console",
    "agent_configuration_restore": "set up by a person in the console",
}
LISTS: dict[str, Callable[..., Any]] = {
    "audit_entries_list": Audit.list,
    "audit_checkpoints_list": Audit.checkpoints,
    "batches_list": Batches.list,
    "batch_runs": Batches.runs,
    "datasets_list": Datasets.list,
    "decisions_list": Decisions.list,
    "evaluations_list": Evaluations.list,
    "sso_connections_list": SingleSignOn.list,
    "mcp_servers_list": McpServers.list,
    "messages_list": Messages.list,
    "runs_list": Runs.list,
    "model_usage_calls": ModelUsage.calls,
    "budgets_list": Budgets.list,
    "trained_list": Trainings.list,
    "model_providers_list": ModelSetup.providers,
    "language_models_list": ModelSetup.list,
    "privacy_requests_list": Privacy.list,
    "privacy_finds_list": Privacy.finds,
    "legal_holds_list": Privacy.holds,
    "retention_records_list": Retention.records,
    "prompt_versions": Prompts.versions,
    "custom_agents_list": CustomAgents.list,
    "custom_agent_versions": CustomAgents.versions,
    "keys_list": Keys.list,
    "workflows_list": Workflows.list,
    "workflow_versions": Workflows.versions,
    "workflow_runs_list": WorkflowRuns.list,
    "workflow_run_steps": WorkflowRuns.steps,
    "approvals_list": Approvals.list,
    "delegations_list": Delegations.list,
    "workflow_calls_list": Calls.list,
    "workflow_acts_list": Acts.list,
    "workflow_replays_list": Replays.list,
    "workflow_replay_runs_list": Replays.runs,
}


def shape(schema: dict[str, Any], parts: dict[str, Any]) -> Any:
    """What a schema allows, without its words: a list of an enumeration's values is any text, for it may grow."""
    if "$ref" in schema:
        return shape(parts[schema["$ref"].rpartition("/")[2]], parts)
    if "anyOf" in schema:
        return frozenset(shape(each, parts) for each in schema["anyOf"])
    kind = schema.get("type", "string" if {"enum", "const"} & set(schema) else "any")
    if kind == "array":
        return ("array", shape(schema["items"], parts))
    if kind == "object" and "properties" in schema:
        return ("object", frozenset((name, shape(each, parts)) for name, each in schema["properties"].items()))
    return (kind, schema.get("format"))


def promised(operation: str) -> dict[str, Any]:
    """The properties of the good answer of an operation, or of its items, by name; of the last where it has two."""
    parts = document()["components"]["schemas"]
    good = max(each for each in OPERATIONS[operation]["responses"].items() if each[0].startswith("2"))[1]
    schema = good["content"]["application/json"]["schema"]
    schema = parts[schema["$ref"].rpartition("/")[2]]
    if set(schema["properties"]) <= {"items", "next"}:
        schema = parts[schema["properties"]["items"]["items"]["$ref"].rpartition("/")[2]]
    return {name: shape(each, parts) for name, each in schema["properties"].items()}


def expected(model: type[Model]) -> dict[str, Any]:
    """The fields of a model of the client, by name."""
    schema = model.model_json_schema(mode="serialization")
    return {name: shape(each, schema.get("$defs", {})) for name, each in schema["properties"].items()}


@pytest.mark.parametrize("operation", ANSWERS)
def test_every_field_that_the_document_promises_is_there_with_its_type(operation: str) -> None:
    assert expected(ANSWERS[operation]) == promised(operation)


def test_every_operation_is_offered_or_left_out_on_purpose() -> None:
    assert set(OPERATIONS) == set(ANSWERS) | OTHERS | set(LEFT_OUT)


def test_a_field_that_is_missing_or_of_another_type_is_found() -> None:
    class Other(Run):
        seq: str  # type: ignore[assignment]
        more: int

    found, wanted = expected(Other), promised("runs_list")
    assert {name for name in found if found[name] != wanted.get(name)} == {"seq", "more"}


@pytest.mark.parametrize("operation", LISTS)
def test_lists_can_be_asked_for_by_all_that_the_document_names(operation: str) -> None:
    named = {each["name"] for each in OPERATIONS[operation].get("parameters", []) if each["in"] == "query"}
    # What stands in the address comes first; all that narrows has a name.
    arguments = {
        each.name for each in inspect.signature(LISTS[operation]).parameters.values() if each.kind == each.KEYWORD_ONLY
    }
    assert {"limit" if each == "page_size" else each for each in arguments} == named - {"cursor"}


def test_the_tokens_of_a_sign_in_are_those_of_the_document() -> None:
    for operation in ("token_issue", "token_refresh"):
        assert set(expected(Tokens)) <= set(promised(operation))


def test_a_problem_has_all_that_the_document_tells_of_one() -> None:
    told = document()["components"]["schemas"]["ProblemDetails"]["properties"]
    arguments = set(inspect.signature(Problem).parameters)
    assert set(told) - {"type"} <= arguments  # its type is its code, as an address
    issue = document()["components"]["schemas"]["Issue"]["properties"]
    assert set(issue) == set(Issue.model_fields)


def test_an_event_has_all_that_the_server_tells() -> None:
    from apps.agents.models import AgentRun

    assert set(live.event(AgentRun())) == set(RunEvent.model_fields)


def test_an_event_of_a_workflow_has_all_that_the_server_tells() -> None:
    from apps.workflows import live as of_workflows
    from apps.workflows import models as stored

    run = stored.WorkflowRun(workflow=stored.Workflow(name="restock", title="Restock"))
    assert set(of_workflows.event(run)) == set(WorkflowRunEvent.model_fields)


def test_runs_end_in_the_states_of_the_server() -> None:
    from apps.agents.models import AgentRun
    from apps.workflows.models import WorkflowRun as WorkflowRunRow

    for status in AgentRun.Status:
        assert AgentRun(status=status).is_open == (status not in models.ENDED)
    for each in WorkflowRunRow.Status:
        assert WorkflowRunRow(status=each).is_open == (each not in models.ENDED)
