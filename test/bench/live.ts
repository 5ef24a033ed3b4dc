import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { PROGRAM_NAMES } from '../../src/sources/bpftrace/program.ts';
import { readOrEmpty } from '../../src/sources/live/process-facts.ts';
import { LiveDrover } from '../support/live-drover.ts';
import { LiveServer } from '../support/live-server.ts';
import { hasTool } from '../support/needs-tool.ts';

/** What one window of load gave. */
interface Window {
  readonly perSecond: number;
  /** CPU time of the workers, microseconds a request: it holds where the machine is busy with other things. */
  readonly cpu: number;
  /** What drover says that tracing cost, percent of one CPU; NaN where it does not trace. */
  readonly cost: number;
  /** Milliseconds. */
  readonly p99: number;
  /** Events a second that drover read, and those that the tracer lost, of all. */
  readonly events: number;
  readonly lost: number;
}

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    workers: { type: 'string', default: '2' },
    connections: { type: 'string', default: '16' },
    collector: { type: 'string', multiple: true, default: [...PROGRAM_NAMES, 'strace'] },
  },
});
/** Linux shows processor times in hundredths of a second. */
const TICK_US = 10_000;
const rounds = Number(flags.rounds);
const seconds = Number(flags.seconds);
const folder = mkdtempSync(join(tmpdir(), 'drover-bench-'));
if (!hasTool('wrk')) throw new Error('bench:live needs wrk (apt install wrk)');

const server = await LiveServer.start({ workers: Number(flags.workers) });
const windows = new Map<string, Window[]>([
  ['untraced', []],
  ...flags.collector.map((collector) => [collector, []] as [string, Window[]]),
]);
try {
  await load(1);
  for (let round = 0; round < rounds; round++) {
    // Interleaved, and untraced before and after each: what else the machine does meets all of them alike.
    for (const collector of flags.collector) {
      windows.get('untraced')?.push(await load(seconds));
      windows.get(collector)?.push(await traced(collector));
    }
  }
  windows.get('untraced')?.push(await load(seconds));
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
print();

/** Requests of new connections against the server, as fast as it answers. */
async function load(forSeconds: number): Promise<Window> {
  const words = [
    '-t1',
    `-c${flags.connections}`,
    `-d${forSeconds}s`,
    '--latency',
    '-H',
    'Connection: close',
    `http://127.0.0.1:${server.port}/`,
  ];
  const before = workerTime();
  const child = spawn('wrk', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (part) => {
    text += part;
  });
  await new Promise((resolve) => child.once('close', resolve));
  const [, p99 = '0', unit = 'ms'] = /99%\s+([\d.]+)(us|ms|s)/.exec(text) ?? [];
  const factor = { us: 0.001, ms: 1, s: 1_000 }[unit] ?? 1;
  const requests = Number(/(\d+) requests in/.exec(text)?.[1] ?? 0);
  return {
    cpu: (workerTime() - before) / Math.max(1, requests),
    cost: Number.NaN,
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? 0),
    p99: Number(p99) * factor,
    events: 0,
    lost: 0,
  };
}

/** Processor time of the workers so far, microseconds. */
function workerTime(): number {
  return server.workers.reduce((sum, pid) => {
    const stat = readOrEmpty(`/proc/${pid}/stat`);
    const [user = '0', system = '0'] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return sum + (Number(user) + Number(system)) * TICK_US;
  }, 0);
}

/** The same while drover is attached with strace or a program of bpftrace; it detaches when the load is over. */
async function traced(collector: string): Promise<Window> {
  const how =
    collector === 'strace' || collector === 'watch'
      ? ['--engine', collector]
      : ['--engine', 'bpftrace', '--program', collector];
  const words = [
    'attach',
    String(server.master),
    ...how,
    '--for',
    `${seconds + 20}s`,
    '--spool',
    folder,
    '--max-spool',
    '4G',
    '--json',
  ];
  const drover = await LiveDrover.start(words);
  // Probes are put in place one after the other.
  await pause(500);
  const started = performance.now();
  const window = await load(seconds);
  drover.signal('SIGINT');
  await drover.ended;
  const elapsed = (performance.now() - started) / 1_000;
  const { quality, cost } = JSON.parse(drover.stdout);
  const all = quality.events + quality.lostEvents;
  return {
    ...window,
    cost: cost?.percent ?? Number.NaN,
    events: quality.events / elapsed,
    lost: all === 0 ? 0 : quality.lostEvents / all,
  };
}

function print(): void {
  const untraced = middle(windows.get('untraced') ?? [], ({ perSecond }) => perSecond);
  const untracedCpu = middle(windows.get('untraced') ?? [], ({ cpu }) => cpu);
  console.log(
    `gunicorn -k gevent -w ${flags.workers}, wrk -c${flags.connections} with a connection a request, ${seconds} ` +
      `s a window, ${rounds} rounds\n`,
  );
  console.log(
    `${''.padEnd(12)}${['us CPU/req', 'ratio', 'requests/s', 'ratio', 'p99', 'events/s', 'lost', 'cost'].map((title) => title.padStart(12)).join('')}`,
  );
  for (const [collector, measured] of windows) {
    const showsEvents = measured.some(({ events }) => events > 0);
    const rate = middle(measured, ({ perSecond }) => perSecond);
    const cpu = middle(measured, (window) => window.cpu);
    const cost = middle(measured, (window) => window.cost);
    const cells = [
      cpu.toFixed(1),
      (cpu / untracedCpu).toFixed(2),
      rate.toFixed(0),
      (rate / untraced).toFixed(2),
      `${middle(measured, ({ p99 }) => p99).toFixed(1)} ms`,
      showsEvents ? middle(measured, ({ events }) => events).toFixed(0) : '-',
      showsEvents ? `${(100 * middle(measured, ({ lost }) => lost)).toFixed(1)} %` : '-',
      Number.isNaN(cost) ? '-' : `${cost.toFixed(1)} %`,
    ];
    console.log(`${collector.padEnd(12)}${cells.map((cell) => cell.padStart(12)).join('')}`);
  }
}

function middle(measured: readonly Window[], of: (window: Window) => number): number {
  const sorted = measured.map(of).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
