from apps.compliance.permissions import AUDIT_VIEW
from apps.console.navigation import NavItem, nav_item

nav_item(
    NavItem(
        key="compliance.audit",
        title="Audit log",
        url="compliance:audit",
        icon="fingerprint",
        group="Govern",
        summary="Who did what and when, and whether the record of it is whole",
        permission=AUDIT_VIEW,
        order=20,
    )
)
