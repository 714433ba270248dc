from django.urls import path

from apps.accounts import sign_in_views, views

app_name = "accounts"
urlpatterns = [
    path("", views.MemberList.as_view(), name="members"),
    path("invite/", views.MemberInvite.as_view(), name="invite"),
    path("<uuid:id>/management/", views.MemberManagement.as_view(), name="management"),
    path("service-accounts/", views.ServiceAccountList.as_view(), name="services"),
    path("service-accounts/new/", views.ServiceAccountCreate.as_view(), name="service-new"),
    path("service-accounts/<uuid:account>/role/", views.ServiceAccountRole.as_view(), name="service-role"),
    path("service-accounts/<uuid:account>/deactivate/", views.ServiceAccountDeactivate.as_view(), name="service-end"),
    path(
        "service-accounts/<uuid:account>/reactivate/", views.ServiceAccountReactivate.as_view(), name="service-resume"
    ),
    path("<uuid:id>/sign-ins/", sign_in_views.MemberSignIns.as_view(), name="sign-ins"),
    path("<uuid:id>/sign-out/", sign_in_views.MemberSignOut.as_view(), name="sign-out"),
    path("<uuid:id>/factors/remove/", sign_in_views.MemberFactorsRemove.as_view(), name="factors-remove"),
    path("<uuid:id>/role/", views.MemberRole.as_view(), name="role"),
    path("<uuid:id>/deactivate/", views.MemberDeactivate.as_view(), name="deactivate"),
    path("<uuid:id>/reactivate/", views.MemberReactivate.as_view(), name="reactivate"),
    path("<uuid:id>/invite-again/", views.MemberInviteAgain.as_view(), name="invite-again"),
]
