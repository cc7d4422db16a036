-- Finds a notification that is stored already: delivered twice it is acknowledged, though its signature was used.
select id, 'KNOWN' as state
from notification
where account = :#${variable.account}
  and kind = :#${variable.kind}
  and body_hash = sha256(:#${variable.notification})
