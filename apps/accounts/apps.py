from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from apps.accounts import hashers, services  # noqa: F401  # the problem that it raises is in the catalogue
        from apps.accounts.factors import handlers  # noqa: F401  # it listens
        from apps.accounts.sso import handlers as sso_handlers  # noqa: F401  # and so does this
        from apps.tenants.signals import tenant_provisioned

        tenant_provisioned.connect(services.first_owner_invite, dispatch_uid="accounts.first_owner")
