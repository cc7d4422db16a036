-- Deletes where no instance has wanted events to go for a while: an instance of other settings may have been the last one.
delete from event_destination
where seen_at < now() - cast(:#${properties:tenpay.retention.event-destinations} as interval)
