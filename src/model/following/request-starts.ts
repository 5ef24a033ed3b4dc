import type { Framing } from '../../trace/framing/framing.ts';
import { asksPostgres, framingOf } from '../../trace/framing/framing-of.ts';
import { queryOf, type RequestStart, requestOfSql, requestStart } from '../../trace/payload.ts';
import type { Call } from '../../trace/record.ts';
import type { Connection } from '../machine/connections.ts';

/** Bytes looked at to recognise a request. */
const PAYLOAD_HEAD = 1024;
/** Bytes that tell what is no request. */
const FIRST_BYTES = 32;
/** Request lines whose meaning is remembered. */
const KNOWN_LINES = 256;

/** A method that we do not know, and a target. */
const ANY_METHOD = /^[A-Z]{3,20} [^ ]/;
/** How clients of redis and memcached end their session. */
const FAREWELL = /^(?:quit|\*1\r\n\$4\r\nquit)\r\n$/i;

/** How many requests begin in a read, and what the bytes say is asked for; null when they do not tell. */
interface Begun {
  readonly count: number;
  readonly start: RequestStart | null;
}

const UNNAMED: Begun = { count: 1, start: null };
/** What is said on a connection that is no longer asked and answered: a WebSocket, talk between processes. */
export const CONVERSATION: Framing = { isEncrypted: false, isMultiplexed: false, begun: () => 0 };
/** The rest of a body, a record of TLS, the end of a session. */
const NONE: Begun = { count: 0, start: null };

/** Which requests a read begins. A request line holds no escapes as a rule: then the traced text is the bytes. */
export class RequestStarts {
  /** Workers are asked the same few things over and over: the lines read last. */
  readonly #known = new Map<string, Begun>();

  begun(call: Call, connection: Connection): Begun {
    if (connection.framing) return this.#framed(call, connection);
    const begun = this.#of(call);
    if (connection.framing === undefined) return this.#first(call, connection, begun);
    if (begun !== null) return begun;
    const bytes = call.arguments.payload(FIRST_BYTES);
    // A capture without payload: any read may begin a request.
    if (bytes === null || bytes === '') return UNNAMED;
    if (!connection.isHttp) return FAREWELL.test(bytes) ? NONE : UNNAMED;
    if (isFrame(bytes, connection)) {
      connection.isUpgraded = true;
      connection.framing = CONVERSATION;
      return NONE;
    }
    return ANY_METHOD.test(bytes) ? UNNAMED : NONE;
  }

  #first(call: Call, connection: Connection, begun: Begun | null): Begun {
    // Most connections begin so: the text of the call need not be decoded to see it, for a head begins with a capital.
    // That of a statement of PostgreSQL is one letter: a zero is behind it.
    if (begun !== null && call.arguments.head.length > 1) {
      connection.isHttp = true;
      connection.framing = null;
      return begun;
    }
    const bytes = call.arguments.payload(FIRST_BYTES) ?? '';
    // A statement of PostgreSQL begins with a capital as well.
    connection.isHttp = begun !== null && bytes.charCodeAt(0) >= 0x41 && !asksPostgres(bytes);
    connection.framing = connection.isHttp ? null : framingOf(bytes);
    if (connection.framing !== null) return this.#framed(call, connection);
    return begun ?? (FAREWELL.test(bytes) ? NONE : UNNAMED);
  }

  #framed(call: Call, { framing, request }: Connection): Begun {
    const bytes = call.arguments.payload(PAYLOAD_HEAD) ?? '';
    const count = framing?.begun(bytes, call.result) ?? 0;
    if (framing?.start !== undefined) return { count, start: framing.start };
    // The name of a request may come in a later piece.
    const isNamed = framing?.isEncrypted === true || (count === 0 && (!request.inProgress || request.line !== ''));
    return { count, start: isNamed ? null : startIn(bytes, call.result) };
  }

  #of(call: Call): Begun | null {
    const { head } = call.arguments;
    // What has a body is read as a whole; so is a line of the PROXY protocol, and one that an escape or its end cuts
    // off in the target.
    const known = head === '' || head.startsWith('P') ? null : (this.#known.get(head) ?? this.#add(head));
    if (known !== null) return known;
    const start = startIn(call.arguments.payload(PAYLOAD_HEAD) ?? '', call.result);
    return start === null ? null : { count: 1, start };
  }

  #add(line: string): Begun | null {
    if (!line.includes(' HTTP/')) return null;
    const start = requestStart(line);
    if (start === null) return null;
    if (this.#known.size === KNOWN_LINES) this.#known.clear();
    const begun = { count: 1, start };
    this.#known.set(line, begun);
    return begun;
  }
}

/** What the bytes ask for. */
function startIn(bytes: string, size: number): RequestStart | null {
  const start = requestStart(bytes, size);
  if (start !== null) return start;
  const query = queryOf(bytes);
  const isSql = query !== null && (query.protocol === 'PostgreSQL' || query.protocol === 'MySQL');
  return isSql ? requestOfSql(query.text) : null;
}

/** Text, bytes, end, ping and pong of a WebSocket. */
const OPCODES: ReadonlySet<number> = new Set([1, 2, 8, 9, 10]);

/** A frame of a WebSocket, which is masked. It begins after a GET, which has no body. */
function isFrame(bytes: string, { request }: Connection): boolean {
  const first = bytes.charCodeAt(0);
  const isMasked = (first & 0x30) === 0 && bytes.charCodeAt(1) >= 0x80;
  return isMasked && OPCODES.has(first & 0x0f) && request.identity.startsWith('GET ');
}
