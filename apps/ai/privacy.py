"""What calls of models, prompts and trained models hold of people, and for how long."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse

from apps.ai.models import (
    AiPolicy,
    Budget,
    McpServer,
    ModelCall,
    Prompt,
    PromptAnswer,
    PromptCase,
    PromptTrial,
    PromptVersion,
    Provider,
    TrainedModel,
)
from apps.common.privacy import exempt
from apps.tenants.personal import PersonalRows, RetainedRows


class Calls(PersonalRows):
    key = "ai.call"
    title = "Calls of models"
    what = "What was sent to a model and what it answered, masked, and who asked."
    model = ModelCall
    member = ("user",)
    in_use = Q(status=ModelCall.Status.OPEN)

    def url_of(self, row: ModelCall) -> str:
        return reverse("ai:call", args=[row.pk])


class Policies(PersonalRows):
    key = "ai.policy"
    title = "Policy of models"
    what = "Who changed it last."
    model = AiPolicy
    member = ("changed_by",)
    when = "changed_at"

    def title_of(self, row: AiPolicy) -> str:
        return "Policy of models"


class Providers(PersonalRows):
    key = "ai.provider"
    title = "Providers of models"
    what = "Their names, and who connected them."
    model = Provider
    member = ("created_by",)
    texts = ("name",)
    sealed = ("problem", "offered")  # its access is a key


class Servers(PersonalRows):
    key = "ai.mcp_server"
    title = "MCP servers"
    what = "Their names, what their tools are said to do, and who connected them."
    model = McpServer
    member = ("created_by",)
    texts = ("name",)
    sealed = ("tools", "problem")  # its access is a key


class Budgets(PersonalRows):
    key = "ai.budget"
    title = "Budgets of models"
    what = "Whom a budget is for, and who set it."
    erasure = "Those of the member alone are deleted."
    model = Budget
    member = ("user", "created_by")
    removes = ("user",)

    def title_of(self, row: Budget) -> str:
        return f"Budget of a {row.period}"


class Prompts(PersonalRows):
    key = "ai.prompt"
    title = "Prompts"
    what = "Their titles, and who wrote them."
    model = Prompt
    member = ("created_by",)
    texts = ("title",)


class PromptVersions(PersonalRows):
    key = "ai.prompt_version"
    title = "Versions of prompts"
    what = "The words that models are given."
    model = PromptVersion
    member = ("created_by",)
    texts = ("note",)
    when = "saved_at"


class PromptCases(PersonalRows):
    key = "ai.prompt_case"
    title = "Cases of prompts"
    what = "The values that prompts are tried with."
    model = PromptCase
    member = ("created_by",)
    texts = ("title",)


class PromptTrials(PersonalRows):
    key = "ai.prompt_trial"
    title = "Trials of prompts"
    what = "What was asked of models to compare them."
    model = PromptTrial
    member = ("created_by",)
    in_use = Q(status__in=PromptTrial.OPEN)


class PromptAnswers(PersonalRows):
    key = "ai.prompt_answer"
    title = "Answers in trials of prompts"
    what = "What models answered in them."
    model = PromptAnswer
    when = ""
    in_use = Q(trial__status__in=PromptTrial.OPEN)

    def title_of(self, row: PromptAnswer) -> str:
        return "Answer in a trial"


class TrainedModels(PersonalRows):
    key = "ai.trained_model"
    title = "Trained models"
    what = "Who trained and promoted them, and the names that a model has learned."
    model = TrainedModel
    member = ("created_by", "promoted_by")
    texts = ("note", "source")
    in_use = Q(status__in=TrainedModel.OPEN)

    def url_of(self, row: TrainedModel) -> str:
        return reverse("ai:trainable", args=[row.kind])


class Traces(RetainedRows):
    key = "ai.trace"
    title = "What was sent to models and answered"
    group = "Models"
    what = "The words go; the ledger keeps what the call was for and what it cost."
    note = "Enough to look into what went wrong. The EU AI Act asks for six months of logs (Art. 26(6))."
    default = 183
    model = ModelCall
    where = ~Q(status=ModelCall.Status.OPEN)
    emptied = ("sent", "answered", "problem")


class Ledger(RetainedRows):
    key = "ai.call"
    title = "Ledger of calls of models"
    group = "Models"
    what = "The rows are deleted, and no longer counted in usage."
    note = "Where calls are charged on, they belong to the accounts: six to ten years in many countries."
    default = 1096
    least = 40  # budgets of a month look back at them
    model = ModelCall
    where = ~Q(status=ModelCall.Status.OPEN)


class TrialsKept(RetainedRows):
    key = "ai.prompt_trial"
    title = "Trials of prompts"
    group = "Models"
    what = "They are deleted with their answers."
    note = "No law knows them."
    default = 365
    model = PromptTrial
    where = ~Q(status__in=PromptTrial.OPEN)


exempt("It says what models cost and who may be asked, by keys alone.",
    "ai.LanguageModel", "ai.ModelChoice", "ai.BudgetAccount",
)  # fmt: skip
