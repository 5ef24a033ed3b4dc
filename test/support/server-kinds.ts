import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findFamily, hostView } from '../../src/sources/live/family.ts';
import { freePort, LIVE_FOLDER, requestFrom, until } from './live-server.ts';

/** How a kind of server is started and what makes it wait. */
interface Place {
  readonly port: number;
  /** Empty, and its own. */
  readonly folder: string;
}

export interface ServerKind {
  readonly name: string;
  /** Programs that it needs. */
  readonly needs: readonly string[];
  /** Requests that occupy all of it. */
  readonly slots: number;
  /** Its processes: master and workers. */
  readonly processes: number;
  /** What the report says first. */
  readonly verdict: RegExp;
  /** By which word a user would name it. */
  readonly word: (place: Place) => string;
  readonly command: (place: Place) => readonly [string, ...string[]];
  readonly environment?: (place: Place) => Readonly<Record<string, string>>;
  /** Something that it needs beside it. */
  readonly beside?: (place: Place) => readonly [string, ...string[]];
  /** Asks it for something that takes as long as the service at that port. */
  readonly ask: (place: Place, upstream: number) => void;
}

const atPort = ({ port }: Place): string => `:${port}`;
const overHttp = ({ port }: Place, upstream: number): void => void requestFrom(port, `/upstream?${upstream}`);
const gunicorn = (workerClass: string): ServerKind => ({
  name: `gunicorn ${workerClass}`,
  verdict: /Both workers are stuck in recvfrom on 127/,
  needs: ['gunicorn'],
  slots: 2,
  processes: 3,
  word: atPort,
  command: ({ port }) => [
    ...(['gunicorn', '-k', workerClass, '-w', '2', '-b', `127.0.0.1:${port}`, '--timeout', '90'] as const),
    ...['--log-level', 'critical', 'app:application'],
  ],
  ask: overHttp,
});

/** Servers of several workers, each as people run it. */
export const SERVER_KINDS: readonly ServerKind[] = [
  gunicorn('gevent'),
  gunicorn('sync'),
  {
    name: 'uvicorn',
    verdict: /Both workers are stuck in recvfrom on 127/,
    needs: ['uvicorn'],
    slots: 2,
    processes: 3,
    word: () => 'uvicorn',
    command: ({ port }) => [
      'uvicorn',
      '--port',
      `${port}`,
      '--workers',
      '2',
      '--log-level',
      'critical',
      'asgi:application',
    ],
    ask: overHttp,
  },
  {
    name: 'puma',
    verdict: /Both workers are stuck in (?:p?poll|read) on 127/,
    needs: ['puma'],
    slots: 4,
    processes: 3,
    word: () => 'puma',
    command: ({ port }) => [
      'puma',
      '-b',
      `tcp://127.0.0.1:${port}`,
      '-w',
      '2',
      '-t',
      '2:2',
      '-e',
      'production',
      'config.ru',
    ],
    ask: overHttp,
  },
  {
    name: 'node cluster',
    verdict: /Both workers are stuck in openat of \/\S/,
    needs: ['mkfifo'],
    slots: 2,
    processes: 3,
    word: atPort,
    // As a user types it: the workers are started with whole paths.
    command: ({ port, folder }) => ['node', 'cluster.cjs', `${port}`, '2', join(folder, 'pipe')],
    ask: overHttp,
  },
  {
    name: 'php-fpm',
    verdict: /Both workers are stuck in poll on 127/,
    needs: ['php-fpm8.2'],
    slots: 2,
    processes: 3,
    // The distribution may have started one of its own.
    word: atPort,
    command: ({ folder }) => ['php-fpm8.2', '-R', '-F', '-y', join(folder, 'fpm.conf')],
    ask: ({ port }, upstream) => askFastCgi(port, join(LIVE_FOLDER, 'page.php'), `${upstream}`),
  },
  {
    name: 'celery',
    verdict: /Both workers are stuck in recvfrom on 127/,
    needs: ['celery', 'redis-server'],
    slots: 2,
    processes: 3,
    word: () => 'celery',
    command: () => ['/usr/bin/python3', '-m', 'celery', '-A', 'tasks', 'worker', '-c', '2', '--loglevel', 'CRITICAL'],
    environment: ({ port }) => ({ BROKER: `redis://127.0.0.1:${port}/0` }),
    beside: ({ port, folder }) => [
      ...(['redis-server', '--port', `${port}`, '--bind', '127.0.0.1', '--save', ''] as const),
      ...['--appendonly', 'no', '--dir', folder],
    ],
    ask: ({ port }, upstream) => {
      const words = ['-c', `import tasks; tasks.figures.delay(${upstream})`];
      const env = { ...process.env, BROKER: `redis://127.0.0.1:${port}/0`, PYTHONDONTWRITEBYTECODE: '1' };
      spawn('/usr/bin/python3', words, { cwd: LIVE_FOLDER, stdio: 'ignore', env });
    },
  },
];

