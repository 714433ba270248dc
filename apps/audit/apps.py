from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "apps.audit"
    verbose_name = "Audit"

    def ready(self) -> None:
        from apps.audit import platform  # noqa: F401  # importing connects
        from apps.audit.epochs import restored
        from apps.tenants.signals import tenant_released

        tenant_released.connect(restored, dispatch_uid="audit.restored")
