"""What may come of asking a model instead of an answer, besides a `ModelProblem` that a repetition may mend."""

from __future__ import annotations

from apps.ai.contract import ModelProblem, Usage


class ModelUnavailable(ModelProblem):
    """The provider is to blame: it counts towards leaving it alone for a while."""

    code, status, title = "model_unavailable", 503, "The provider of the model cannot be reached"
    cause = "There was no connection to it, it did not answer in time, broke off, or said that it cannot answer now."
    effect = "What the model was asked for was not made; everything that is computed is there as always."
    remedy = "Try again in a moment. If it stays, look at the provider's state, and give the agent a second model."

    def __init__(
        self, detail: str = "", *, after: float | None = None, was_sent: bool = True, may_repeat: bool = True
    ) -> None:
        super().__init__(detail, may_repeat=may_repeat, after=after, was_sent=was_sent)


class ModelMisconfigured(ModelProblem):
    code, status, title = "model_misconfigured", 502, "The provider of the model refuses how it is set up"
    cause = (
        "The key, the address or the name of the model is not one that the provider takes, or an account is used up."
    )
    effect = "The model was not asked; everything that is computed is there as always."
    remedy = "Have an administrator test the provider's connection, and mend its settings or the list of its models."

    def __init__(self, detail: str = "", *, remedy: str = "") -> None:
        super().__init__(detail, remedy=remedy, was_sent=False)


class AnswerUnusable(ModelProblem):
    code, status, title = "model_answer_unusable", 502, "The model's answer cannot be used"
    cause = "The answer is not in the form that was asked for, also after the model was told what is wrong with it."
    effect = "Nothing was made of the answer. What it cost is counted; everything that is computed is there as always."
    remedy = "Try again, allow a longer answer if it was cut off, or choose a model that keeps to schemas."

    def __init__(self, detail: str = "", *, remedy: str = "", answer: str = "", usage: Usage | None = None) -> None:
        super().__init__(detail, remedy=remedy, usage=usage)
        self.answer = answer
        """The words that cannot be used."""


class ModelStopped(ModelProblem):
    code, status, title = "model_stopped", 409, "The model was told to stop"
    cause = "Somebody cancelled what the model was asked for, or the process that asked it ends."
    effect = "The connection was closed. What the provider did until then may be charged, and is counted."
    remedy = "Ask again if you still want to know."
