import { EVENT } from '../../src/trace/call-arguments.ts';

/** A trace has few different sets of events; beyond so many the text is noise. */
const MOST_KNOWN = 256;
const known = new Map<string, number>();

/** Bits of `EPOLLIN|EPOLLRDHUP`, `POLLHUP`, `0x2011`, `0x1 /* POLLIN *\/`; names that are none count nothing. */
export function eventBits(printed: string): number {
  const found = known.get(printed);
  if (found !== undefined) return found;
  const bits = read(printed);
  if (known.size < MOST_KNOWN) known.set(printed, bits);
  return bits;
}

function read(printed: string): number {
  let bits = 0;
  for (const part of printed.split('|')) {
    const name = /^E?POLL([A-Z]+)$/.exec(part)?.[1];
    if (name !== undefined) bits |= BITS[name] ?? 0;
    else bits |= Number(/^0x[0-9a-f]{1,8}/.exec(part)?.[0] ?? 0);
  }
  return bits;
}

const BITS: Readonly<Record<string, number>> = { ...EVENT, RDNORM: EVENT.IN, WRNORM: EVENT.OUT };
