"""The operators' host: what every tenant has, and the back office in front of it."""

from django.urls import include, path

from apps.tenants.site import site
from orchestrall.urls import tenant

urlpatterns = [
    path("admin/access/", include("apps.accounts.operator_access.office_urls")),
    path("admin/", site.urls),
    *tenant.urlpatterns,
]

handler400, handler403 = tenant.handler400, tenant.handler403
handler404, handler500 = tenant.handler404, tenant.handler500
