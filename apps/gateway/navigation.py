from apps.console.navigation import NavItem, nav_item
from apps.gateway.permissions import KEYS_VIEW, PERFORMANCE_VIEW

nav_item(
    NavItem(
        key="gateway.keys",
        title="API keys",
        url="gateway:keys",
        icon="key",
        group="Govern",
        summary="What programs call the API with",
        permission=KEYS_VIEW,
        order=40,
        letter="k",
    )
)
nav_item(
    NavItem(
        key="gateway.performance",
        title="Performance",
        url="performance:page",
        icon="chart-line",
        group="Govern",
        summary="Your limits, and how requests and runs go just now",
        permission=PERFORMANCE_VIEW,
        order=50,
        letter="l",
    )
)
