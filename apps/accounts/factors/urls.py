"""The pages of factors that the library's are not as they must be, at its places and under its names."""

from django.urls import path

from apps.accounts.factors import views

urlpatterns = [
    path("totp/activate/", views.AppAdd.as_view(), name="mfa_activate_totp"),
    path("webauthn/add/", views.PasskeyAdd.as_view(), name="mfa_add_webauthn"),
    path("webauthn/keys/<int:pk>/remove/", views.PasskeyRemove.as_view(), name="mfa_remove_webauthn"),
    path("recovery-codes/", views.CodesPage.as_view(), name="mfa_view_recovery_codes"),
    path("recovery-codes/download/", views.CodesPage.as_view(), name="mfa_download_recovery_codes"),
    path("recovery-codes/generate/", views.CodesMake.as_view(), name="mfa_generate_recovery_codes"),
]
