from django.apps import AppConfig


class DispatchConfig(AppConfig):
    name = "apps.dispatch"
    label = "dispatch"
    verbose_name = "Dispatch"

    def ready(self) -> None:
        from typing import Any

        from apps.common import work
        from apps.dispatch import metrics, services
        from apps.dispatch.worker import BOARD
        from apps.tenants.signals import tenant_deleted, tenant_released

        def forget(tenant: Any, **_: Any) -> None:
            services.tenant_forget(schema=tenant.schema_name)

        def rebuild(**_: Any) -> None:
            services.work_rebuild()

        work.provide(services.WorkDispatcher(BOARD))
        tenant_deleted.connect(forget, weak=False, dispatch_uid="dispatch.forget")
        tenant_released.connect(rebuild, weak=False, dispatch_uid="dispatch.rebuild")
        metrics.install()
