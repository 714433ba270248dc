"""Registries, and the discovery that fills them: a thing exists because its file does, never because a list tells."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, ClassVar, Generic, TypeVar

from django.apps import AppConfig, apps
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import module_has_submodule

from apps.common.industries import IndustryConfig

T = TypeVar("T")

# What an app may offer: a module or a package of this name. A package's modules are imported one by one.
DISCOVERED = ("permissions", "auditing", "privacy", "kinds", "handlers", "navigation", "actions", "providers", "agents")


class Registry(Generic[T]):
    """Things by key, in order of key. Refuses a second thing under a key, and any thing once it is closed."""

    _all: ClassVar[list[Registry[Any]]] = []

    def __init__(self, noun: str) -> None:
        Registry._all.append(self)
        self.noun = noun
        self._items: dict[str, T] = {}
        self._closed = False

    def register(self, key: str, item: T) -> T:
        if self._closed:
            raise ImproperlyConfigured(
                f"{self.noun} {key!r} is registered after start: put it where discovery finds it."
            )
        if key in self._items:
            raise ImproperlyConfigured(f"{self.noun} {key!r} is registered twice: give one of the two another key.")
        self._items[key] = item
        return item

    @classmethod
    def close_all(cls) -> None:
        """Sort and close every registry: called once, when discovery is over."""
        for registry in cls._all:
            registry._items = dict(sorted(registry._items.items()))
            registry._closed = True

    def get(self, key: str) -> T | None:
        return self._items.get(key)

    def __getitem__(self, key: str) -> T:
        return self._items[key]

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[T]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def keys(self) -> list[str]:
        return list(self._items)


def own_apps() -> list[AppConfig]:
    """The apps of this product and every industry pack, wherever it comes from, in the order of settings."""
    return [
        config
        for config in apps.get_app_configs()
        if config.name.startswith("apps.") or isinstance(config, IndustryConfig)
    ]


def discover() -> list[ModuleType]:
    """Import what each of our apps offers; importing registers. Returns the modules found."""
    found = []
    for config in own_apps():
        for name in DISCOVERED:
            if config.module is None or not module_has_submodule(config.module, name):
                continue
            module = import_module(f"{config.name}.{name}")
            found.append(module)
            for part in iter_modules(getattr(module, "__path__", [])):
                found.append(import_module(f"{module.__name__}.{part.name}"))
    return found
