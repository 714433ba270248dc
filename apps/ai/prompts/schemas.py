"""What is entered of a prompt, by form and over the API alike."""

from __future__ import annotations

from pydantic import Field

from apps.ai.prompts.wording import LONGEST
from apps.common.schemas import StrictModel


class Words(StrictModel):
    """The words of a prompt: what `PromptVersion.content` has."""

    system: str = Field(
        default="", max_length=LONGEST, description="What the model is to be, and what it has to keep to."
    )
    user: str = Field(default="", max_length=LONGEST, description="The request itself. Data are put into its fields.")
