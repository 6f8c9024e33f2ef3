-- One broadcast is over: one delivery in fifty failed, the others were accepted.
INSERT INTO outcome (broadcast, medium, address_id, attempt, result, endpoint, reason, provider_id, at_ms)
SELECT r.broadcast, r.medium, r.address_id, 1, CASE r.address_id % 50 WHEN 0 THEN 'failed' ELSE 'accepted' END,
  s.endpoint, CASE r.address_id % 50 WHEN 0 THEN 'recipient:30003' ELSE 'accepted' END, 'SM' || r.address_id, :at
FROM recipient r JOIN shard s ON s.broadcast = r.broadcast AND s.medium = r.medium
  AND r.address_id BETWEEN s.first_address AND s.last_address
WHERE r.broadcast = :broadcast;

UPDATE shard SET admitted = size, watermark = last_address, failed = (
  SELECT count(*) FROM outcome o WHERE o.broadcast = shard.broadcast AND o.medium = shard.medium
    AND o.result = 'failed' AND o.address_id BETWEEN first_address AND last_address
) WHERE broadcast = :broadcast;

UPDATE shard SET accepted = size - failed WHERE broadcast = :broadcast;
