from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "apps.gateway"
    label = "gateway"

    def ready(self) -> None:
        from apps.gateway import checks, cors, openapi  # noqa: F401  # importing registers

        cors.install()
