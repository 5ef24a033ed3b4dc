-- An archive of drover for DuckDB. `drover archive --sql duckdb` prints this text.
--   duckdb -c "SET VARIABLE archive = '/srv/drover'" -f drover.sql
-- In a shell of DuckDB: SET VARIABLE archive = '/srv/drover'; then .read drover.sql
-- The questions stand at the end, each a view or a macro.
-- The archive as Parquet, a folder for each day; any engine reads '/srv/parquet/*/*.parquet':
--   COPY (FROM archive) TO '/srv/parquet' (FORMAT parquet, PARTITION_BY (day), WRITE_PARTITION_COLUMNS, OVERWRITE);

CREATE OR REPLACE VIEW archive AS
SELECT * FROM read_ndjson(
  getvariable('archive') || '/day=*/*.ndjson',
  hive_partitioning = false,
  columns = {
    record: 'VARCHAR', schema_version: 'INTEGER', drover: 'VARCHAR', day: 'DATE', host: 'VARCHAR', capture: 'VARCHAR',
    file: 'VARCHAR', start_time: 'TIMESTAMP', end_time: 'TIMESTAMP', capture_ms: 'DOUBLE', server: 'VARCHAR',
    grade: 'VARCHAR', workers: 'BIGINT', served: 'BIGINT', severity: 'VARCHAR', confidence: 'VARCHAR', title: 'VARCHAR',
    finding: 'VARCHAR', kind: 'VARCHAR', cause: 'VARCHAR', spoken_for_by: 'VARCHAR', request: 'VARCHAR',
    target: 'VARCHAR', code: 'VARCHAR', protocol: 'VARCHAR', "count": 'DOUBLE', total_ms: 'DOUBLE',
    longest_ms: 'DOUBLE', p50_ms: 'DOUBLE', p99_ms: 'DOUBLE', share: 'DOUBLE', failures: 'BIGINT'
  });

CREATE OR REPLACE VIEW captures AS
SELECT day, host, capture, file, start_time, end_time, capture_ms, server, grade, workers, served, severity, confidence,
  title AS verdict
FROM archive WHERE record = 'capture';

CREATE OR REPLACE VIEW findings AS SELECT * FROM archive WHERE record = 'finding';

-- Findings that speak for themselves. An effect, and the same cause in another worker, stand under one of these.
CREATE OR REPLACE VIEW causes AS SELECT * FROM findings WHERE spoken_for_by IS NULL AND severity <> 'info';

CREATE OR REPLACE VIEW dependencies AS SELECT * FROM archive WHERE record = 'dependency';

-- 1. What is new on the last day? A host that was not looked at the day before has no yesterday, and is not listed.
CREATE OR REPLACE VIEW new_since_yesterday AS
WITH last AS (SELECT max(day) AS day FROM captures),
  seen AS (SELECT DISTINCT host FROM captures, last WHERE captures.day = last.day - 1),
  before AS (SELECT DISTINCT host, cause FROM findings, last WHERE findings.day = last.day - 1)
SELECT causes.host, any_value(causes.kind) AS kind, any_value(causes.title) AS title, max(causes.longest_ms) AS longest_ms
FROM causes
JOIN last ON causes.day = last.day
JOIN seen ON causes.host = seen.host
LEFT JOIN before ON before.host = causes.host AND before.cause = causes.cause
WHERE before.cause IS NULL
GROUP BY causes.host, causes.cause
ORDER BY longest_ms DESC NULLS LAST, causes.host;

-- 2. Which hosts have which cause?
CREATE OR REPLACE VIEW hosts_by_cause AS
SELECT cause, any_value(kind) AS kind, count(DISTINCT host) AS hosts, arg_max(title, coalesce(longest_ms, 0)) AS worst,
  max(longest_ms) AS longest_ms, min(day) AS first_day, max(day) AS last_day, list(DISTINCT host ORDER BY host) AS names
FROM causes GROUP BY cause ORDER BY hosts DESC, longest_ms DESC NULLS LAST;

-- 3. What did a change do? SELECT * FROM before_and_after(TIMESTAMP '2026-11-26 14:00:00');
-- Rates are of a thousand requests, so that the load may differ; of captures that served none there is no rate.
CREATE OR REPLACE MACRO before_and_after(moment) AS TABLE
WITH sides AS (
    SELECT capture, served, start_time >= moment AS is_after FROM captures WHERE start_time IS NOT NULL
  ),
  totals AS (SELECT is_after, count(*) AS captures, sum(served) AS served FROM sides GROUP BY is_after),
  found AS (
    SELECT cause, is_after, any_value(kind) AS kind, any_value(title) AS title, count(DISTINCT capture) AS captures,
      sum("count") AS times, max(longest_ms) AS longest_ms
    FROM causes JOIN sides USING (capture) GROUP BY cause, is_after
  ),
  named AS (SELECT cause, any_value(kind) AS kind, any_value(title) AS title FROM found GROUP BY cause)
SELECT named.kind, named.title,
  coalesce(b.captures, 0) AS captures_before, (SELECT captures FROM totals WHERE NOT is_after) AS of_before,
  coalesce(a.captures, 0) AS captures_after, (SELECT captures FROM totals WHERE is_after) AS of_after,
  1000 * coalesce(b.times, 0) / nullif((SELECT served FROM totals WHERE NOT is_after), 0) AS rate_before,
  1000 * coalesce(a.times, 0) / nullif((SELECT served FROM totals WHERE is_after), 0) AS rate_after,
  b.longest_ms AS longest_before_ms, a.longest_ms AS longest_after_ms
FROM named
LEFT JOIN found AS b ON b.cause = named.cause AND NOT b.is_after
LEFT JOIN found AS a ON a.cause = named.cause AND a.is_after
ORDER BY coalesce(a.captures, 0) - coalesce(b.captures, 0) DESC, named.title;

-- 4. Which service is waited for longest?
CREATE OR REPLACE VIEW slowest_dependency AS
SELECT target, any_value(protocol) AS protocol, count(DISTINCT host) AS hosts, sum("count") AS waits,
  sum(total_ms) / 1000 AS total_seconds, max(p99_ms) AS worst_p99_ms, max(longest_ms) AS longest_ms,
  sum(failures) AS failures
FROM dependencies GROUP BY target ORDER BY total_seconds DESC;

-- 5. Where does nobody know? Captures whose verdict names no trouble and is no all-clear either.
CREATE OR REPLACE VIEW cannot_tell AS
SELECT day, host, server, grade, verdict, file FROM captures
WHERE severity = 'none' AND confidence = 'cannot-tell' ORDER BY day DESC, host;
