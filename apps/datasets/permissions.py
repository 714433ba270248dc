from apps.common.permissions import permission

DATASETS_VIEW = permission(
    "datasets.view", "See the datasets", "administrator", "builder", "analyst", "approver", "auditor"
)
DATASETS_UPLOAD = permission(
    "datasets.upload", "Upload datasets and delete one's own", "administrator", "builder", "analyst"
)
DATASETS_DELETE = permission("datasets.delete", "Delete everybody's datasets", "administrator", "builder")
