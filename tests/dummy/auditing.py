from apps.audit.kinds import entry_kind, subject_kind

LOOKED = entry_kind("dummy.looked", "Looked", "looked at {subject}", category="data", personal=["reason"])
subject_kind("dummy.thing", "Thing for tests")
