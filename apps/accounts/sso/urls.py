"""Below ``sso/``: where people and providers come to. What a provider has registered is not to change any more."""

from django.urls import path

from apps.accounts.sso import signin

app_name = "sso"
urlpatterns = [
    path("find/", signin.find, name="find"),
    path("out/<str:ticket>/", signin.out, name="out"),
    path("<uuid:connection>/login/", signin.login, name="login"),
    path("<uuid:connection>/again/", signin.again, name="again"),
    path("<uuid:connection>/callback/", signin.callback, name="callback"),
    path("<uuid:connection>/acs/", signin.acs, name="acs"),
    path("<uuid:connection>/acs/finish/", signin.acs_finish, name="acs-finish"),
    path("<uuid:connection>/sls/", signin.sls, name="sls"),
    path("<uuid:connection>/backchannel/", signin.backchannel, name="backchannel"),
    path("<uuid:connection>/metadata/", signin.metadata, name="metadata"),
]
