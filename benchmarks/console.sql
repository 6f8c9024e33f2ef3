-- What benchmarks/console.py fills a database with. Statements end in a semicolon at the end of a line.
WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
INSERT INTO subscriber (id, external_id, name, language_list_id, timezone, area, attributes, created_at, updated_at)
SELECT i, 'f' || i, '', (SELECT min(id) FROM language_list), 'UTC',
  CASE i % 10 WHEN 0 THEN 'north' ELSE 'south' END, '{}', :now, :now FROM n;

WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
INSERT INTO address (id, medium, value, value_hash)
SELECT 2 * i, :sms, '+1' || (2000000000 + i), randomblob(16) FROM n;

WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
INSERT INTO address (id, medium, value, value_hash)
SELECT 2 * i + 1, :email, 'p' || i || '@example.org', randomblob(16) FROM n;

WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
INSERT INTO subscriber_address (subscriber_id, medium, address_id, preferred) SELECT i, :sms, 2 * i, 1 FROM n;

WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
INSERT INTO subscriber_address (subscriber_id, medium, address_id, preferred) SELECT i, :email, 2 * i + 1, 1 FROM n;
