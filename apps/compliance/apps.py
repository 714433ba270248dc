from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "apps.compliance"
    verbose_name = "Compliance"

    def ready(self) -> None:
        from apps.compliance.retention.services import looks_begin
        from apps.tenants.signals import tenant_provisioned

        tenant_provisioned.connect(looks_begin)