/** A server at work, with a service behind it that accepts and never answers. */
export class StuckServer {
  readonly kind: ServerKind;
  readonly place: Place;
  readonly #children: readonly ChildProcess[];
  readonly #upstream: Server;
  readonly #asked = new Set<Socket>();

  private constructor(kind: ServerKind, place: Place, children: readonly ChildProcess[], upstream: Server) {
    this.kind = kind;
    this.place = place;
    this.#children = children;
    this.#upstream = upstream;
    upstream.on('connection', (socket) => {
      this.#asked.add(socket);
      socket.on('error', () => undefined);
    });
  }

  /** `answersAfterMs`: how long its service takes; left out where that never answers. */
  static async start(kind: ServerKind, folder: string, answersAfterMs?: number): Promise<StuckServer> {
    const place = { port: await freePort(), folder };
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    writeFileSync(
      join(folder, 'fpm.conf'),
      `[global]\nerror_log = ${folder}/fpm.log\ndaemonize = no\n[www]\nuser = root\ngroup = root\n` +
        `listen = 127.0.0.1:${place.port}\npm = static\npm.max_children = 2\n`,
    );
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', C_FORCE_ROOT: '1', ...kind.environment?.(place) };
    const run = (command: readonly [string, ...string[]]): ChildProcess =>
      // It ends with the test, also when that is killed.
      spawn('setpriv', ['--pdeathsig', 'TERM', ...command], { cwd: LIVE_FOLDER, stdio: 'ignore', env, detached: true });
    const beside = kind.beside === undefined ? [] : [run(kind.beside(place))];
    const upstream = createServer((socket) => {
      if (answersAfterMs !== undefined) socket.once('data', () => setTimeout(() => socket.end('ok\n'), answersAfterMs));
    }).listen(0, '127.0.0.1');
    const server = new StuckServer(kind, place, [run(kind.command(place)), ...beside], upstream);
    await until(`${kind.name} to have its processes`, () => server.pids.length >= kind.processes, 20_000);
    await until(`${kind.name} to listen`, () => listens(place.port));
    return server;
  }

  get master(): number {
    return this.#children[0]?.pid ?? 0;
  }

  get pids(): number[] {
    return findFamily([this.master], hostView()).map(({ pid }) => pid);
  }

  /** Requests that wait for the service. */
  get stuck(): number {
    return this.#asked.size;
  }

  /** The reply of a server that speaks HTTP, or null. */
  get(path: string): Promise<string | null> {
    return requestFrom(this.place.port, path);
  }

  /** Asks a server that speaks HTTP, whatever becomes of it. */
  send(path: string): void {
    void this.get(`${path}?${this.upstreamPort}`);
  }

  get upstreamPort(): number {
    const address = this.#upstream.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /** Asks until all of it waits for a service that does not answer. */
  async occupy(): Promise<void> {
    const upstream = this.upstreamPort;
    const deadline = performance.now() + 30_000;
    while (this.stuck < this.kind.slots && performance.now() < deadline) {
      const before = this.stuck;
      this.kind.ask(this.place, upstream);
      for (let look = 0; look < 60 && this.stuck === before; look++) await pause(20);
    }
    await until('every request to wait', () => this.stuck >= this.kind.slots, 1_000);
    await pause(100);
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      const ended = new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(null)));
      try {
        // The whole group: its workers do not listen to anybody.
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // It ended a moment ago.
      }
      await ended;
    }
    for (const socket of this.#asked) socket.destroy();
    this.#upstream.close();
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new Socket();
    socket.once('error', () => resolve(false));
    socket.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** Asks for a page as nginx would, whatever becomes of it. */
function askFastCgi(port: number, script: string, query: string): void {
  sendFastCgi(port, script, query).on('error', () => undefined);
}

/** The time that the page took to come, in milliseconds. */
export function pageFromFastCgi(port: number, upstream: number): Promise<number> {
  const began = performance.now();
  const socket = sendFastCgi(port, join(LIVE_FOLDER, 'page.php'), `${upstream}`);
  socket.on('data', () => undefined);
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.once('close', () => resolve(performance.now() - began)));
}

function sendFastCgi(port: number, script: string, query: string): Socket {
  const record = (kind: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([1, kind, 0, 1, content.length >> 8, content.length & 0xff, 0, 0]), content]);
  // Tracers keep some 100 bytes: how long the path of this checkout is must not cut the request.
  const parameters = { REQUEST_METHOD: 'GET', REQUEST_URI: '/page.php', QUERY_STRING: query, SCRIPT_FILENAME: script };
  const pairs = Object.entries(parameters).map(([name, value]) =>
    Buffer.concat([Buffer.from([name.length, value.length]), Buffer.from(name + value)]),
  );
  const socket = new Socket();
  socket.connect(port, '127.0.0.1');
  socket.write(
    Buffer.concat([
      record(1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])),
      record(4, Buffer.concat(pairs)),
      record(4, Buffer.alloc(0)),
      record(5, Buffer.alloc(0)),
    ]),
  );
  return socket;
}
