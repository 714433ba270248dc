"""`public` is nobody's: it has no page."""

urlpatterns: list[object] = []
