"""An industry is one app with a manifest. The core knows industries only through this class."""

from __future__ import annotations

from typing import ClassVar

from django.apps import AppConfig, apps


class IndustryConfig(AppConfig):
    """The manifest of an industry: how it is called and drawn. Its key is the app's label."""

    # Django must not take this class for the manifest of every app that imports it, but each subclass for its own.
    default = False

    title: ClassVar[str]
    icon: ClassVar[str]
    summary: ClassVar[str]

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.default = True


def industries() -> dict[str, IndustryConfig]:
    """The installed industries by key, in the order of settings."""
    return {config.label: config for config in apps.get_app_configs() if isinstance(config, IndustryConfig)}
