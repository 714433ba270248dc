"""Console pages of the audit log."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, get_args
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.utils import timezone
from django.utils.http import content_disposition_header

from apps.audit import places, verify_audit
from apps.audit.kinds import CATEGORIES
from apps.audit.models import AuditEntry
from apps.common.errors import InvalidInput
from apps.common.permissions import Principal
from apps.common.streaming import streamed
from apps.compliance.audit import checking, exporting, selectors
from apps.compliance.audit.filters import ACTORS, VIAS, AuditFilter, filter_of, uuid_or_none
from apps.compliance.audit.schemas import EntryProof
from apps.compliance.audit.showing import CATEGORY_WORDS, all_shown, kinds_shown, shown
from apps.compliance.permissions import AUDIT_EXPORT, AUDIT_VIEW
from apps.console.views import ConsoleView
from apps.tenants.context import current_tenant

TYPES: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


class AuditPage(ConsoleView):
    """Who did what, newest first, as filtered by the query string."""

    permission = AUDIT_VIEW
    page_title = "Audit log"

    def get(self, request: HttpRequest) -> HttpResponse:
        narrow, before = filter_of(request.GET), request.GET.get("before", "")
        if before and uuid_or_none(before) is None:
            raise Http404("no such page of the audit log")
        page = selectors.entries_page(who=self.who, narrow=narrow, before=uuid_or_none(before) if before else None)
        rows = all_shown(page.entries)
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
            "integrity": selectors.integrity(who=self.who),
            "query": _query(request),
            "can_export": self.who.can(AUDIT_EXPORT),
        }
        return self.page("compliance/audit.html", context)


class AuditExport(ConsoleView):
    """Entries as a file: of all that match `query`, as CSV or as lines with proofs (`form`)."""

    permission = {"POST": AUDIT_EXPORT}
    step_up = {"POST"}

    def post(self, request: HttpRequest) -> HttpResponseBase:
        form = request.POST.get("form", "")
        if form not in get_args(exporting.Form):
            raise InvalidInput("Nothing was exported: choose CSV or JSON lines.")
        narrow = filter_of(QueryDict(request.POST.get("query", "")))
        return download(self.who, request, narrow, "csv" if form == "csv" else "jsonl")


def download(who: Principal, request: HttpRequest, narrow: AuditFilter, form: exporting.Form) -> HttpResponseBase:
    """The entries that match as a file, once it is recorded that they are exported."""
    export = exporting.export_begin(who=who, narrow=narrow, form=form)
    write = exporting.csv_pieces if form == "csv" else exporting.jsonl_pieces
    name = f"audit-{current_tenant().slug}-{timezone.now():%Y-%m-%d}.{form}"
    return streamed(request, write(who=who, export=export), content_type=TYPES[form], name=name)


class AuditCheck(ConsoleView):
    """A look at the log itself: `below` goes on where one ended."""

    permission = AUDIT_VIEW
    page_title = "Check of the audit log"

    def get(self, request: HttpRequest) -> HttpResponse:
        below = request.GET.get("below", "")
        if below and not (below.isascii() and below.isdigit() and len(below) < 16):
            raise Http404("no such place in the audit log")
        context = {
            "checked": checking.check(who=self.who, below=int(below) if below else None),
            "integrity": selectors.integrity(who=self.who),
            "is_first": not below,
        }
        return self.page("compliance/check.html", context)


class AuditVerify(ConsoleView):
    """How somebody verifies the log who trusts neither this program nor its database."""

    permission = AUDIT_VIEW
    page_title = "Verify the audit log"

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {
            "key": selectors.public_key(who=self.who),
            "place": places.place().text,
            "folder": str(current_tenant().pk),
            "can_export": self.who.can(AUDIT_EXPORT),
        }
        return self.page("compliance/verify.html", context)


class AuditVerifier(ConsoleView):
    """The script that verifies exports, as a file."""

    permission = AUDIT_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        response = HttpResponse(Path(verify_audit.__file__).read_text(), content_type="text/x-python; charset=utf-8")
        response["Content-Disposition"] = content_disposition_header(True, "verify_audit.py") or "attachment"
        return response


class AuditEntryProof(ConsoleView):
    """The proof that an entry is in the tree, as a file."""

    permission = AUDIT_VIEW

    def get(self, request: HttpRequest, entry: UUID) -> HttpResponse:
        shown = EntryProof.of(*selectors.entry_proof(who=self.who, id=entry), key=selectors.public_key(who=self.who))
        response = HttpResponse(shown.model_dump_json(indent=2), content_type="application/json")
        response["Content-Disposition"] = content_disposition_header(True, f"{entry}.proof.json") or "attachment"
        return response


class AuditEntryPage(ConsoleView):
    """One entry: what was before and after, around it, and how it is proved."""

    permission = AUDIT_VIEW

    def get(self, request: HttpRequest, entry: UUID) -> HttpResponse:
        found = selectors.entry_get(who=self.who, id=entry)
        item = shown(found)
        self.page_title = item.title
        context = {
            "item": item,
            "standing": selectors.standing(who=self.who, entry=found),
            "place": places.place().text,
            "about_same": all_shown(selectors.near_subject(who=self.who, entry=found)),
            "by_same": all_shown(selectors.near_actor(who=self.who, entry=found)),
        }
        return self.page("compliance/entry.html", context)


def _query(request: HttpRequest) -> str:
    """What is looked at, without where in it."""
    query = request.GET.copy()
    query.pop("before", None)
    return query.urlencode()


def day_of(moment: datetime | None) -> str:
    """A moment's day as a field for dates has it."""
    return moment.date().isoformat() if moment else ""
