"""Console pages of the audit log."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from apps.audit.kinds import CATEGORIES
from apps.audit.models import AuditEntry
from apps.compliance.audit import selectors
from apps.compliance.audit.filters import ACTORS, VIAS, filter_of, uuid_or_none
from apps.compliance.audit.showing import CATEGORY_WORDS, all_shown, kinds_shown, shown
from apps.compliance.permissions import AUDIT_EXPORT, AUDIT_VIEW
from apps.console.views import ConsoleView


class AuditPage(ConsoleView):
    """Who did what, newest first, as filtered by the query string."""

    permission = AUDIT_VIEW
    page_title = "Audit log"

    def get(self, request: HttpRequest) -> HttpResponse:
        narrow, before = filter_of(request.GET), request.GET.get("before", "")
        if before and uuid_or_none(before) is None:
            raise Http404("no such page of the audit log")
        page = selectors.entries_page(who=self.who, narrow=narrow, before=uuid_or_none(before) if before else None)
        rows = all_shown(page.entries, self.who)
        actors = selectors.actors_here(who=self.who)
        context = {
            "rows": rows,
            "older": page.older,
            "is_first": not before,
            "narrow": narrow,
            "about": next((row.said.subject for row in rows if row.said.subject), narrow.subject),
            "since": day_of(narrow.since),
            "until": day_of(narrow.before and narrow.before - timedelta(days=1)),
            "categories": [(key, CATEGORY_WORDS[key]) for key in CATEGORIES],
            "kinds": kinds_shown(),
            "members": [each for each in actors if not each.is_service],
            "programs": [each for each in actors if each.is_service],
            "actor_kinds": ACTORS.items(),
            "outcomes": AuditEntry.Outcome.choices,
            "vias": VIAS.items(),
            "can_export": self.who.can(AUDIT_EXPORT),
        }
        return self.page("compliance/audit.html", context)


class AuditEntryPage(ConsoleView):
    """One entry: what was before and after, around it, and how it is proved."""

    permission = AUDIT_VIEW

    def get(self, request: HttpRequest, entry: UUID) -> HttpResponse:
        found = selectors.entry_get(who=self.who, id=entry)
        item = shown(found, self.who)
        self.page_title = item.title
        context = {
            "item": item,
            "about_same": all_shown(selectors.near_subject(who=self.who, entry=found), self.who),
            "by_same": all_shown(selectors.near_actor(who=self.who, entry=found), self.who),
        }
        return self.page("compliance/entry.html", context)


def day_of(moment: datetime | None) -> str:
    """A moment's day as a field for dates has it."""
    return moment.date().isoformat() if moment else ""
