import type { TraceFlags } from '../format.ts';
import { NAME_BYTES } from '../text/name-table.ts';

/** Nobody has more descriptors. */
const DIGITS = 9;
const HEX_DIGITS = 8;
const MOST = 0x7fff_ffff;
const ADDRESSES = /^(?:TCP|UDP|UNIX|NETLINK|RAW|SCTP|DCCP|PING|AX25|VSOCK|XDP)/;

/**
 * The number at the beginning of the arguments, also behind `sockfd=` (`-N`); -1 when there is none. Notes how
 * descriptors are decorated.
 */
export function readDescriptor(bytes: Buffer, args: number, flags: TraceFlags): number {
  let at = args;
  let byte = bytes[at] as number;
  if (byte >= 0x61 && byte <= 0x7a) {
    while (NAME_BYTES[byte] === 1) byte = bytes[++at] as number;
    if (byte !== 0x3d /* = */) return -1;
    byte = bytes[++at] as number;
  }
  if (byte === 0x30 /* 0 */ && bytes[at + 1] === 0x78 /* x */) return readRawDescriptor(bytes, at + 2);
  const first = at;
  let fd = 0;
  while (byte >= 0x30 && byte <= 0x39) {
    fd = fd * 10 + (byte - 0x30);
    byte = bytes[++at] as number;
  }
  if (byte === 0x3c /* < */ && flags.fdDecoration !== 'address') noteDecoration(bytes, at + 1, flags);
  return at === first || at - first > DIGITS ? -1 : fd;
}

/** `0x5`, as `-e raw=all` prints it; -1 for what is none (`0xffffff9c`, the directory that `openat` begins in). */
function readRawDescriptor(bytes: Buffer, from: number): number {
  let at = from;
  while (isHexadecimal(bytes[at] as number)) at++;
  if (at === from || at - from > HEX_DIGITS) return -1;
  const fd = Number.parseInt(bytes.toString('latin1', from, at), 16);
  return fd > MOST ? -1 : fd;
}

function isHexadecimal(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);
}

const SET = /^(?:\d+, )?\[(?:\{fd=)?\d+</;

/** Notes the same of the first descriptor of a poll or select set: captures of an idle server may have no other. */
export function noteDecorationOfSet(bytes: Buffer, args: number, flags: TraceFlags): void {
  const found = SET.exec(bytes.toString('latin1', args, args + 40));
  if (found !== null) noteDecoration(bytes, args + found[0].length, flags);
}

function noteDecoration(bytes: Buffer, at: number, flags: TraceFlags): void {
  const first = bytes[at] as number;
  // Paths, pipe:[…], socket:[…] begin otherwise.
  flags.fdDecoration =
    first >= 0x41 && first <= 0x5a && ADDRESSES.test(bytes.toString('latin1', at, at + 8)) ? 'address' : 'path';
}
