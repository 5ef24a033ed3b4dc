import { FastCgi } from './fast-cgi.ts';
import type { Framing } from './framing.ts';
import { Http2 } from './http2.ts';
import { Postgres } from './postgres.ts';
import { Tls } from './tls.ts';

/** The framing that the first bytes of a client show; null for what has none that is known, such as HTTP/1. */
export function framingOf(bytes: string): Framing | null {
  if (Tls.isSpokenIn(bytes)) return new Tls();
  if (FastCgi.isSpokenIn(bytes)) return new FastCgi();
  if (Http2.isSpokenIn(bytes)) return new Http2();
  return Postgres.isSpokenIn(bytes) ? new Postgres() : null;
}
