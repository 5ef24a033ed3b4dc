import { count, decimals, plural } from '../../trace/format-numbers.ts';
import { type Row, row, spread, styled } from '../row.ts';
import type { DashboardState, LiveStatus } from '../state.ts';
import { HEAD_LABEL } from '../verdict-text.ts';

const MEGABYTE = 1_048_576;
/** Without a byte for this long the data are called stale. */
const STALE_MS = 3_000;
/** Processes are looked at once a second at least: what is known of how long they stay is up to two looks short. */
const LOOKS_MS = 2_000;

/** `LIVE gunicorn 8 processes   strace 42 s of 60 s   TRACED: workers slower`. */
export function liveSource(state: DashboardState, live: LiveStatus): Row {
  const told = state.report?.workers.find((worker) => worker.server !== '')?.server;
  // Before the analysis has a worker, or where calls name none: `python3 -m uvicorn`.
  const server = told ?? live.processes?.find((each) => (each.server ?? '') !== '')?.server ?? '';
  const processes = plural(live.processes?.length || live.pids.length, 'process', 'processes');
  const who = server === '' ? processes : `${server}, ${processes}`;
  const seconds = (ms: number): string => `${Math.floor(ms / 1000)} s`;
  if (live.state === 'tracing') {
    const left = row(
      styled(' LIVE', 'warning'),
      `     ${who}   ${live.engine} ${seconds(live.elapsedMs)} of ${seconds(live.limitMs)}`,
    );
    return spread(
      left,
      row(styled(live.engine === 'strace' ? 'TRACED: workers slower ' : 'TRACED ', 'warning')),
      state.columns,
    );
  }
  const word = live.state === 'starting' ? 'STARTING' : live.state === 'detached' ? 'DETACHED' : 'ENDED';
  return row(styled(` ${word.padEnd(HEAD_LABEL - 1)}`, 'bold'), `${who}   ${live.notes.at(-1) ?? ''}`);
}

/** What the screen shows was so then. */
function behind({ behindBytes, behindMs }: LiveStatus): string {
  const late = behindMs < 1_000 ? '' : `, ${Math.floor(behindMs / 1_000)} s`;
  return `${decimals(behindBytes / MEGABYTE, 1)} MB${late} behind`;
}

/** The kernel shows every process where it was before the last data came: there are no calls to trace. */
function isStill({ processes = [], silentMs }: LiveStatus): boolean {
  return processes.length > 0 && processes.every(({ stayMs }) => stayMs >= silentMs - LOOKS_MS);
}

/** Lost, late and stale data said plainly, and how full the spool is. */
export function liveData(state: DashboardState, live: LiveStatus): Row {
  const isSilent = live.state === 'tracing' && live.silentMs > STALE_MS;
  const isStale = isSilent && !isStill(live);
  const silence = `${Math.floor(live.silentMs / 1000)} s`;
  const parts = [
    live.lost === 0 ? 'no event lost' : `${count(live.lost)} events LOST`,
    isSilent
      ? isStale
        ? `no data for ${silence} (tracer alive)`
        : `no call for ${silence}`
      : live.behindBytes > 0
        ? behind(live)
        : 'all read',
    ...(live.callsPerSecond === null ? [] : [`${count(Math.round(live.callsPerSecond))} calls/s`]),
    ...(live.costPercent == null || live.state !== 'tracing' ? [] : [`cost ${decimals(live.costPercent, 1)} %`]),
    `spool ${Math.floor(live.spoolBytes / MEGABYTE)} of ${Math.floor(live.spoolLimitBytes / MEGABYTE)} MB`,
  ];
  const word = isStale
    ? styled(' STALE', 'warning')
    : styled(' DATA', live.lost > 0 || live.behindBytes > 0 ? 'warning' : 'bold');
  return spread(row(word, ' '.repeat(HEAD_LABEL - word.text.length), parts.join('   ')), row(' D '), state.columns);
}
