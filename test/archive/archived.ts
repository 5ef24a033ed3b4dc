import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Report } from '../../src/analysis/report.ts';
import type { ArchiveRow } from '../../src/archive/row.ts';
import { rowsOf } from '../../src/archive/rows.ts';
import { analyzeFiles } from '../../src/index.ts';
import { renderJsonLines } from '../../src/output/json.ts';

const SAMPLES = fileURLToPath(new URL('../../../samples', import.meta.url));

/**
 * Twelve captures, as a fleet of four hosts would have kept them in three days: on the first two all is well on web-1
 * to web-3, then each has a fault of its own; db-1 has the same fault every day.
 */
const FLEET: readonly (readonly [host: string, day: string, sample: string])[] = [
  ['web-1', '2026-11-24', 'nginx-504/healthy'],
  ['web-1', '2026-11-25', 'nginx-504/healthy'],
  ['web-1', '2026-11-26', 'nginx-504'],
  ['web-2', '2026-11-24', 'dead-name-server/healthy'],
  ['web-2', '2026-11-25', 'dead-name-server/healthy'],
  ['web-2', '2026-11-26', 'dead-name-server'],
  ['web-3', '2026-11-24', 'php-sessions/healthy'],
  // Nobody looked on the 25th.
  ['web-3', '2026-11-26', 'php-sessions'],
  ['db-1', '2026-11-24', 'shared-lock'],
  ['db-1', '2026-11-25', 'shared-lock'],
  ['db-1', '2026-11-26', 'shared-lock'],
  ['db-2', '2026-11-26', 'shared-lock'],
];

/** When the faults of web-1 to web-3 began. */
export const CHANGE = '2026-11-26 00:00:00';
const { upstream, waits, workers } = JSON.parse(readFileSync(join(SAMPLES, 'nginx-504/truth.json'), 'utf8')) as {
  readonly upstream: string;
  readonly waits: readonly { readonly start: number; readonly end: number }[];
  readonly workers: readonly number[];
};
/** Whom the requests of `nginx-504` waited for, and how long the load driver saw them take, in milliseconds. */
export const UPSTREAM = {
  address: upstream,
  longestMs: Math.max(...waits.map(({ start, end }) => (end - start) * 1_000)),
};
/** Of the same server. */
export const WORKERS = workers.length;

/** Lays the archive of the fleet out in a folder, as `drover archive` does; gives all its rows. */
export async function layOut(folder: string): Promise<readonly ArchiveRow[]> {
  const reports = new Map<string, Report>();
  const all: ArchiveRow[] = [];
  for (const [host, day, sample] of FLEET) {
    const report = reports.get(sample) ?? (await analyzeFiles([join(SAMPLES, sample, 'trace.strace.gz')]));
    reports.set(sample, report);
    const rows = rowsOf(report, { host }).map((row) => onDay(row, day, `${host} ${day}`));
    mkdirSync(join(folder, `day=${day}`), { recursive: true });
    writeFileSync(join(folder, `day=${day}`, `${host}.${rows[0]?.capture}.ndjson`), renderJsonLines(rows));
    all.push(...rows);
  }
  return all;
}

/** The sample was recorded once, on some other day. */
function onDay(row: ArchiveRow, day: string, name: string): ArchiveRow {
  const moved = (time: string | null): string | null => (time === null ? null : `${day}${time.slice(10)}`);
  const capture = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return { ...row, day, capture, start_time: moved(row.start_time), end_time: moved(row.end_time) };
}

/** A sample as the bytes of its trace. */
export function traceOf(sample: string): Buffer {
  return gunzipSync(readFileSync(join(SAMPLES, sample, 'trace.strace.gz')));
}
