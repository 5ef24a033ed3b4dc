import type { Refusal } from '../../trace/refusals.ts';
import type { Step } from '../finding.ts';
import { AFTER_FAILURE } from './advice-failures.ts';

const SESSIONS: Step = {
  text:
    'See what the sessions do. Count those that are idle in a transaction or wait for a lock; the oldest transaction ' +
    'holds the others, as a rule.',
  command:
    'sudo -u postgres psql -c "SELECT pid, state, wait_event_type, now() - xact_start AS age, ' +
    'pg_blocking_pids(pid), left(query, 60) FROM pg_stat_activity ORDER BY xact_start"',
  caveat: 'With all slots taken only a superuser gets in: superuser_reserved_connections keeps 3 slots for that.',
};

const END_IDLE: Step = {
  text:
    'End the session that holds the others. Then set idle_in_transaction_session_timeout and lock_timeout, and look ' +
    'for the code that leaves its transaction open.',
  command: 'sudo -u postgres psql -c "SELECT pg_terminate_backend(PID)"',
  caveat: 'Its transaction is rolled back.',
};

const POOL: Step = {
  text:
    'If the sessions are idle without a transaction, there are too many clients: give the pools of the applications ' +
    'fewer connections, or put PgBouncer in front. Raise max_connections last.',
  caveat: 'Each connection is a process with memory of its own (work_mem); a new limit needs a restart.',
};

const MYSQL_SESSIONS: Step = {
  text:
    'See what the sessions do, and which transaction is the oldest: a session in Sleep with an open transaction ' +
    'holds the others, as a rule.',
  command:
    'mysql -e "SHOW FULL PROCESSLIST; SELECT trx_mysql_thread_id, trx_started, trx_state, trx_query FROM ' +
    'information_schema.innodb_trx ORDER BY trx_started"',
  caveat: 'With all slots taken one account with SUPER (MariaDB: CONNECTION ADMIN) still gets in.',
};

const MYSQL_END: Step = {
  text: 'End the session that holds the others, then look for the code that leaves its transaction open.',
  command: 'mysql -e "KILL ID"',
  caveat: 'Its transaction is rolled back.',
};

const MYSQL_POOL: Step = {
  text:
    'If the sessions only sleep, there are too many clients: give the pools of the applications fewer connections, ' +
    'or lower wait_timeout. Raise max_connections last.',
  caveat: 'Each connection takes memory for its buffers.',
};

const BY_PROTOCOL: Readonly<Record<Refusal['protocol'], readonly Step[]>> = {
  PostgreSQL: [SESSIONS, END_IDLE, POOL],
  MySQL: [MYSQL_SESSIONS, MYSQL_END, MYSQL_POOL],
  Redis: [
    {
      text:
        'See who is connected, from where, and for how long each was idle; a client that leaks connections stands ' +
        'out.',
      command: 'redis-cli CLIENT LIST; redis-cli INFO clients; redis-cli CONFIG GET maxclients',
      caveat: 'With all slots taken redis-cli is refused as well: end one client first.',
    },
    {
      text:
        'Give each client a pool of few connections. Let redis close idle ones (timeout 300), and raise maxclients ' +
        'if all of them are needed.',
      command: 'redis-cli CONFIG SET timeout 300',
      caveat: 'maxclients needs as many descriptors (LimitNOFILE), and 32 more. Subscribers are never idle.',
    },
  ],
  memcached: [
    {
      text: 'See how many connections are open and how many were refused: curr_connections, rejected_connections.',
      command: 'echo stats | nc -q1 127.0.0.1 11211 | grep connections',
      caveat: 'With all slots taken this is refused as well: ss -tn "sport = :11211" counts from outside.',
    },
    { text: 'Give each client a pool of few connections, or start memcached with a higher limit (-c).' },
  ],
  HTTP: [
    {
      text:
        'See who answers 503. It may be this server (maxconn and timeout queue of haproxy, limit_conn of nginx, a ' +
        'backend that is marked as down), or one behind it. The log of haproxy says why: sQ for a queue that was too ' +
        'long, sC for a connect that failed.',
      command: 'echo "show stat" | socat stdio /run/haproxy/admin.sock | cut -d, -f1-8,14,18',
      needs: 'haproxy with a stats socket; else look at the log of the proxy',
    },
    {
      text:
        'Make what stands behind it faster, or give it more room. A longer queue makes clients wait longer and ' +
        'serves no more of them.',
    },
  ],
  nginx: [
    {
      text: 'See how many connections a worker has open: each proxied request takes two, each idle client one.',
      command: 'ss -tnp | grep -c nginx; nginx -T 2>/dev/null | grep -E "worker_(connections|rlimit_nofile)|keepalive"',
    },
    {
      text:
        'Raise worker_connections, with worker_rlimit_nofile at twice that. If upstream is slow, requests pile up in ' +
        'nginx: lower proxy_read_timeout, and make upstream faster.',
      command: 'nginx -t && nginx -s reload',
    },
  ],
};

const OTHER_REASONS: Readonly<Partial<Record<Refusal['reason'], readonly Step[]>>> = {
  user: [
    {
      text: 'See which account has how many connections, and raise its limit or close what leaks.',
      command: 'mysql -e "SELECT user, COUNT(*) FROM information_schema.processlist GROUP BY user"',
    },
  ],
  host: [
    {
      text: 'See why connections from that host failed (the error log), then let the host in again.',
      command: 'mysqladmin flush-hosts',
      caveat: 'A health check that connects and leaves counts as an error: let it log in, or raise max_connect_errors.',
    },
  ],
  thread: [
    {
      text: 'See the limits of threads and of memory: of the unit (TasksMax), of the user, of the machine.',
      command: 'cat /sys/fs/cgroup/system.slice/mariadb.service/pids.max; ulimit -u; free -m',
    },
  ],
  state: [
    {
      text: 'See what the server is at: its log says when recovery ends, or who shut it down.',
      command: 'pg_isready; journalctl -u postgresql -n 50',
    },
  ],
};

/** What to do, for the server that refuses and for its reason. */
export function nextFor({ protocol, reason }: Refusal): readonly Step[] {
  return (
    AFTER_FAILURE[`${protocol} ${reason}`] ?? AFTER_FAILURE[reason] ?? OTHER_REASONS[reason] ?? BY_PROTOCOL[protocol]
  );
}

export function whyOf({ protocol, reason, what }: Refusal): string {
  if (reason === 'state') return 'Until the server is ready, every client gets an error in place of a session.';
  if (what === 'statement' || what === 'command')
    return 'The client gets an error in place of a result. Many try again at once, which adds load.';
  if (protocol === 'HTTP' && reason === 'rate') return 'A client that gets 429 was not served, and should wait.';
  if (protocol === 'HTTP' && reason === 'failed')
    return 'A client that gets 500 gets an error in place of an answer, and as a rule a second try fails as well.';
  if (protocol === 'HTTP' && reason === 'behind')
    return 'The client gets an error of the proxy. The server behind it did not answer in time, or is gone.';
  if (protocol === 'HTTP')
    return 'A client that gets 503 was not served. Many clients try again at once, which adds load.';
  if (protocol === 'nginx')
    return 'nginx closes such a connection without a reply, or answers 500 where it has none left for upstream.';
  return (
    'A refused client gets an error in place of a session: its request fails, or it tries again and waits. More ' +
    'clients only make it worse until somebody lets go of a slot.'
  );
}
