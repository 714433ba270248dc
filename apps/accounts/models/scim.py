"""What a directory provisions: the tokens that it comes with, the people and groups that it has sent."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.common.ids import uuid7
from apps.common.permissions import ROLES

# A directory gives nobody the role of an owner: those are made by owners alone.
MAPPABLE = {key: role.title for key, role in ROLES.items() if key != "owner"}


class ScimToken(models.Model):
    """What a directory shows at /scim/v2/, and nowhere else. Only a digest of it is stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=8, unique=True)
    digest = models.BinaryField(max_length=32)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    replaces = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.SET_NULL,
        related_name="replaced_by",
        help_text="The token that this one was made to take over from; both are good while they overlap.",
    )

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} (ors_{self.prefix}…)"

    @property
    def state(self) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if self.expires_at > timezone.now() else "expired"


class DirectoryUser(models.Model):
    """What the directory says of a member. A member without this row was never written by a directory."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="directory"
    )
    external_id = models.CharField(max_length=255, blank=True, db_index=True, help_text="The directory's own name.")
    profile = models.JSONField(default=dict, help_text="Names and addresses as they were sent, by SCIM attribute.")
    addresses = models.JSONField(default=list, help_text="The e-mail addresses in small letters, to be found by.")
    is_managed = models.BooleanField(
        default=True, help_text="False: a person here has taken the member over, and the directory is refused."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(
        null=True, help_text="Since when the directory does not know the member any more; the member stays, inactive."
    )

    def __str__(self) -> str:
        return str(self.user)


class DirectoryGroup(models.Model):
    """A group of the directory, and the role that it gives."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    external_id = models.CharField(max_length=255, blank=True, db_index=True)
    display_name = models.CharField(max_length=255)
    role = models.CharField(
        max_length=20, blank=True, choices=list(MAPPABLE.items()), help_text="Empty: it gives no role."
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="DirectoryMembership", related_name="directory_groups"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["display_name", "id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(role="owner"), name="accounts_no_group_makes_owners"),
        ]

    def __str__(self) -> str:
        return self.display_name


class DirectoryMembership(models.Model):
    """That a member is in a group."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    group = models.ForeignKey(DirectoryGroup, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "user"], name="accounts_membership_once")]

    def __str__(self) -> str:
        return f"{self.group_id}: {self.user_id}"
