import { stringEnd } from './brackets.ts';

const NAME = /\s*[a-z_][a-z0-9_]*=(?!=)/y;

/**
 * Arguments without the names that `-N` (since 6.16) puts in front of them: `sockfd=3, addrlen=[16]` becomes `3, [16]`.
 * Names inside of brackets stay.
 */
export function withoutNames(args: string): string {
  const bytes = Buffer.from(args, 'latin1');
  let clean = '';
  let begin = 0;
  for (let at = 0; at <= bytes.length; at = argumentEnd(bytes, at) + 1) {
    const end = argumentEnd(bytes, at);
    NAME.lastIndex = at;
    const name = NAME.exec(args)?.[0];
    if (name === undefined || at + name.length > end) continue;
    clean += args.slice(begin, at) + (name.startsWith(' ') ? ' ' : '');
    begin = at + name.length;
  }
  return clean + args.slice(begin);
}

/** Index of the comma that ends the argument at `from`, or the length. */
function argumentEnd(bytes: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === 0x22 /* " */) at = stringEnd(bytes, at + 1, bytes.length);
    else if (byte === 0x28 || byte === 0x5b || byte === 0x7b) depth++;
    else if (byte === 0x29 || byte === 0x5d || byte === 0x7d) depth--;
    else if (byte === 0x2c /* , */ && depth === 0) return at;
  }
  return bytes.length;
}
