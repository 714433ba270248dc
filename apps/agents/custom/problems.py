"""Why a custom agent comes to nothing."""

from __future__ import annotations

from apps.common.errors import Problem


class NoModel(Problem):
    code, status, title = "agent_without_model", 409, "There is no model for this agent"
    cause = "The agent is made of a prompt, and no model of language is chosen for it, or all of them are turned off."
    effect = "The run stopped and no result was stored. Nothing was spent."
    remedy = "Connect a provider and choose a model, or give the agent an output that stands without one."


class GuardrailBroken(Problem):
    code, status, title = "guardrail_broken", 422, "What the model answered breaks a rule of the agent"
    cause = "Whoever made the agent has set rules for what it answers, and this answer does not keep them."
    effect = "The answer was thrown away and no result was stored. What it cost is counted."
    remedy = "Run it again; if it fails again, change the prompt or the rule, or choose another model."


class NotUsable(Problem):
    code, status, title = "agent_not_usable", 409, "This version of the agent cannot be used any more"
    cause = "It was written for another release of the installation, which took what this one does not."
    effect = "Nothing was started or changed."
    remedy = "Open the agent, mend what its form says, and publish it again."
