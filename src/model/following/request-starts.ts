import { type RequestStart, requestStart } from '../../trace/payload.ts';
import type { Call } from '../../trace/record.ts';

/** Bytes looked at to recognise a request. */
const PAYLOAD_HEAD = 1024;
/** Request lines whose meaning is remembered. */
const KNOWN_LINES = 256;

/** The request that a read returned. A request line holds no escapes as a rule: then the traced text is the bytes. */
export class RequestStarts {
  /** Workers are asked the same few things over and over: the lines read last. */
  readonly #known = new Map<string, RequestStart>();

  of(call: Call): RequestStart | null {
    const { head } = call.arguments;
    // What has a body is read as a whole; so is a line of the PROXY protocol, and one that an escape or its end cuts
    // off in the target.
    const start = head === '' || head.startsWith('P') ? null : (this.#known.get(head) ?? this.#add(head));
    return start ?? requestStart(call.arguments.payload(PAYLOAD_HEAD) ?? '', call.result);
  }

  #add(line: string): RequestStart | null {
    if (!line.includes(' HTTP/')) return null;
    const start = requestStart(line);
    if (start === null) return null;
    if (this.#known.size === KNOWN_LINES) this.#known.clear();
    this.#known.set(line, start);
    return start;
  }
}
