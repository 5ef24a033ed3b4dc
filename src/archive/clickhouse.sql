-- An archive of drover for ClickHouse. `drover archive --sql clickhouse` prints this text.
--   clickhouse-client --multiquery < drover.sql
--   cat /srv/drover/day=2026-11-26/*.ndjson | clickhouse-client --date_time_input_format best_effort --query 'INSERT INTO drover FORMAT JSONEachRow'
-- A capture that is inserted twice counts once, after a merge or with FINAL. The questions stand at the end.

CREATE TABLE IF NOT EXISTS drover (
  record LowCardinality(String),
  schema_version UInt16,
  drover LowCardinality(String),
  day Date,
  host LowCardinality(String),
  capture FixedString(12),
  file String,
  start_time Nullable(DateTime64(6, 'UTC')),
  end_time Nullable(DateTime64(6, 'UTC')),
  capture_ms Nullable(Float64),
  server LowCardinality(String),
  grade LowCardinality(String),
  workers UInt32,
  served UInt64,
  severity LowCardinality(Nullable(String)),
  confidence LowCardinality(Nullable(String)),
  title String,
  finding Nullable(String),
  kind LowCardinality(Nullable(String)),
  cause Nullable(String),
  spoken_for_by Nullable(String),
  request Nullable(String),
  target Nullable(String),
  code Nullable(String),
  protocol LowCardinality(Nullable(String)),
  count Nullable(Float64),
  total_ms Nullable(Float64),
  longest_ms Nullable(Float64),
  p50_ms Nullable(Float64),
  p99_ms Nullable(Float64),
  share Nullable(Float64),
  failures Nullable(UInt64)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (record, day, host, capture, ifNull(finding, ''), ifNull(target, ''))
TTL day + INTERVAL 400 DAY;

CREATE OR REPLACE VIEW captures AS
SELECT day, host, capture, file, start_time, end_time, capture_ms, server, grade, workers, served, severity, confidence,
  title AS verdict
FROM drover FINAL WHERE record = 'capture';

CREATE OR REPLACE VIEW findings AS SELECT * FROM drover FINAL WHERE record = 'finding';

-- Findings that speak for themselves. An effect, and the same cause in another worker, stand under one of these.
CREATE OR REPLACE VIEW causes AS SELECT * FROM findings WHERE spoken_for_by IS NULL AND severity != 'info';

CREATE OR REPLACE VIEW dependencies AS SELECT * FROM drover FINAL WHERE record = 'dependency';

-- 1. What is new on the last day? A host that was not looked at the day before has no yesterday, and is not listed.
CREATE OR REPLACE VIEW new_since_yesterday AS
WITH (SELECT max(day) FROM captures) AS last
SELECT host, any(causes.kind) AS kind, any(causes.title) AS title, max(causes.longest_ms) AS longest_ms
FROM causes
WHERE day = last
  AND host IN (SELECT host FROM captures WHERE day = last - 1)
  AND (host, assumeNotNull(cause)) NOT IN (SELECT host, assumeNotNull(cause) FROM findings WHERE day = last - 1)
GROUP BY host, cause
ORDER BY longest_ms DESC NULLS LAST, host;

-- 2. Which hosts have which cause?
CREATE OR REPLACE VIEW hosts_by_cause AS
SELECT cause, any(c.kind) AS kind, uniqExact(c.host) AS hosts, argMax(c.title, ifNull(c.longest_ms, 0)) AS worst,
  max(c.longest_ms) AS longest_ms, min(c.day) AS first_day, max(c.day) AS last_day,
  arraySort(groupUniqArray(toString(c.host))) AS names
FROM causes AS c GROUP BY cause ORDER BY hosts DESC, longest_ms DESC NULLS LAST;

-- 3. What did a change do? SELECT * FROM before_and_after(moment = '2026-11-26 14:00:00');
-- Rates are of a thousand requests, so that the load may differ; of captures that served none there is no rate.
CREATE OR REPLACE VIEW before_and_after AS
WITH
  toDateTime64({moment:String}, 6, 'UTC') AS change,
  (SELECT (countIf(start_time < change), countIf(start_time >= change), sumIf(served, start_time < change),
    sumIf(served, start_time >= change)) FROM captures) AS totals
SELECT any(c.kind) AS kind, any(c.title) AS title,
  uniqExactIf(c.capture, s.start_time < change) AS captures_before, totals.1 AS of_before,
  uniqExactIf(c.capture, s.start_time >= change) AS captures_after, totals.2 AS of_after,
  if(totals.3 = 0, NULL, 1000 * sumIf(ifNull(c.count, 0), s.start_time < change) / totals.3) AS rate_before,
  if(totals.4 = 0, NULL, 1000 * sumIf(ifNull(c.count, 0), s.start_time >= change) / totals.4) AS rate_after,
  maxIf(c.longest_ms, s.start_time < change) AS longest_before_ms,
  maxIf(c.longest_ms, s.start_time >= change) AS longest_after_ms
FROM causes AS c
INNER JOIN captures AS s ON s.capture = c.capture
WHERE s.start_time IS NOT NULL
GROUP BY c.cause
ORDER BY toInt64(captures_after) - toInt64(captures_before) DESC, title;

-- 4. Which service is waited for longest?
CREATE OR REPLACE VIEW slowest_dependency AS
SELECT d.target AS target, any(d.protocol) AS protocol, uniqExact(d.host) AS hosts, sum(d.count) AS waits,
  sum(d.total_ms) / 1000 AS total_seconds, max(d.p99_ms) AS worst_p99_ms, max(d.longest_ms) AS longest_ms,
  sum(d.failures) AS failures
FROM dependencies AS d GROUP BY d.target ORDER BY total_seconds DESC;

-- 5. Where does nobody know? Captures whose verdict names no trouble and is no all-clear either.
CREATE OR REPLACE VIEW cannot_tell AS
SELECT day, host, server, grade, verdict, file FROM captures
WHERE severity = 'none' AND confidence = 'cannot-tell' ORDER BY day DESC, host;
