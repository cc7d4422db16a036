-- A page of payments, newest first, by keyset: one row more than asked for tells whether there is another page.
with page as (
    select p.*
    from payment p
    where p.account = any (string_to_array(:#${variable.accounts}, ','))
      and (cast(:#${variable.status} as text) is null or p.status = :#${variable.status})
      and (cast(:#${variable.review} as text) is null or p.review = :#${variable.review})
      and (cast(:#${variable.createdFrom} as timestamptz) is null or p.created_at >= cast(:#${variable.createdFrom} as timestamptz))
      and (cast(:#${variable.createdTo} as timestamptz) is null or p.created_at < cast(:#${variable.createdTo} as timestamptz))
      and (cast(:#${variable.cursor} as text) is null or (p.created_at, p.id) < (
          timestamptz '1970-01-01 00:00:00+00'
              + cast(split_part(:#${variable.cursor}, '-', 1) as bigint) * interval '1 microsecond',
          cast(split_part(:#${variable.cursor}, '-', 2) as bigint)))
    order by p.created_at desc, p.id desc
    limit coalesce(cast(:#${variable.limit} as integer), 50) + 1
)
select cast(jsonb_build_object(
    'limit', coalesce(cast(:#${variable.limit} as integer), 50),
    'payments', coalesce(jsonb_agg(
        to_jsonb(page) || jsonb_build_object(
            'cursor', cast(extract(epoch from created_at) * 1000000 as bigint) || '-' || id)
        order by created_at desc, id desc), '[]')
) as text) as page
from page
