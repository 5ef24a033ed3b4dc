import { textOfBytes } from '../../src/trace/utf8.ts';
import { ipv6 } from '../arguments/ip-bytes.ts';
import { byte, uint16 } from './raw-bytes.ts';

/** A `struct sockaddr`, taken apart; null when the bytes hold no address of a family that is known here. */
type Address =
  | { readonly family: 'unix'; readonly path: string; readonly isAbstract: boolean }
  | { readonly family: 'v4' | 'v6'; readonly host: string; readonly port: number }
  | { readonly family: 'netlink' };

function addressOf(bytes: string): Address | null {
  const family = uint16(bytes, 0);
  if (family === 1 && bytes.length > 2) return unixAddress(bytes);
  const port = (byte(bytes, 2) << 8) | byte(bytes, 3);
  if (family === 2 && bytes.length >= 8)
    return { family: 'v4', host: [4, 5, 6, 7].map((at) => byte(bytes, at)).join('.'), port };
  if (family === 10 && bytes.length >= 24) return { family: 'v6', host: ipv6(bytes.slice(8, 24)), port };
  return family === 16 ? { family: 'netlink' } : null;
}

/** `10.0.0.7:80`, `[::1]:80`, `unix:/run/x.sock`; '' when the bytes hold no such address. */
export function socketAddressOf(bytes: string): string {
  const address = addressOf(bytes);
  switch (address?.family) {
    case 'unix':
      return address.path === '' ? '' : `unix:${textOfBytes(address.path)}`;
    case 'v4':
      return `${address.host}:${address.port}`;
    case 'v6':
      return `[${address.host}]:${address.port}`;
    default:
      return '';
  }
}

/** An IPv4 address × 65,536 + port; -1 for any other. */
export function inetAddressOf(bytes: string): number {
  if (uint16(bytes, 0) !== 2 || bytes.length < 8) return -1;
  return [4, 5, 6, 7, 2, 3].reduce((sum, at) => sum * 256 + byte(bytes, at), 0);
}

/**
 * The same in strace's words: `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.7")}`; `NULL` when it
 * holds no address.
 */
export function socketAddressText(bytes: string): string {
  const address = addressOf(bytes);
  switch (address?.family) {
    case 'unix': {
      const { path, isAbstract } = address;
      if (path === '') return '{sa_family=AF_UNIX}';
      return `{sa_family=AF_UNIX, sun_path=${isAbstract ? '@' : ''}"${path.replace(/["\\]/g, '\\$&')}"}`;
    }
    case 'v4':
      return `{sa_family=AF_INET, sin_port=htons(${address.port}), sin_addr=inet_addr("${address.host}")}`;
    case 'v6':
      return (
        `{sa_family=AF_INET6, sin6_port=htons(${address.port}), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, ` +
        `"${address.host}", &sin6_addr), sin6_scope_id=0}`
      );
    case 'netlink':
      return '{sa_family=AF_NETLINK}';
    default:
      return 'NULL';
  }
}

/** The same from `10.0.0.7:80`, `[::1]:80` or `unix:/run/x.sock`, as printed by hand-written programs. */
export function addressText(printed: string): string {
  const unix = /^unix:([^"\\]*)$/.exec(printed)?.[1];
  if (unix !== undefined) return `{sa_family=AF_UNIX, sun_path="${unix}"}`;
  const v6 = /^\[([0-9a-fA-F:.]+)\]:(\d{1,5})$/.exec(printed);
  if (v6 !== null)
    return `{sa_family=AF_INET6, sin6_port=htons(${v6[2]}), inet_pton(AF_INET6, "${v6[1]}", &sin6_addr)}`;
  const v4 = /^(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})$/.exec(printed);
  return v4 === null ? 'NULL' : `{sa_family=AF_INET, sin_port=htons(${v4[2]}), sin_addr=inet_addr("${v4[1]}")}`;
}

function unixAddress(bytes: string): Address {
  const isAbstract = byte(bytes, 2) === 0;
  const from = isAbstract ? 3 : 2;
  const end = bytes.indexOf('\0', from);
  const path = bytes.slice(from, end < 0 ? bytes.length : end);
  return { family: 'unix', path: /^[\x20-\x7e]+$/.test(path) ? path : '', isAbstract };
}
