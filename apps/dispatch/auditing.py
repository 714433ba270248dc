"""What of work that was given up is recorded."""

from apps.audit.kinds import entry_kind

REQUEUED = entry_kind(
    "dispatch.requeued", "Work requeued", "gave {subject}, which was given up, another try", category="run"
)
