from django.urls import path

from apps.accounts.scim import endpoints

app_name = "scim"
urlpatterns = [
    path("Users", endpoints.Users.as_view()),
    path("Users/.search", endpoints.UserSearch.as_view()),
    path("Users/<str:id>", endpoints.UserOne.as_view()),
    path("Groups", endpoints.Groups.as_view()),
    path("Groups/.search", endpoints.GroupSearch.as_view()),
    path("Groups/<str:group>", endpoints.GroupOne.as_view()),
    path("ServiceProviderConfig", endpoints.Config.as_view()),
    path("ResourceTypes", endpoints.ResourceTypes.as_view()),
    path("ResourceTypes/<str:name>", endpoints.ResourceTypes.as_view()),
    path("Schemas", endpoints.Schemas.as_view()),
    path("Schemas/<str:name>", endpoints.Schemas.as_view()),
    path("<path:rest>", endpoints.Elsewhere.as_view()),
]
