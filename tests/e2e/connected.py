"""A tenant that has a model for a while: the scripted server, asked over HTTP as any other service."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.aiserver import AiServer
from tests.running import ROOT, Installation

MODEL = "scripted-model"
_CHANGE = """
import sys, django
django.setup()
from apps.ai.models import LanguageModel, ModelChoice, Provider
from apps.tenants.context import public_context, tenant_context
from apps.tenants.models import Tenant
slug, *server = sys.argv[1:]
with public_context():
    tenant = Tenant.objects.get(slug=slug)
with tenant_context(tenant):
    if server:
        url, key, name = server
        provider = Provider.objects.create(name="Scripted", kind="compatible", access={"base_url": url, "key": key})
        model = LanguageModel.objects.create(provider=provider, name=name)
        ModelChoice.objects.create(agent_key="", position=0, model=model)
    else:
        Provider.objects.filter(name="Scripted").delete()
"""


@contextmanager
def connected(program: Installation, slug: str) -> Iterator[AiServer]:
    """Start the server, and choose its model for every agent of a tenant until the end."""

    def change(*server: str) -> None:
        argv = [sys.executable, "-c", _CHANGE, slug, *server]
        subprocess.run(argv, cwd=ROOT, env=program.environment, check=True, timeout=60)

    with AiServer() as server:
        change(server.url, server.key, MODEL)
        try:
            yield server
        finally:
            change()
