"""What was stored before its tenant had a data key may be sealed: `manage.py keys seal` writes the same once more."""

from typing import ClassVar

from django.db import migrations

# A stored payload begins with 1 where it is plain, and with 2 where it is sealed: `apps.tenants.fields`.
GUARD = """
create or replace function audit_shred_only() returns trigger language plpgsql as $$
begin
    if new.entry_id = old.entry_id
        and (new.facts is null or new.facts = old.facts
            or (get_byte(old.facts, 0) = 1 and get_byte(new.facts, 0) = 2))
        and (new.personal is null or new.personal = old.personal
            or (get_byte(old.personal, 0) = 1 and get_byte(new.personal, 0) = 2))
    then
        return new;
    end if;
    raise exception 'UPDATE of audit_payload is refused: what it says can be shredded, and not changed'
        using errcode = 'insufficient_privilege';
end $$;
"""
FORMER = """
create or replace function audit_shred_only() returns trigger language plpgsql as $$
begin
    if new.entry_id = old.entry_id
        and (new.facts is null or new.facts = old.facts)
        and (new.personal is null or new.personal = old.personal)
    then
        return new;
    end if;
    raise exception 'UPDATE of audit_payload is refused: what it says can be shredded, and not changed'
        using errcode = 'insufficient_privilege';
end $$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("audit", "0003_place")]

    operations: ClassVar[list[migrations.RunSQL]] = [migrations.RunSQL(GUARD, FORMER)]
