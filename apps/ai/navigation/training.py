"""The entry of trained models."""

from apps.ai.permissions import MODELS_VIEW
from apps.console.navigation import NavItem, nav_item

nav_item(
    NavItem(
        key="ai.training",
        title="Trained models",
        url="ai:trainables",
        icon="school",
        group="Build",
        summary="What agents have learned from your own data",
        permission=MODELS_VIEW,
        order=60,
    )
)
