"""Console pages of what models say, within those of agents."""

from django.urls import path, re_path

from apps.agents.talk import pages

urlpatterns = [
    path("agents/<str:key>/fill/", pages.AgentFill.as_view(), name="fill"),
    path("runs/R-<int:number>/messages/", pages.RunMessages.as_view(), name="messages"),
    path("runs/R-<int:number>/messages/snapshot/", pages.RunMessagesSnapshot.as_view(), name="messages-snapshot"),
    path("runs/R-<int:number>/messages/<int:message>/stop/", pages.RunMessageCancel.as_view(), name="message-stop"),
    path("runs/R-<int:number>/messages/<int:message>/change/", pages.RunMessageChange.as_view(), name="message-change"),
    re_path(
        r"^runs/R-(?P<number>\d{1,18})/messages/(?P<message>\d{1,5})/text\.(?P<written>txt|md)$",
        pages.RunMessageFile.as_view(),
        name="message-file",
    ),
]
