"""What the log says of itself, and acts on tenants: `apps.tenants` tells of them, and stands too low to record."""

from typing import Final

from apps.audit.kinds import EntryKind, entry_kind, subject_kind

EPOCH_BEGAN: Final = entry_kind(
    "audit.epoch_began",
    "New epoch of the log",
    "began epoch {epoch} of the log, whose former one is here as far as entry {kept[size]}",
    category="platform",
)
subject_kind("tenants.tenant", "Organisation")


def _act(key: str, title: str, sentence: str, personal: tuple[str, ...] = ()) -> EntryKind:
    return entry_kind(f"tenants.{key}", title, sentence, category="platform", personal=personal)


ACTS: Final[dict[str, EntryKind]] = {
    "create": _act(
        "created",
        "Organisation made",
        "began to make {subject} at {after[slug]}, with the plan {after[plan]}",
        ("owner_email",),
    ),
    "ready": _act("opened", "Organisation opened", "opened {subject}: its place is made"),
    "suspend": _act(
        "suspended", "Organisation suspended", "suspended {subject}: its pages, sockets and work are closed"
    ),
    "resume": _act("resumed", "Organisation resumed", "opened {subject} again"),
    "hold": _act("held", "Work held", "holds the work of {subject} until its owner releases it"),
    "release": _act("released", "Work released", "released the held work of {subject}"),
    "change": _act("changed", "Organisation changed", "changed the plan, the limits or the name of {subject}"),
    "origins": entry_kind(
        "tenants.origins_set",
        "Browser access changed",
        "lets pages of these origins, and of no other, call the API from a browser: {after[cors_origins]}",
    ),
    "rotate": _act("signing_key_rotated", "Signing key rotated", "changed the key that signs the tokens of {subject}"),
    "rewrap": _act(
        "master_key_changed", "Master key changed", "wrapped {after[keys]} keys of organisations by another master key"
    ),
    "key_delete": _act(
        "data_key_deleted",
        "Data key deleted",
        "deleted the data key of {subject}: nothing that it stored opens again",
    ),
    "delete": _act("deletion_begun", "Deletion begun", "began to delete {subject} and everything it holds"),
    "deleted": _act("deleted", "Organisation deleted", "deleted {subject} with everything that it held"),
    "retry": _act("retried", "Tried again", "had what was given up for {subject} tried again"),
}
