import { percent } from '../../trace/format-numbers.ts';
import { CHECK, OWN_QUEUES } from '../accept-queues/advice.ts';
import { type DraftStep, ofCause, type Severity, type Step } from '../finding.ts';

const CHECK_UNIX: Step = { ...CHECK, command: 'ss -lxp' };

/** A herd that is no warning and costs less than this share of a core at ten times its rate is left alone first. */
const CHEAP = 0.05;

/** A queue for each worker would strand connections on a worker that stalls, so that advice waits. */
export const WHILE_STALLED: readonly DraftStep[] = [
  ofCause({ text: 'Change nothing in how connections are shared while workers stall.' }),
  {
    text:
      'Then record again. Do not set SO_REUSEPORT before: each worker then has a queue of its own, and connections ' +
      'wait for a stalled worker while others are idle.',
  },
  CHECK,
];

/** The figures of this capture are a bound; the kernel's own count is not. */
export function recount(pid: number): Step {
  return {
    text: 'Count the wake-ups in the kernel itself, without a tracer that slows the winner.',
    command: `drover attach ${pid} --engine bpftrace --program exact`,
    needs: 'root and bpftrace, while the herd goes on',
  };
}

export interface Herd {
  readonly severity: Severity;
  /** '' when the trace does not name it. */
  readonly server: string;
  /** The listener is a unix socket. */
  readonly isUnix: boolean;
  /** Estimated share of a core without a tracer; null without times. */
  readonly cores: number | null;
}

/** What helps against this herd, the cheapest thing first. */
export function herdAdvice({ severity, server, isUnix, cores }: Herd): Step[] {
  const cure = cureOf(server, isUnix);
  const check = isUnix ? CHECK_UNIX : CHECK;
  if (cores === null || severity !== 'info' || cores * 10 >= CHEAP)
    return [
      cure,
      { text: 'Let the proxy keep its connections to the workers open: fewer accepts, fewer wake-ups.' },
      check,
    ];
  return [
    {
      text: `Change nothing yet: at this rate the herd costs ${percent(cores)} of one core.`,
      caveat:
        'This is an estimate and no measurement: the wake-ups seen, with 20 µs each (5 µs for servers written in C).',
    },
    { ...cure, text: `If you expect many more connections: ${cure.text.charAt(0).toLowerCase()}${cure.text.slice(1)}` },
    check,
  ];
}

function cureOf(server: string, isUnix: boolean): Step {
  if (server.startsWith('gunicorn')) return isUnix ? GUNICORN_UNIX : GUNICORN;
  return CURES[server] ?? OTHER;
}

const GUNICORN: Step = {
  text: 'Try --reuse-port on one host, then record again and compare.',
  command: 'gunicorn --reuse-port MODULE:APP',
  needs:
    'gunicorn 24.0.0 or later; up to 23.0.0 the flag is set on one socket that all workers inherit, without effect',
  caveat: OWN_QUEUES,
};

const GUNICORN_UNIX: Step = {
  text:
    'Bind to a TCP port of 127.0.0.1 with --reuse-port on one host, then record again and compare: with a unix ' +
    'socket gunicorn has no cure, and --reuse-port keeps it from starting.',
  command: 'gunicorn --bind 127.0.0.1:PORT --reuse-port MODULE:APP',
  needs: 'gunicorn 24.0.0 or later',
  caveat: OWN_QUEUES,
};

const CURES: Readonly<Record<string, Step>> = {
  uWSGI: {
    text: 'Start uWSGI with --thunder-lock, which lets one worker at a time wait for a connection.',
    command: 'uwsgi --thunder-lock --ini FILE',
    caveat: 'It has no effect with the gevent or asyncio loop plugins.',
  },
  nginx: {
    text: 'Find out why EPOLLEXCLUSIVE is not in use: nginx sets it by itself.',
    command: 'nginx -v',
    needs: 'nginx 1.11.3 and Linux 4.5 or later',
    caveat: 'Do not switch accept_mutex on: it delays accepts instead.',
  },
  unicorn: {
    text: 'Upgrade unicorn: releases after 6.0 register the listener with EPOLLEXCLUSIVE.',
    needs: 'unicorn later than 6.0, Linux 4.5 or later',
  },
  puma: {
    text: 'Let systemd open one socket a worker (ReusePort=true), and leave wait_for_less_busy_worker on.',
    needs: 'puma 5 or later',
    caveat: OWN_QUEUES,
  },
  HAProxy: {
    text: 'Give each thread its own queue with "shards by-thread" on the bind line.',
    needs: 'HAProxy 2.5 or later',
  },
  node: {
    text: 'Use the default scheduling of the cluster module, SCHED_RR.',
    caveat: 'The primary process then accepts every connection.',
  },
  uvicorn: {
    text:
      "Run gunicorn's own asgi worker with --reuse-port instead, or one uvicorn a port where the proxy can " +
      'balance over several ports.',
    needs: 'gunicorn 24.0.0 or later; no uvicorn release opens a socket a worker',
    caveat: OWN_QUEUES,
  },
};

const OTHER: Step = {
  text:
    'Register the listener with EPOLLEXCLUSIVE if the server is your own code; take one SO_REUSEPORT socket a ' +
    'worker instead where connections must be spread evenly.',
  needs: 'Linux 4.5 or later for EPOLLEXCLUSIVE; it is set at EPOLL_CTL_ADD and cannot be modified',
  caveat:
    'EPOLLEXCLUSIVE hands most connections to the worker that registered first. SO_REUSEPORT does not work ' +
    `with a unix socket. ${OWN_QUEUES}`,
};
