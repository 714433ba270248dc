from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "apps.console"
    label = "console"
    verbose_name = "Console"

    def ready(self) -> None:
        from apps.console import checks

        checks.install()
