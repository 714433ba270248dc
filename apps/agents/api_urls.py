app_name = "agents_api"
urlpatterns: list[object] = []
