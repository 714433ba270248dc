"""A kind of provider whose models say what they were told, and a prompt to tell them something by."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, Field, SecretStr

from apps.ai.contract import ModelProblem, ProviderKind, Reply, Request, Usage
from apps.ai.failures import ModelMisconfigured
from apps.ai.prompts import PromptSpec, Variable, prompt


class ParrotSettings(BaseModel):
    address: str = Field(default="https://parrots.example/v1", description="Where they sit.")
    api_key: SecretStr = Field(description="What they know you by.")


class Parrot(ProviderKind[ParrotSettings]):
    key, title, summary = "dummy.parrot", "Parrots", "Says what it is told."

    def models(self, settings: ParrotSettings) -> list[str]:
        if settings.api_key.get_secret_value() == "wrong":
            raise ModelMisconfigured("The key is refused.", remedy="Enter another key.")
        return ["grey", "green"]

    def ask(
        self,
        settings: ParrotSettings,
        model: str,
        request: Request,
        *,
        seconds: float,
        told: Callable[[str], None] | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Reply:
        text = request.messages[-1].text
        if "mute" in text:
            raise ModelProblem("It would not speak.", was_sent=False)
        return Reply(text=f"{model}: {text}", usage=Usage(input=len(text), output=3))


prompt(
    PromptSpec(
        key="dummy.say",
        title="Say something",
        summary="Says something of what was counted.",
        system="You say it in one sentence.",
        user="Say this: {counted}",
        variables=(
            Variable("counted", "What was counted", sample="3 pigs"),
            Variable("mood", "How to say it", is_needed=False, sample="gladly"),
        ),
    )
)
