from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "apps.operations"
    label = "operations"
    verbose_name = "Operations"

    def ready(self) -> None:
        from apps.operations import services
        from apps.tenants.signals import tenant_provisioned

        tenant_provisioned.connect(services.demo_fill, dispatch_uid="operations.demo")
