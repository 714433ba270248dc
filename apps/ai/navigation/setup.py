"""The entries of language models and of prompts."""

from apps.ai.permissions import MODELS_VIEW
from apps.console.navigation import NavItem, nav_item

nav_item(
    NavItem(
        key="ai.models",
        title="Models",
        url="ai:models",
        icon="sparkles",
        group="Build",
        summary="Providers of language models, and which model is asked for whom",
        permission=MODELS_VIEW,
        order=50,
    )
)
nav_item(
    NavItem(
        key="ai.prompts",
        title="Prompts",
        url="ai:prompts",
        icon="message-2",
        group="Build",
        summary="The words that models are given, their versions, and trials of them",
        permission=MODELS_VIEW,
        order=55,
    )
)
