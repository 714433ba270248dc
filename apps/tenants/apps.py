from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "apps.tenants"
    label = "tenants"
    verbose_name = "Installation"  # the back office heads its pages with it

    def ready(self) -> None:
        from apps.tenants import checks, contenttypes

        checks.install()
        contenttypes.install()
