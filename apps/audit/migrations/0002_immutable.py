from django.db import migrations

# What is refused here can still be done by whoever owns the database; the tree shows that it was done.
GUARDS = """
create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception '% of % is refused: the audit log is only added to', tg_op, tg_table_name
        using errcode = 'insufficient_privilege';
end $$;

create function audit_shred_only() returns trigger language plpgsql as $$
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

create function audit_publish_only() returns trigger language plpgsql as $$
begin
    if (new.epoch, new.size, new.root, new.at, new.note) = (old.epoch, old.size, old.root, old.at, old.note)
        and old.published_at is null
    then
        return new;
    end if;
    raise exception 'UPDATE of audit_checkpoint is refused: it can be published, and not changed'
        using errcode = 'insufficient_privilege';
end $$;

create trigger audit_entry_stays before update or delete on audit_entry for each row execute function audit_refuse();
create trigger audit_leaf_stays before update or delete on audit_leaf for each row execute function audit_refuse();
create trigger audit_node_stays before update or delete on audit_node for each row execute function audit_refuse();
create trigger audit_payload_stays before delete on audit_payload for each row execute function audit_refuse();
create trigger audit_payload_shreds before update on audit_payload
    for each row execute function audit_shred_only();
create trigger audit_checkpoint_stays before delete on audit_checkpoint for each row execute function audit_refuse();
create trigger audit_checkpoint_publishes before update on audit_checkpoint
    for each row execute function audit_publish_only();

create trigger audit_entry_whole before truncate on audit_entry execute function audit_refuse();
create trigger audit_payload_whole before truncate on audit_payload execute function audit_refuse();
create trigger audit_leaf_whole before truncate on audit_leaf execute function audit_refuse();
create trigger audit_node_whole before truncate on audit_node execute function audit_refuse();
create trigger audit_checkpoint_whole before truncate on audit_checkpoint execute function audit_refuse();
"""
REMOVED = """
drop trigger audit_entry_stays on audit_entry;
drop trigger audit_leaf_stays on audit_leaf;
drop trigger audit_node_stays on audit_node;
drop trigger audit_payload_stays on audit_payload;
drop trigger audit_payload_shreds on audit_payload;
drop trigger audit_checkpoint_stays on audit_checkpoint;
drop trigger audit_checkpoint_publishes on audit_checkpoint;
drop trigger audit_entry_whole on audit_entry;
drop trigger audit_payload_whole on audit_payload;
drop trigger audit_leaf_whole on audit_leaf;
drop trigger audit_node_whole on audit_node;
drop trigger audit_checkpoint_whole on audit_checkpoint;
drop function audit_refuse();
drop function audit_shred_only();
drop function audit_publish_only();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_log")]

    operations = [migrations.RunSQL(GUARDS, REMOVED)]
