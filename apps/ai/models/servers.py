"""Others' servers whose tools may be read with."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from apps.common.ids import uuid7
from apps.tenants.fields import PayloadField


class McpServer(models.Model):
    """A server of the Model Context Protocol, whose tools custom agents may read with."""

    PLAIN = ("name",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=40, unique=True, help_text="Begins the names of its tools.")
    access = PayloadField(help_text="How it is reached: address and credentials.")
    tools = PayloadField(null=True, help_text="What it offered when it was last asked, and which of it may be used.")
    is_enabled = models.BooleanField(default=True)
    checked_at = models.DateTimeField(null=True)
    problem = PayloadField(null=True)
    seq = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
