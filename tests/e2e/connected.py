"""A demo installation whose tenants have a model: the scripted server, asked over HTTP as any other service."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.aiserver import AiServer
from tests.running import ROOT, Installation, installation

MODEL = "scripted-model"
_CONNECT = """
import sys, django
django.setup()
from apps.ai.models import LanguageModel, ModelChoice, Provider
from apps.tenants.context import public_context, tenant_context
from apps.tenants.models import Tenant
slug, url, key, name = sys.argv[1:]
with public_context():
    tenant = Tenant.objects.get(slug=slug)
with tenant_context(tenant):
    provider = Provider.objects.create(name="Scripted", kind="compatible", access={"base_url": url, "key": key})
    model = LanguageModel.objects.create(provider=provider, name=name)
    ModelChoice.objects.create(agent_key="", position=0, model=model)
"""


@dataclass(frozen=True)
class Connected:
    program: Installation
    server: AiServer


@contextmanager
def connected(folder: Path, slug: str) -> Iterator[Connected]:
    """Start an installation and the server, and choose the server's model for every agent of a tenant."""
    told = {"ORCHESTRALL_OUTBOUND_NETWORKS": "127.0.0.1/32"}
    with AiServer() as server, installation(folder, told=told) as program:
        argv = [sys.executable, "-c", _CONNECT, slug, server.url, server.key, MODEL]
        subprocess.run(argv, cwd=ROOT, env=program.environment | told, check=True, timeout=60)
        yield Connected(program, server)
