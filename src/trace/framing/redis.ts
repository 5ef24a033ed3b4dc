import { redisName, redisWord } from './command-words.ts';
import { type Command, Commands, type Grammar } from './commands.ts';

const ARRAY = /\*(\d{1,7})\r\n/y;
const BULK = /\$(\d{1,9})\r\n/y;
const FIRST_BULK = /\*\d{1,7}\r\n\$(\d{1,2})\r\n([A-Za-z.]{1,24})/y;
/** As much of it as a trace may show. */
const BEGINNING = /^\*\d{1,7}(?:\r(?:\n(?:\$(?:\d{1,2}(?:\r(?:\n(?:[A-Za-z].*)?)?)?)?)?)?)?$/s;
/** Commands that wait for somebody else, or after which anything may come at any time. */
const WAITING: ReadonlySet<string> = new Set(
  (
    'BLPOP BRPOP BLMOVE BRPOPLPUSH BLMPOP BZPOPMIN BZPOPMAX BZMPOP XREAD XREADGROUP SUBSCRIBE PSUBSCRIBE SSUBSCRIBE ' +
    'MONITOR WAIT WAITAOF SYNC PSYNC REPLCONF'
  ).split(' '),
);
/** With how many words commands come, at least and at most: those that a client in the middle of its work sends. */
const WORDS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  ...ofLength(1, 2, 'PING DBSIZE MULTI EXEC DISCARD UNWATCH INFO FLUSHALL FLUSHDB RANDOMKEY'),
  ...ofLength(2, 2, 'GET STRLEN INCR DECR GETDEL TTL PTTL TYPE DUMP PERSIST HGETALL HLEN HKEYS HVALS LLEN'),
  ...ofLength(2, 2, 'SMEMBERS SCARD ZCARD XLEN KEYS SELECT'),
  ...ofLength(3, 3, 'GETSET INCRBY DECRBY INCRBYFLOAT HGET HEXISTS SISMEMBER ZSCORE ZRANK LINDEX SETNX APPEND'),
  ...ofLength(3, 3, 'PUBLISH RPOPLPUSH'),
  ...ofLength(4, 4, 'SETEX PSETEX GETRANGE SETRANGE HINCRBY HSETNX LRANGE LTRIM LREM LSET ZINCRBY ZCOUNT'),
  ...ofLength(2, Infinity, 'DEL UNLINK EXISTS TOUCH MGET SUNION SINTER SDIFF WATCH SPOP SRANDMEMBER LPOP RPOP'),
  ...ofLength(2, Infinity, 'GETEX SCAN SORT'),
  ...ofLength(3, Infinity, 'SET MSET HSET HMSET HMGET HDEL HSCAN SSCAN ZSCAN SADD SREM LPUSH RPUSH LPUSHX RPUSHX'),
  ...ofLength(3, Infinity, 'ZREM BLPOP BRPOP EXPIRE PEXPIRE EXPIREAT ZPOPMIN ZPOPMAX EVAL EVALSHA FCALL SETBIT'),
  ...ofLength(3, Infinity, 'GETBIT BITCOUNT PFADD XACK'),
  ...ofLength(4, Infinity, 'ZADD ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE XADD XRANGE XREAD GEOADD BITFIELD'),
};
/** Words that somebody types, without the array around them, and that no other protocol of lines begins with. */
const TYPED = new RegExp(
  '^(?!.* HTTP/1)(?:PING|INFO|[GS]ET|M[GS]ET|DEL|UNLINK|INCR|DECR|KEYS|S?SCAN|SELECT|EXISTS|DBSIZE|CONFIG|' +
    'CLIENT|DEBUG|MONITOR|FLUSHALL|FLUSHDB|(?:BG)?SAVE|BGREWRITEAOF|SLOWLOG|EVAL|EVALSHA|B?[LR]POP|[LR]PUSH|' +
    'LRANGE|HGETALL|H[GS]ET|SMEMBERS|SADD|SINTER|SUNION|SDIFF|ZADD|ZRANGE|XADD|XREAD|PUBLISH|P?SUBSCRIBE)' +
    '(?: .*)?\\r?\\n',
);

function ofLength(least: number, most: number, names: string): Record<string, readonly [number, number]> {
  return Object.fromEntries(names.split(' ').map((name) => [name, [least, most] as const]));
}

const GRAMMAR: Grammar = {
  commandAt(bytes, at) {
    ARRAY.lastIndex = at;
    const array = ARRAY.exec(bytes);
    if (array === null) return bytes.charAt(at) === '*' ? null : typedAt(bytes, at);
    const words: string[] = [];
    const parts = Number(array[1]);
    let place = at + array[0].length;
    for (let part = 0; part < parts; part++) {
      BULK.lastIndex = place;
      const bulk = BULK.exec(bytes);
      if (bulk === null) return null;
      place += bulk[0].length;
      const length = Number(bulk[1]);
      if (words.length < 2) words.push(bytes.slice(place, place + length));
      place += length + 2;
    }
    return command(words, place);
  },
  nameAt(bytes, at) {
    FIRST_BULK.lastIndex = at;
    const word = FIRST_BULK.exec(bytes)?.[2];
    return word === undefined ? '' : redisWord(word);
  },
  nextFrom(bytes) {
    return bytes.search(/\*\d{1,7}\r\n\$\d{1,2}\r\n[A-Za-z]/);
  },
};

function typedAt(bytes: string, at: number): Command | null {
  const end = bytes.indexOf('\n', at);
  if (end < 0) return null;
  return command(bytes.slice(at, end).trim().split(/ +/, 2), end + 1);
}

function command([first = '', second = '']: readonly string[], end: number): Command {
  // Whoever takes leave asks for nothing.
  if (first === '' || /^quit$/i.test(first)) return { name: '', end, mayStayOpen: false };
  return { name: redisName(first, second), end, mayStayOpen: WAITING.has(redisWord(first)) };
}

/** The commands of redis and its kin, as clients send them: arrays of strings, or words that somebody types. */
export class Redis extends Commands {
  constructor() {
    super(GRAMMAR);
  }

  static isSpokenIn(bytes: string): boolean {
    return BEGINNING.test(bytes.slice(0, 24)) || TYPED.test(bytes);
  }
}

/**
 * Whether these bytes are a whole command of redis with as many words as it takes. The answers of redis are arrays as
 * well: who reads this from a socket on which nothing was asked is the server, as a rule.
 */
export function isRedisCommand(bytes: string): boolean {
  ARRAY.lastIndex = 0;
  const parts = Number(ARRAY.exec(bytes)?.[1] ?? 0);
  FIRST_BULK.lastIndex = 0;
  const [, length, word = ''] = FIRST_BULK.exec(bytes) ?? [];
  const [least, most] = WORDS[word.toUpperCase()] ?? [1, 0];
  return word.length === Number(length) && parts >= least && parts <= most;
}
