"""What of datasets is recorded: that data came in, was called otherwise, left, or was deleted."""

from apps.audit.kinds import entry_kind, subject_kind

subject_kind("datasets.dataset", "Dataset", url="datasets:dataset")

STORED = entry_kind(
    "datasets.stored",
    "Dataset stored",
    "stored the dataset {subject}, of {after[rows]} rows",
    category="data",
)
RENAMED = entry_kind(
    "datasets.renamed",
    "Dataset renamed",
    "called the dataset {before[name]} {after[name]}",
    category="data",
)
DELETED = entry_kind(
    "datasets.deleted",
    "Dataset deleted",
    "deleted the dataset {subject}, of {before[rows]} rows",
    category="data",
)
DOWNLOADED = entry_kind(
    "datasets.downloaded",
    "Dataset downloaded",
    "downloaded the dataset {subject}, all {rows} rows of it",
    category="data",
)
