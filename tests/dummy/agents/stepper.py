"""An agent that leaves a mark outside of the database each time it is carried out, and may never come back."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from apps.agents.contract import Agent, RunContext
from apps.common.schemas import StrictModel
from apps.common.widgets import TextWidget, Widget


class StepperInput(StrictModel):
    mark: str = Field(default="", max_length=200, description="What is written, with the number of the process.")
    file: str = Field(default="", max_length=1000, description="Where to; empty: nowhere.")
    seconds: float = Field(default=0.02, ge=0, le=60)
    mood: Literal["calm", "endless", "deaf"] = Field(
        default="calm", description="`endless` never comes back; `deaf` does not even ask whether it should stop."
    )


class StepperSettings(BaseModel):
    pass


class Stepped(BaseModel):
    mark: str


class Stepper(Agent[StepperInput, Stepped, StepperSettings]):
    """Take a moment, and say so outside."""

    key, title, version = "dummy.stepper", "Stepper", "1.0"

    def run(self, data: StepperInput, settings: StepperSettings, ctx: RunContext) -> Stepped:
        if data.file:
            # One write to the end of the file: several processes leave their lines whole.
            with Path(data.file).open("a", buffering=1) as file:
                file.write(f"{data.mark} {os.getpid()}\n")
        while data.mood == "deaf":
            pass
        while data.mood == "endless":
            ctx.progress(0, 0, "On and on")
            time.sleep(0.02)
        time.sleep(data.seconds)
        return Stepped(mark=data.mark)

    def headline(self, report: Stepped) -> str:
        return f"Stepped {report.mark}".strip()

    def present(self, report: Stepped) -> list[Widget]:
        return [TextWidget(title="Mark", text=report.mark or "none")]
