from apps.compliance.permissions import AUDIT_VIEW, PRIVACY_VIEW, RETENTION_VIEW
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
nav_item(
    NavItem(
        key="compliance.privacy",
        title="Personal data",
        url="compliance:privacy",
        icon="user-search",
        group="Govern",
        summary="Export or erase what is kept of a person, and hold it back",
        permission=PRIVACY_VIEW,
        order=22,
    )
)
nav_item(
    NavItem(
        key="compliance.retention",
        title="Retention",
        url="compliance:retention",
        icon="hourglass",
        group="Govern",
        summary="How long what is kept, and what was removed",
        permission=RETENTION_VIEW,
        order=24,
    )
)
