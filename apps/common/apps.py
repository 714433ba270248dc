from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "apps.common"
    label = "common"

    def ready(self) -> None:
        # Last of our apps to be made ready (it closes what the others fill): settings put it at the end.
        from apps.common import registry

        registry.discover()
        registry.Registry.close_all()
