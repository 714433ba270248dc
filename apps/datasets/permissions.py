from apps.common.permissions import permission

DATASETS_VIEW = permission(
    "datasets.view", "See the datasets", "administrator", "builder", "analyst", "approver", "auditor"
)
DATASETS_UPLOAD = permission(
    "datasets.upload", "Upload datasets, rename and delete one's own", "administrator", "builder", "analyst"
)
DATASETS_DELETE = permission("datasets.delete", "Rename and delete everybody's datasets", "administrator", "builder")
