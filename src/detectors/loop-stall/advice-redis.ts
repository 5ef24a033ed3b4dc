import type { Process } from '../../model/machine/process.ts';
import type { Step } from '../finding.ts';
import type { Cause } from '../stall-cause/cause.ts';

/** What to use in place of a command that holds the one thread of redis for as long as its data is large. */
const BY_COMMAND: readonly (readonly [RegExp, string])[] = [
  [/^SAVE$/, 'Use BGSAVE: SAVE writes the whole data set on the one thread that serves all clients.'],
  [/^KEYS$/, 'Use SCAN: KEYS looks at every key of the database on the one thread that serves all clients.'],
  [
    /^FLUSH(?:ALL|DB)$/,
    'Add ASYNC (FLUSHALL ASYNC, lazyfree-lazy-user-flush yes): another thread then frees the data.',
  ],
  [/^DEL$/, 'Use UNLINK (lazyfree-lazy-user-del yes): another thread then frees what was large.'],
  [/^DEBUG\b/, 'Keep DEBUG out of production: it holds up all clients (enable-debug-command no).'],
  [
    /^(?:EVAL|EVALSHA|FCALL)(?:_RO)?$/,
    'Make the script shorter: no other client is served while it runs. Let it work on a part of the data at a time.',
  ],
  [
    /^(?:SMEMBERS|HGETALL|HKEYS|HVALS|LRANGE|Z(?:REV)?RANGE\w*|XRANGE|SORT(?:_RO)?|[SZ](?:INTER|UNION|DIFF)\w*|MGET|MSET)$/,
    'Ask for a part at a time (SSCAN, HSCAN, ZSCAN, a smaller range), or keep smaller collections under more keys.',
  ],
];

const SLOW_LOG: Step = {
  text: 'See which commands take long, and how often.',
  command: 'redis-cli SLOWLOG GET 10; redis-cli --bigkeys',
  caveat: '--bigkeys reads all keys, a few at a time: it adds load for a while.',
};

const DOCTOR: Step = {
  text:
    'See which commands take long, and what else holds redis up: keys that expire together, the fork for a snapshot, ' +
    'a slow disk.',
  command: 'redis-cli SLOWLOG GET 10; redis-cli LATENCY DOCTOR',
  needs: 'CONFIG SET latency-monitor-threshold 100, before it happens',
};

const SYNC: readonly Step[] = [
  {
    text:
      'Let redis sync its log once a second, in a thread of its own (appendfsync everysec), and not during a ' +
      'rewrite.',
    command: 'redis-cli CONFIG SET appendfsync everysec; redis-cli CONFIG SET no-appendfsync-on-rewrite yes',
    caveat: 'What was written in the last second may be lost when the machine fails.',
  },
  { text: 'See whether the disk is slow for everybody.', command: 'iostat -x 1 3' },
];

/** Whether this process is redis or one of its kin, as its program or its clients tell. */
export function isRedis({ server, signature }: Process): boolean {
  return /^(?:redis|valkey)/i.test(server || signature);
}

/** What to do about a stall of redis while it served that command ('' for none that is known); null for the usual. */
export function redisAdvice(cause: Cause, request: string): readonly Step[] | null {
  const text = BY_COMMAND.find(([pattern]) => pattern.test(request))?.[1];
  if (text !== undefined) return [{ text }, SLOW_LOG];
  if (cause === 'disk-sync') return SYNC;
  return cause === 'no-syscall' || cause === 'many-requests' ? [DOCTOR] : null;
}
