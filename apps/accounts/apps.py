from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from django.core.checks import Tags, register

        from apps.accounts import breached, hashers, services  # noqa: F401  # hashers: its problem is in the catalogue
        from apps.accounts.factors import handlers  # noqa: F401  # it listens
        from apps.accounts.sso import handlers as sso_handlers  # noqa: F401  # and so does this
        from apps.tenants.signals import tenant_provisioned

        register(breached.usable_file, Tags.security)
        tenant_provisioned.connect(services.first_owner_invite, dispatch_uid="accounts.first_owner")
