"""Claims start at a low-water mark, so that rows that are finished and not yet vacuumed cost them nothing (rule R12)."""

from importlib import import_module

from django.db import migrations

# Not logged: a mark that is lost in a crash means a full look, which is what there is without one.
MARK = """
create unlogged table public.dispatch_mark (
    tenant varchar(63) not null,
    queue varchar(20) not null,
    due_at timestamptz not null,
    primary key (tenant, queue)
) with (fillfactor = 50)
"""

CLAIM = """
create or replace function public.dispatch_claim(
    p_tenant text, p_queue text, p_limit int, p_slots int, p_fence bigint, p_leases jsonb
)
returns table (id uuid, kind varchar, signal bigint, deaths smallint, more boolean)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
    v_mark timestamptz;
begin
    perform pg_advisory_xact_lock(hashtextextended('dispatch ' || p_tenant || ' ' || p_queue, 0));
    perform set_config('synchronous_commit', 'off', true);
    v_mark := coalesce(
        (select m.due_at from public.dispatch_mark m where m.tenant = p_tenant and m.queue = p_queue), '-infinity');
    return query
    with due as materialized (
        select w.id, w.kind, w.lease_until is not null or w.deaths > 0 as bad
        from public.dispatch_work w
        where w.tenant = p_tenant and w.queue = p_queue
          and w.due_at >= v_mark and w.due_at <= (select clock_timestamp())
          and (w.lease_until is null or w.lease_until < (select clock_timestamp()))
          and p_leases ? w.kind
        order by w.priority, w.due_at
        limit greatest(0, least(p_limit, p_slots - (
            select count(*)::int from public.dispatch_work l
            where l.tenant = p_tenant and l.queue = p_queue and l.lease_until > (select clock_timestamp()))))
        for no key update skip locked
    ),
    picked as (select due.*, row_number() over () as place from due),
    taken as (
        update public.dispatch_work w
        set fence = p_fence,
            lease_until = clock_timestamp() + (p_leases ->> p.kind)::float8 * interval '1 second',
            deaths = w.deaths + (w.lease_until is not null)::int
        from picked p
        where w.id = p.id and w.kind = p.kind and w.tenant = p_tenant
          and (p.bad and p.place = 1
               or not p.bad and not exists (select from picked z where z.bad and z.place = 1))
        returning w.id, w.kind, w.signal, w.deaths, p.place
    )
    select t.id, t.kind, t.signal, t.deaths,
        exists (
            select from public.dispatch_work w
            where w.tenant = p_tenant and w.queue = p_queue
              and w.due_at >= v_mark and w.due_at <= (select clock_timestamp())
              and (w.lease_until is null or w.lease_until < (select clock_timestamp()))
              and not exists (select from taken x where x.id = w.id and x.kind = w.kind))
    from taken t order by t.place;
end
$$
"""


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0001_initial")]

    operations = [
        migrations.RunSQL(MARK, reverse_sql="drop table public.dispatch_mark"),
        migrations.RunSQL(
            CLAIM,
            reverse_sql=import_module("apps.dispatch.migrations.0001_initial").CLAIM.replace(
                "create function", "create or replace function"
            ),
        ),
    ]
