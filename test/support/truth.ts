import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { TimePoint } from '../../src/analysis/options.ts';
import type { Kind } from '../../src/detectors/registry.ts';

/** What the application and the load driver of a sample measured; times in epoch seconds. See samples/README.md. */
export interface Truth {
  readonly workers: readonly number[];
  readonly window: { readonly from: number; readonly to: number };
  readonly expect: { readonly found: readonly Kind[]; readonly quiet: readonly Kind[] };
  readonly connections: number;
  readonly accepts: Readonly<Record<string, number>>;
  readonly acceptedBy?: string;
  readonly stalls: readonly {
    readonly pid: number;
    readonly start: number;
    readonly end: number;
    readonly cause: string;
    readonly request: string;
  }[];
  readonly serviceStalls: readonly { readonly start: number; readonly end: number }[];
  readonly brokenPipes: readonly {
    readonly pid: number;
    readonly request: string;
    readonly failedAt: number;
    readonly errno: string;
    readonly target: string;
    readonly connectedAt?: number;
    readonly behind?: string | null;
  }[];
  readonly retries: readonly { readonly request: string; readonly firstAt: number; readonly againAt: number }[];
  readonly loads?: readonly {
    readonly pid: number;
    readonly start: number;
    readonly end: number;
    readonly modules: number;
    readonly privateBytes: number;
  }[];
  readonly gcIo?: readonly { readonly pid: number; readonly start: number; readonly end: number }[];
  readonly backlog?: number;
  readonly lateConnects?: readonly number[];
  readonly victims?: readonly { readonly start: number; readonly end: number }[];
  readonly waitedWhileOthersIdled?: number;
  readonly spins?: readonly { readonly pid: number; readonly start: number; readonly end: number }[];
  readonly epollChanges?: number;
  readonly lockWaits?: readonly {
    readonly pid: number;
    readonly start: number;
    readonly end: number;
    readonly lock: string;
  }[];
  readonly questions?: { readonly silent: number; readonly noSuchName: number; readonly answered: number };
  readonly descriptors?: readonly {
    readonly pid: number;
    readonly before: { readonly sockets: number; readonly files: number };
    readonly after: { readonly sockets: number; readonly files: number };
  }[];
  readonly stuck?: readonly StuckThread[];
  readonly idle?: readonly IdleThread[];
  readonly openStall?: boolean;
  readonly query?: string;
  /** Of workers that serve one request at a time: when each was in which. */
  readonly requests?: readonly {
    readonly pid: number;
    readonly start: number;
    readonly end: number;
    readonly request: string;
  }[];
  /** Whom requests wait for. */
  readonly upstream?: string;
}

/** A descriptor, and what `readlink /proc/PID/fd/N` says of it. */
interface Descriptor {
  readonly fd: number;
  readonly is: string | null;
}

/** Who hung before the capture began, and until after its end. Thread and call are null where no thread waits (Go). */
export interface StuckThread {
  readonly pid: number;
  readonly tid: number | null;
  readonly call: string | null;
  readonly kind: 'upstream' | 'database' | 'file-lock' | 'lock' | 'pipe' | 'row-lock' | 'client';
  /** An address, a path, or what the lock is called. */
  readonly target: string;
  readonly descriptor: Descriptor | null;
  /** Of a futex: its address. */
  readonly word?: string;
  readonly since: number;
  readonly hasTimeout: boolean;
  /** False where the capture shows nothing that it would not show of an idle thread. */
  readonly shown: boolean;
}

/** Any other thread of the server, and what the kernel said that it was in. */
export interface IdleThread {
  readonly pid: number;
  readonly tid: number;
  readonly call: string | null;
  readonly descriptor: Descriptor | null;
}

export interface Sample {
  readonly name: string;
  readonly trace: string;
  readonly truth: Truth;
}

const ROOT = join(import.meta.dirname, '../../../samples');

/** What captures are called, by the tracer that made them. */
const TRACES = ['trace.strace.gz', 'trace.bpftrace.gz'];

/**
 * Every folder under samples/ that holds a capture and its truth. The scenes of samples/servers have a truth of their
 * own shape, and a test of their own.
 */
export function samples(): readonly Sample[] {
  known ??= samplesBelow(ROOT);
  return known;
}

let known: readonly Sample[] | null = null;

function samplesBelow(folder: string): Sample[] {
  if (folder === join(ROOT, 'servers')) return [];
  const found: Sample[] = [];
  const trace = TRACES.map((name) => join(folder, name)).find((path) => existsSync(path)) ?? '';
  const truth = join(folder, 'truth.json');
  if (trace !== '' && existsSync(truth))
    found.push({ name: relative(ROOT, folder), trace, truth: JSON.parse(readFileSync(truth, 'utf8')) as Truth });
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) found.push(...samplesBelow(join(folder, entry.name)));
  return found;
}

/** The sample of that name. */
export function sample(name: string): Sample {
  const found = samples().find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no sample ${name}`);
  return found;
}

export function epoch(seconds: number): TimePoint {
  const whole = Math.floor(seconds);
  return { kind: 'epoch', seconds: whole, nanoseconds: Math.round((seconds - whole) * 1e9) };
}
