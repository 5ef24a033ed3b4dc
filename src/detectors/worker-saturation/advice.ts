import type { Process } from '../../model/machine/process.ts';
import { endsOfPipe } from '../ask-there.ts';
import { type DraftStep, ofCause, type Step } from '../finding.ts';
import { seeCode } from '../see-code.ts';

/** Where the workers wait for each other. */
export const FIX_THE_LOCK = ofCause({
  text: 'See who holds the lock now: these workers wait for each other, and more workers would wait too.',
  command: 'lslocks -o PID,COMMAND,TYPE,MODE,BLOCKER,PATH',
});

/** Where they wait for names or for a disk. */
export const FIX_THE_WAIT = ofCause({
  text: 'See what the disk does: each sync keeps a worker busy.',
  command: 'iostat -x 1 3',
});

/** Why it hurts when workers that serve a request at a time are busy. */
export const WHY =
  'Such a worker serves one request at a time. While all are busy, further clients wait in the queue of the ' +
  'listener, where strace does not see them.';
/** The same of threads that requests are handed to. */
export const WHY_POOL =
  'A thread of a pool serves one request at a time. While all are busy, further requests wait for a free one, in ' +
  'the queue of the pool or in that of the listener.';

/** The same of workers of a queue. */
export const WHY_QUEUE =
  'Such a worker does one job at a time. While all are busy, further jobs wait in the queue, and whoever waits for ' +
  'their result waits longer.';
/** The same of threads that work for a loop. */
export const WHY_INNER_POOL =
  'The threads of such a pool do for a loop what would block it (files, names, computing). While all are busy, ' +
  'further work waits in the queue of the pool: the loop itself looks idle.';

/** What to do first; `wait`: what most of them were in, as `poll on 10.0.0.2:5432`, '' where that is not known. */
export function seeTheWork(process: Process, wait: string): DraftStep {
  return ofCause(
    seeCode(
      process,
      wait === ''
        ? 'See the code that keeps these workers busy.'
        : `See the code that is in ${wait}: a faster answer from there helps more than more workers do.`,
    ),
  );
}

/** What to do where they write into a pipe that nobody reads: more of them would wait there, too. */
export function emptyThePipe({ pid }: Process, fd: string): readonly DraftStep[] {
  return [
    ofCause({
      text:
        'The pipe is full: find the process that has its other end (a log collector, the container runtime, the ' +
        'program behind "|"), and see why it does not read. More workers would wait there, too.',
      ...endsOfPipe(pid, Number(fd)),
    }),
    SEE_THE_QUEUE,
  ];
}

const SEE_THE_QUEUE: Step = {
  text: 'See how many connections wait in the queue: Recv-Q of the listener.',
  command: 'ss -ltn',
};

/** What more workers cost. */
const COSTS = 'Each worker takes memory, and a connection to each database.';

/** More workers or threads, by the setting of the server; of one that is not known by those of several. */
function moreOfThem(setting: string): Step {
  return {
    text:
      `If they mostly wait, use more workers or threads (${setting}); if they mostly compute, more workers help only ` +
      'up to the number of cores.',
    caveat: COSTS,
  };
}

const MORE_OF_ANY = moreOfThem('--threads of gunicorn, -t of puma, pm.max_children of php-fpm');
/** The setting that says how many requests are served at a time. */
const SETTINGS: readonly (readonly [server: string, setting: string])[] = [
  ['gunicorn', '--workers, or --threads with the gthread worker'],
  ['uWSGI', 'processes, threads'],
  ['puma', '-w, -t'],
  ['unicorn', 'worker_processes'],
  ['php-fpm', 'pm.max_children'],
  ['Apache', 'MaxRequestWorkers'],
  ['waitress', '--threads'],
  ['Tomcat', 'maxThreads of the connector'],
];

/** What to do then where requests wait. */
export const NEXT: readonly Step[] = [MORE_OF_ANY, SEE_THE_QUEUE];

/** The same steps in the words of the server, such as `gunicorn gthread`. */
export function forServer(steps: readonly Step[], server: string): readonly Step[] {
  const [, setting] = SETTINGS.find(([name]) => server.startsWith(name)) ?? [];
  return setting === undefined ? steps : steps.map((each) => (each === MORE_OF_ANY ? moreOfThem(setting) : each));
}

/** What to do then where jobs wait. */
export const NEXT_QUEUE: readonly Step[] = [
  {
    text:
      'If they mostly wait, use more workers or threads (celery -c, sidekiq -c, more rq workers), and give long jobs ' +
      'a queue of their own. If they mostly compute, more workers help only up to the number of cores.',
    caveat: COSTS,
  },
  {
    text: 'See how many jobs wait: these are the lists of the default queues of celery, rq and sidekiq in Redis.',
    command: 'for q in celery rq:queue:default queue:default; do redis-cli LLEN $q; done',
    caveat: 'Queues of other names, and other brokers, have to be asked by name.',
  },
];

/** What to do then where work for a loop waits. */
export const NEXT_INNER_POOL: readonly Step[] = [
  {
    text:
      'Make the pool larger: UV_THREADPOOL_SIZE in the environment of node (4 unless told otherwise), max_workers of ' +
      'an executor. Give what blocks for long a time limit, or a pool of its own.',
    caveat: 'More threads that compute help only up to the number of cores.',
  },
];

/** What to do then where requests wait for a thread that their loop hands them to. */
export const NEXT_EXECUTOR: readonly Step[] = [
  {
    text:
      'Give what blocks long a time limit, or a pool of its own. Make the pool larger: max_workers of an executor ' +
      '(asyncio takes as many as cores and four more), the 40 tokens of anyio (Starlette, FastAPI), ' +
      'reactor.suggestThreadPoolSize of Twisted, the executor group of netty, the number of worker threads of node. ' +
      'Sync views of Django share one thread under ASGI: make them async.',
    caveat:
      'More threads that compute help up to the number of cores, and not at all in Python and Ruby, where they share ' +
      'one interpreter lock.',
  },
];

/** Why it hurts when connections that ask nothing hold all workers. */
export const WHY_HELD =
  'Such a worker belongs to one connection until that ends. While clients keep their connections open, they keep the ' +
  'workers as well, and other clients wait in the queue of the listener.';

/** What to do where connections that ask nothing hold all workers. */
export const NEXT_HELD: readonly Step[] = [
  {
    text:
      'End idle connections soon: KeepAliveTimeout 1 or 2 with Apache, keepalive_timeout of the server in use; or ' +
      'KeepAlive Off.',
    caveat: 'Clients then connect more often.',
  },
  {
    text:
      'Let another server keep the idle connections: the event MPM of Apache, or a proxy in front (nginx, haproxy) ' +
      'that opens one connection to the worker for each request.',
  },
  SEE_THE_QUEUE,
];
