"""An industry is one app with a manifest. The core knows industries only through this class."""

from __future__ import annotations

from typing import ClassVar

from django.apps import AppConfig, apps


class IndustryConfig(AppConfig):
    """The manifest of an industry: how it is called and drawn. Its key is the app's label."""

    title: ClassVar[str]
    icon: ClassVar[str]
    summary: ClassVar[str]


def industries() -> dict[str, IndustryConfig]:
    """The installed industries by key, in the order of settings."""
    return {config.label: config for config in apps.get_app_configs() if isinstance(config, IndustryConfig)}
