import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readParents, readProcess } from '../../src/sources/live/process-facts.ts';

/** The application and the terminal of the live tests; sources, since Python is not compiled. */
export const LIVE_FOLDER = fileURLToPath(new URL('../../../test/live/server/', import.meta.url));

const TRACERS = new Set(['setpriv', 'timeout', 'prlimit', 'strace', 'bpftrace']);

interface ServerOptions {
  readonly workers?: number;
  /** Of gunicorn's kinds. */
  readonly kind?: 'gevent' | 'gthread' | 'sync';
  readonly inside?: boolean;
  /** More of gunicorn's options. */
  readonly options?: readonly string[];
}

/** A real gunicorn, as a rule with gevent workers, that share a listener. */
export class LiveServer {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #isInside: boolean;

  private constructor(child: ChildProcess, port: number, isInside: boolean) {
    this.#child = child;
    this.port = port;
    this.#isInside = isInside;
  }

  /** `inside` a pid namespace of its own, as in a container. */
  static async start({
    workers = 3,
    kind = 'gevent',
    inside = false,
    options = [],
  }: ServerOptions = {}): Promise<LiveServer> {
    const port = await freePort();
    // It ends with the test, also when that is killed.
    const words = [
      '--pdeathsig',
      'TERM',
      ...(inside ? ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] : []),
      'gunicorn',
      '-k',
      kind,
      '-w',
      String(workers),
      '-b',
      `127.0.0.1:${port}`,
      '--log-level',
      'critical',
      ...options,
      'app:application',
    ];
    const child = spawn('setpriv', words, {
      cwd: LIVE_FOLDER,
      stdio: 'ignore',
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    const server = new LiveServer(child, port, inside);
    await until('all workers to serve', () => server.workers.length === workers);
    await until('an answer', async () => (await server.get('/')) !== null);
    return server;
  }

  get master(): number {
    const pid = this.#child.pid ?? 0;
    return this.#isInside ? (childrenOf(pid)[0] ?? 0) : pid;
  }

  get workers(): number[] {
    return childrenOf(this.master);
  }

  get pids(): number[] {
    return [this.master, ...this.workers];
  }

  /** The reply, or null when there is none within two seconds. */
  get(path: string): Promise<string | null> {
    return requestFrom(this.port, path);
  }

  /** Asks and leaves before the answer. */
  async leave(path: string, afterMs: number): Promise<void> {
    const socket = request(this.port, path);
    socket.on('error', () => undefined);
    await pause(afterMs);
    socket.destroy();
  }

  /** Answers a second with two clients that ask without a pause. */
  async rate(ms: number): Promise<number> {
    const started = performance.now();
    let answers = 0;
    const client = async (): Promise<void> => {
      while (performance.now() - started < ms) if ((await this.get('/')) !== null) answers++;
    };
    await Promise.all([client(), client()]);
    return answers / ((performance.now() - started) / 1_000);
  }

  /** Asks so often a second, whatever becomes of it, until stopped. */
  load(perSecond: number): { stop(): void } {
    const timer = setInterval(() => void this.get('/'), 1_000 / perSecond);
    return { stop: () => clearInterval(timer) };
  }

  /** Waits until nobody traces or stops any of its processes, and it answers as quickly as it did before. */
  async recovers(rateBefore: number, withinMs = 5_000): Promise<void> {
    await until('every process to run untraced', () => this.pids.every(isFree), withinMs);
    let best = 0;
    // The machine is shared: the best of several looks is what the server can do.
    for (let look = 0; look < 12 && best < rateBefore / 2; look++) best = Math.max(best, await this.rate(400));
    assert.ok(best >= rateBefore / 2, `${best.toFixed(0)} answers/s, ${rateBefore.toFixed(0)} before`);
    assert.ok(this.pids.every(isFree));
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    const { master } = this;
    if (master > 0) process.kill(master, 'SIGTERM');
    const force = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(force);
  }
}

/** The reply of a server on this host, or null when there is none within two seconds. */
export function requestFrom(port: number, path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = request(port, path);
    let reply = '';
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on('data', (part) => {
      reply += part.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(reply.includes('200 OK') ? reply : null));
  });
}

function childrenOf(parent: number): number[] {
  return parent === 0 ? [] : [...readParents()].filter(([, other]) => other === parent).map(([pid]) => pid);
}

function isFree(pid: number): boolean {
  const facts = readProcess(pid);
  return facts === null || (facts.tracer === 0 && facts.state !== 't' && facts.state !== 'T');
}

/** Processes whose command line holds the word: tracers that were left behind. */
export function processesWith(word: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(word) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** Tracers and their guards at work for a drover that spools below this folder: what they write to is open. */
export function tracersIn(folder: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || !TRACERS.has(readProcess(Number(name))?.name ?? '')) return [];
    try {
      const links = readdirSync(`/proc/${name}/fd`).map((descriptor) => readlinkSync(`/proc/${name}/fd/${descriptor}`));
      return links.some((link) => link.startsWith(`${folder}/`)) ? [Number(name)] : [];
    } catch {
      // It ended, or closed a file, between two looks.
      return [];
    }
  });
}

/** Asks again and again until it is so. Fails by name. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, `waited ${withinMs} ms for ${what}`);
    await pause(20);
  }
}

function request(port: number, path: string): Socket {
  const socket = new Socket();
  socket.connect(port, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: live\r\nConnection: close\r\n\r\n`);
  return socket;
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}

/** Asks until every worker is away from its loop. */
export async function occupyAll(server: LiveServer, path: string): Promise<void> {
  await until(
    'all workers to be away',
    async () => {
      void server.get(path);
      await pause(200);
      return (await Promise.race([server.get('/'), pause(700).then(() => null)])) === null;
    },
    20_000,
  );
}
