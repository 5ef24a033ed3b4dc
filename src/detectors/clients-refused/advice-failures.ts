import type { Step } from '../finding.ts';

const LOCKS: Step = {
  text: 'See who holds the lock, and what it does: the oldest transaction holds the others, as a rule.',
  command:
    'sudo -u postgres psql -c "SELECT pid, state, now() - xact_start AS age, pg_blocking_pids(pid), left(query, 60) ' +
    'FROM pg_stat_activity ORDER BY xact_start"',
};

const MYSQL_LOCKS: Step = {
  text: 'See who holds the lock, and what it does: the oldest transaction holds the others, as a rule.',
  command:
    'mysql -e "SELECT trx_mysql_thread_id, trx_started, trx_state, trx_query FROM information_schema.innodb_trx ' +
    'ORDER BY trx_started"',
};

const SAME_ORDER: Step = {
  text:
    'Let all transactions lock their rows in one order (by key), and keep them short. Try the statement again after ' +
    'this error: it is made for that.',
};

/** What to do when answers say why something failed: by protocol and reason, or by reason alone. */
export const AFTER_FAILURE: Readonly<Partial<Record<string, readonly Step[]>>> = {
  rate: [
    {
      text:
        'See which clients ask so often, in the access log. If they should, raise the limit (rate and burst of ' +
        'limit_req in nginx).',
    },
  ],
  failed: [
    {
      text:
        'Read the error that the application logged for one of these requests: the proof has the times. A framework ' +
        'answers 500 where its code raised an exception that nobody caught.',
      command: 'journalctl -u SERVICE --since -10min | grep -iE "error|exception|traceback" | tail -50',
    },
    { text: 'See what was deployed or changed right before the first of them.' },
  ],
  behind: [
    {
      text: 'Read the error log of the proxy at that time: it names the server that did not answer, and the reason.',
    },
  ],
  'Redis memory': [
    {
      text: 'See how much memory is used, the limit, and what happens at the limit.',
      command: 'redis-cli INFO memory; redis-cli CONFIG GET maxmemory; redis-cli CONFIG GET maxmemory-policy',
    },
    {
      text: 'For a cache choose a policy that evicts (allkeys-lru). Else raise maxmemory, or find the keys that grow.',
      command: 'redis-cli --bigkeys',
      caveat: 'A policy that evicts loses data that nobody else has. --bigkeys reads all keys, at low speed.',
    },
  ],
  'Redis loading': [
    {
      text: 'Wait until it has loaded: the time that is left stands in loading_eta_seconds. Then see why it started.',
      command: 'redis-cli INFO persistence; redis-cli INFO server | grep uptime',
    },
  ],
  'Redis snapshot': [
    {
      text: 'See why the snapshot failed: a full disk, no right to write there, or no memory to fork. The log says it.',
      command: 'redis-cli INFO persistence | grep -E "bgsave|aof"; redis-cli CONFIG GET dir; df -h',
      caveat: 'stop-writes-on-bgsave-error no lets writes in again, and nothing of them is on disk then.',
    },
  ],
  'Redis busy': [
    {
      text: 'End the script, or the function, if it has written nothing yet. Then find out who calls it.',
      command: 'redis-cli SCRIPT KILL; redis-cli FUNCTION KILL',
      caveat: 'Once it has written, only SHUTDOWN NOSAVE ends it: what was not saved is lost.',
    },
  ],
  'Redis cluster': [
    {
      text: 'See which servers of the cluster are missing, and which slots nobody serves.',
      command: 'redis-cli CLUSTER INFO; redis-cli CLUSTER NODES; redis-cli INFO replication',
    },
  ],
  'memcached memory': [
    {
      text: 'See which sizes of items have no memory, and whether items are evicted (-M forbids that).',
      command: 'echo "stats items" | nc -q1 127.0.0.1 11211 | grep -E "outofmemory|evicted"',
    },
    { text: 'Give memcached more memory (-m), or let it evict.' },
  ],
  'PostgreSQL time': [
    {
      text: 'See what those statements waited for: a lock (session-lock looks at that), the disk, or much to compute.',
      command:
        'sudo -u postgres psql -c "SELECT pid, wait_event_type, wait_event, left(query, 60) FROM pg_stat_activity"',
    },
    { text: 'If they need that time, raise statement_timeout for them alone.' },
  ],
  'MySQL time': [
    { text: 'See what those statements waited for.', command: 'mysql -e "SHOW FULL PROCESSLIST"' },
    { text: 'If they need that time, raise max_statement_time (MySQL: max_execution_time) for them alone.' },
  ],
  'PostgreSQL lock': [LOCKS],
  'PostgreSQL deadlock': [SAME_ORDER, LOCKS],
  'MySQL lock': [MYSQL_LOCKS],
  'MySQL deadlock': [SAME_ORDER, { ...MYSQL_LOCKS, command: 'mysql -e "SHOW ENGINE INNODB STATUS\\G"' }],
  disk: [{ text: 'Free room on the disk of the data, and of temporary files.', command: 'df -h; df -i' }],
  memory: [{ text: 'See what the memory is used for, and the limits of the unit or container.', command: 'free -m' }],
};
