import { queryOf, requestOfSql } from '../payload.ts';
import { FastCgi } from './fast-cgi.ts';
import type { Framing } from './framing.ts';
import { Http2 } from './http2.ts';
import { Memcached } from './memcached.ts';
import { MySql } from './mysql.ts';
import { Postgres } from './postgres.ts';
import { Redis } from './redis.ts';
import { Tls } from './tls.ts';

/** The framing that the first bytes of a client show; null for what has none that is known, such as HTTP/1. */
export function framingOf(bytes: string): Framing | null {
  if (Tls.isSpokenIn(bytes)) return new Tls();
  if (FastCgi.isSpokenIn(bytes)) return new FastCgi();
  if (Http2.isSpokenIn(bytes)) return new Http2();
  if (Redis.isSpokenIn(bytes)) return new Redis();
  if (Memcached.isSpokenIn(bytes)) return new Memcached(bytes);
  if (Postgres.isSpokenIn(bytes) || asksPostgres(bytes)) return new Postgres();
  return MySql.isSpokenIn(bytes) ? new MySql() : null;
}

/** A session of PostgreSQL that was open before the capture goes on with a question: no server sends these. */
export function asksPostgres(bytes: string): boolean {
  const query = bytes.charCodeAt(1) === 0 ? queryOf(bytes) : null;
  return query?.protocol === 'PostgreSQL' && requestOfSql(query.text) !== null;
}
