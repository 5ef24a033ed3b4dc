import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where scenes of real servers stand: a capture and what was seen from outside of it in each folder. */
export const SCENES = join(import.meta.dirname, '../../../samples/servers');

/** One load and how its clients fared, by their own clocks. */
interface Load {
  readonly label: string;
  readonly asks: string;
  readonly requests: number;
  /** How many requests ended how: an HTTP status, `left`, `stream`, the name of an error. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  /** Those of 50 ms and more, the 40 slowest. */
  readonly slow: readonly { readonly at: number; readonly ms: number; readonly outcome?: string }[];
}

/** What somebody did to the server, from and to in seconds since 1970. */
export type Act =
  | { readonly act: 'exhaust'; readonly workers: number; readonly upstream: string; readonly upstreamMs: number }
  | { readonly act: 'wait'; readonly upstream: string; readonly upstreamMs: number }
  | { readonly act: 'queue'; readonly connections: number; readonly upstream: string; readonly upstreamMs: number }
  | { readonly act: 'keep'; readonly workers: number }
  | { readonly act: 'limit'; readonly connections: number }
  | { readonly act: 'stop'; readonly pid: number; readonly sender: number; readonly from: number; readonly to: number }
  | { readonly act: 'quota'; readonly pid: number; readonly periodMs: number; readonly throttledMs: number }
  | { readonly act: 'clock-step'; readonly seconds: number; readonly at: number }
  | { readonly act: 'reload'; readonly pid: number; readonly signal: string; readonly at: number }
  | { readonly act: 'fill-disk' }
  | { readonly act: 'row-lock' }
  | { readonly act: 'refuse'; readonly what: 'client' | 'command'; readonly code: string }
  | { readonly act: 'lock'; readonly clients: number; readonly heldMs: number }
  | { readonly act: 'deaf-name-server'; readonly server: string };

/** What the clients, the kernel and the recorder saw of a scene. See samples/servers/README.md. */
export interface ServerTruth {
  readonly scene: string;
  readonly server: string;
  readonly command: string;
  readonly recording: { readonly capture: 'attached' | 'started'; readonly options: string };
  readonly requests: number;
  readonly connections: number;
  /** Requests whose client left before the answer. */
  readonly left: number;
  readonly slowestMs: number;
  /** Processes that serve; of a reload those before and those after. */
  readonly workers: readonly number[];
  readonly processes: readonly { readonly pid: number; readonly tids?: readonly number[] }[];
  readonly acts: readonly Act[];
  readonly load: readonly Load[];
}

export interface Scene {
  readonly name: string;
  readonly trace: string;
  readonly truth: ServerTruth;
}

/** Every scene that was kept, by name. */
export function scenes(): Scene[] {
  return readdirSync(SCENES)
    .filter((name) => existsSync(join(SCENES, name, 'truth.json')))
    .sort()
    .map((name) => ({
      name,
      trace: join(SCENES, name, 'trace.strace.gz'),
      truth: JSON.parse(readFileSync(join(SCENES, name, 'truth.json'), 'utf8')) as ServerTruth,
    }));
}

/** Whether nothing happened to the server that its clients could feel. */
export function isHealthy({ acts, left, load }: ServerTruth): boolean {
  return (
    left === 0 &&
    acts.every(({ act }) => act === 'reload' || act === 'wait') &&
    load.every(({ label, slowestMs }) => label === 'behind' || slowestMs < 500)
  );
}

/** Requests without an answer whose client did not leave: the connection broke. */
export function brokenOf({ load }: ServerTruth): number {
  const broken = load.flatMap(({ outcomes }) => Object.entries(outcomes).filter(([outcome]) => /Error$/.test(outcome)));
  return broken.reduce((sum, [, count]) => sum + count, 0);
}

/** Requests that were seen twice, each on a connection of its own: a traced server passed them on to another one. */
export function passedOn({ server, load }: ServerTruth): number {
  if (!server.includes('before php-fpm')) return 0;
  return load.filter(({ asks }) => asks.endsWith('.php')).reduce((sum, { requests }) => sum + requests, 0);
}

/** Whether what clients say cannot be read in the capture. */
export function isEncrypted(truth: ServerTruth): boolean {
  return truth.scene.includes('tls');
}

/** Whether the tracer was told to name descriptors. */
export function hasNames({ recording }: ServerTruth): boolean {
  return / -y+ /.test(recording.options);
}

/** Whether its clients were there before the tracer, which shows no accept. */
export function hasOldClients({ scene }: ServerTruth): boolean {
  return scene.includes('-sessions-');
}

/** Whether it takes its jobs from a broker, and accepts nobody. */
export function takesJobs({ server }: ServerTruth): boolean {
  return /^(?:celery|sidekiq)/.test(server);
}

/** Whether clients of this server speak a protocol whose requests are counted as its clients count them. */
export function countsRequests(truth: ServerTruth): boolean {
  return !truth.server.startsWith('PostgreSQL') && !takesJobs(truth);
}
