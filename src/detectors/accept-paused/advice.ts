import type { Listener } from '../../model/machine/listener.ts';
import type { Model } from '../../model/model.ts';
import { portOf } from '../../trace/payload.ts';
import type { Step } from '../finding.ts';

const LIMITS: Readonly<Record<string, Step>> = {
  HAProxy: {
    text:
      'If there is room, raise maxconn: of the process (global), of the frontend, or of the listener. In the output ' +
      'CurrConns has reached Maxconn, or scur has reached slim.',
    command: 'echo "show info; show stat" | socat stdio /run/haproxy/admin.sock | grep -iE "conn|FRONTEND"',
    caveat: 'Each proxied connection takes two descriptors and some 32 kB; what stands behind must bear them all.',
  },
  lighttpd: {
    text: 'If there is room, raise server.max-connections (a third of server.max-fds unless set).',
    command: 'lighttpd -p -f /etc/lighttpd/lighttpd.conf | grep -E "max-(connections|fds)|keep-alive"',
    caveat: 'Each proxied connection takes two descriptors: raise server.max-fds with it.',
  },
  Apache: {
    text: 'If there is memory, raise MaxRequestWorkers, with ServerLimit. The error log tells when it is reached.',
    command: 'grep -c "MaxRequestWorkers" /var/log/apache2/error.log',
  },
  Go: {
    text: 'If there is room, raise the number given to netutil.LimitListener, or what else limits the accept loop.',
  },
  gunicorn: {
    text: 'If there is memory, raise --worker-connections, or start more workers.',
    caveat: 'Each connection then shares the worker with more others.',
  },
};

const ANY: Step = {
  text:
    'If there is room, raise the limit of connections. Its name differs: maxconn, max-connections, ' +
    'worker_connections, MaxRequestWorkers.',
};

/** What to do, for the server that stopped accepting. */
export function nextFor({ name }: Listener, pids: readonly number[], model: Model): readonly Step[] {
  const number = portOf(name);
  const port = number > 0 ? number : 'PORT';
  // The capture names the socket by its inode where it does not name the address.
  const inode = /socket:\[(\d+)\]/.exec(name)?.[1];
  const server = model.processes.all().find(({ pid }) => pids.includes(pid))?.server ?? '';
  const limit = Object.entries(LIMITS).find(([known]) => server.startsWith(known))?.[1];
  return [
    number <= 0 && inode !== undefined
      ? {
          text: 'If the server still runs, see how many connections wait in its queue: Recv-Q of the listener.',
          command: `ss -ltne | grep -w ino:${inode}`,
        }
      : {
          text: 'See how many connections wait in the queue (Recv-Q of the listener), and how many are open.',
          command: `ss -ltn "sport = :${port}"; ss -Htn state established "sport = :${port}" | wc -l`,
        },
    {
      text:
        'See why connections stay open: a slow service behind makes each request last longer, and clients that keep ' +
        'idle connections take slots for nothing. Mend that first; shorten the time for keep-alive.',
    },
    limit ?? ANY,
  ];
}
