import type { Database } from '../../trace/transaction-state.ts';
import type { Step } from '../finding.ts';

/** The session that held the lock, or the likely one. */
interface Culprit {
  readonly pid: number;
  readonly tid: number;
  readonly isIdle: boolean;
}

/** What to do: about the one session where it is known, else how to find it. */
export function nextOf(database: Database | null, holder: Culprit | null): readonly Step[] {
  return database === 'MySQL' ? ofMySql(holder) : ofPostgres(holder);
}

function ofPostgres(holder: Culprit | null): readonly Step[] {
  const pid = holder?.pid ?? 0;
  return [
    {
      text: 'While somebody waits: see who waits for whom, and since when the first of them is in its transaction.',
      command:
        'sudo -u postgres psql -c "SELECT pid, pg_blocking_pids(pid), state, wait_event, now() - xact_start AS age, ' +
        'client_addr, application_name, left(query, 60) ' +
        "FROM pg_stat_activity WHERE state <> 'idle' ORDER BY xact_start\"",
    },
    ...(pid === 0
      ? []
      : [
          {
            text: 'If it still holds the lock, end that session.',
            command: `sudo -u postgres psql -c "SELECT pg_terminate_backend(${pid})"`,
            caveat: 'Its transaction is rolled back.',
          },
        ]),
    holder?.isIdle === false
      ? SHORTEN
      : {
          ...COMMIT,
          command:
            'sudo -u postgres psql -c "ALTER SYSTEM SET idle_in_transaction_session_timeout = \'30s\'" ' +
            '-c "SELECT pg_reload_conf()"',
          caveat: 'Sessions that idle longer in a transaction are ended: migrations and consoles, too.',
        },
  ];
}

function ofMySql(holder: Culprit | null): readonly Step[] {
  const tid = holder?.tid ?? 0;
  return [
    {
      text: 'While somebody waits: see who waits for whom. trx_mysql_thread_id is the Id of the process list.',
      command:
        'mysql -e "SELECT * FROM information_schema.innodb_lock_waits; SELECT trx_id, trx_mysql_thread_id, ' +
        'trx_started, trx_query FROM information_schema.innodb_trx ORDER BY trx_started; SHOW FULL PROCESSLIST"',
      caveat:
        'MySQL 8 has sys.innodb_lock_waits in place of the first table. Locks of tables stand in the last list ' +
        'alone: Waiting for table metadata lock.',
    },
    ...(tid === 0
      ? []
      : [
          {
            text: 'If it still holds the lock, end that session: its Id is that of the thread with this number.',
            command:
              'mysql -e "SELECT id, user, host, command, time FROM information_schema.processlist WHERE ' +
              `tid = ${tid}; KILL ID"`,
            caveat:
              'Its transaction is rolled back. MySQL has thread_os_id in performance_schema.threads in place of tid.',
          },
        ]),
    holder?.isIdle === false ? SHORTEN : COMMIT,
  ];
}

const COMMIT: Step = {
  text:
    'Look for the code that leaves its transaction open: it waits for something else (another service, a person, a ' +
    'lock) between its first change and its commit. Commit before that.',
};

const SHORTEN: Step = {
  text:
    'Make the transaction that holds the lock shorter: fewer rows at a time, an index for its WHERE, the hot row ' +
    'last, right before the commit.',
};
