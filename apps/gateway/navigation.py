from apps.console.navigation import NavItem, nav_item
from apps.gateway.permissions import KEYS_VIEW

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
