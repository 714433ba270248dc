"""Claims read the index of what is due from the mark on for each priority: of the three there are, none is searched."""

from importlib import import_module

from django.db import migrations, models

# The order of the claim is that of the three values, each with its rows by age: a sort would have to read, and lock, as
# many rows of each.
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
        select found.*
        from (values (-1), (0), (1)) as p (priority)
        cross join lateral (
            select w.id, w.kind, w.lease_until is not null or w.deaths > 0 as bad
            from public.dispatch_work w
            where w.tenant = p_tenant and w.queue = p_queue and w.priority = p.priority
              and w.due_at >= v_mark and w.due_at <= (select clock_timestamp())
              and (w.lease_until is null or w.lease_until < (select clock_timestamp()))
              and p_leases ? w.kind
            order by w.due_at
            limit p_limit
            for no key update skip locked
        ) found
        limit greatest(0, least(p_limit, p_slots - (
            select count(*)::int from public.dispatch_work l
            where l.tenant = p_tenant and l.queue = p_queue and l.lease_until > (select clock_timestamp()))))
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
            select from (values (-1), (0), (1)) as p (priority)
            cross join lateral (
                select from public.dispatch_work w
                where w.tenant = p_tenant and w.queue = p_queue and w.priority = p.priority
                  and w.due_at >= v_mark and w.due_at <= (select clock_timestamp())
                  and (w.lease_until is null or w.lease_until < (select clock_timestamp()))
                  and not exists (select from taken x where x.id = w.id and x.kind = w.kind)
                limit 1
            ) other)
    from taken t order by t.place;
end
$$
"""


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0002_low_water_mark")]

    operations = [
        migrations.AddConstraint(
            model_name="workrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("priority__gte", -1), ("priority__lte", 1)), name="dispatch_work_priority"
            ),
        ),
        migrations.RunSQL(CLAIM, reverse_sql=import_module("apps.dispatch.migrations.0002_low_water_mark").CLAIM),
    ]
