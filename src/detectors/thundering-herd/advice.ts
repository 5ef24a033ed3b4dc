import type { Step } from '../finding.ts';

const CHECK: Step = { text: 'Check on the host that one listening socket is shared by all workers.', command: 'ss -ltnp', needs: 'root, to see the pids' };

const REUSE_PORT_CAVEAT =
  'Each worker then has a queue of its own: connections queued on a worker that stalls wait although others are idle, and those queued on a worker that exits are reset unless net.ipv4.tcp_migrate_req=1 (Linux 5.14 or later). It does not work with a unix socket.';

/** A queue for each worker would strand connections on a worker that stalls (semantics 0.11), so that advice waits. */
export const WHILE_STALLED: readonly Step[] = [
  { text: 'Fix the stalls in this report first. Queues of their own (SO_REUSEPORT) would leave connections waiting on a stalled worker although others are idle.' },
  { text: 'Then record again: a herd alone is cheap at this rate.' },
  CHECK,
];

/** What helps against a herd on this server software (semantics section 6). `server` is '' when the trace does not name it. */
export function herdAdvice(server: string, sharePercent: string): Step[] {
  return [...serverAdvice(server), { text: `Or leave it: at this rate the wasted wake-ups are estimated to cost ${sharePercent} of one core untraced. Keep-alive connections from the proxy make accepts rarer.` }, CHECK];
}

function serverAdvice(server: string): Step[] {
  if (server.startsWith('gunicorn')) {
    return [
      {
        text: 'Try --reuse-port on one host, then record again and compare.',
        command: 'gunicorn --reuse-port …',
        needs: 'gunicorn 24.0.0 or later; up to 23.0.0 the flag is set on one socket that all workers inherit, without effect',
        caveat: REUSE_PORT_CAVEAT,
      },
    ];
  }
  if (server === 'uWSGI') {
    return [
      {
        text: 'Start uWSGI with --thunder-lock, which lets one worker at a time wait for a connection.',
        command: 'uwsgi --thunder-lock …',
        caveat: 'It has no effect with the gevent or asyncio loop plugins.',
      },
    ];
  }
  if (server === 'nginx') {
    return [
      {
        text: 'Find out why EPOLLEXCLUSIVE is not in use: nginx sets it by itself.',
        command: 'nginx -v',
        needs: 'nginx 1.11.3 and Linux 4.5 or later',
        caveat: 'Do not switch accept_mutex on: it delays accepts instead.',
      },
    ];
  }
  if (server === 'unicorn') return [{ text: 'Upgrade unicorn: releases after 6.0 register the listener with EPOLLEXCLUSIVE.', needs: 'unicorn later than 6.0, Linux 4.5 or later' }];
  if (server === 'puma') return [{ text: 'Leave wait_for_less_busy_worker on, or let systemd open one socket a worker (ReusePort=true).', needs: 'puma 5 or later', caveat: REUSE_PORT_CAVEAT }];
  if (server === 'HAProxy') return [{ text: 'Give each thread its own queue with "shards by-thread" on the bind line.', needs: 'HAProxy 2.5 or later' }];
  if (server === 'node') return [{ text: 'Use the default scheduling of the cluster module, SCHED_RR.', caveat: 'The primary process then accepts every connection.' }];
  if (server === 'uvicorn') {
    return [{ text: 'Run one uvicorn a port behind the proxy, or gunicorn with its asgi worker and --reuse-port.', needs: 'gunicorn 24.0.0 or later', caveat: REUSE_PORT_CAVEAT }];
  }
  return [
    {
      text: 'Register the listener with EPOLLEXCLUSIVE, or open one socket a worker with SO_REUSEPORT.',
      needs: 'Linux 4.5 or later for EPOLLEXCLUSIVE; set at EPOLL_CTL_ADD, it cannot be modified',
      caveat: `EPOLLEXCLUSIVE hands most connections to the worker that registered first. With SO_REUSEPORT: ${REUSE_PORT_CAVEAT}`,
    },
  ];
}
