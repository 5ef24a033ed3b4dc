import { byte, uint16, uint32 } from './raw-bytes.ts';

/**
 * A `struct sockaddr` in strace's words: `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.7")}`;
 * `NULL` when it holds no address.
 */
export function socketAddressText(bytes: string): string {
  const family = uint16(bytes, 0);
  if (family === 1 && bytes.length > 2) return `{sa_family=AF_UNIX${unixPath(bytes)}}`;
  const port = (byte(bytes, 2) << 8) | byte(bytes, 3);
  if (family === 2 && bytes.length >= 8) {
    const address = [4, 5, 6, 7].map((at) => byte(bytes, at)).join('.');
    return `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("${address}")}`;
  }
  if (family === 10 && bytes.length >= 24)
    return (
      `{sa_family=AF_INET6, sin6_port=htons(${port}), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, ` +
      `"${ipv6(bytes)}", &sin6_addr), sin6_scope_id=0}`
    );
  if (family === 16) return '{sa_family=AF_NETLINK}';
  return 'NULL';
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

function unixPath(bytes: string): string {
  const isAbstract = byte(bytes, 2) === 0;
  const from = isAbstract ? 3 : 2;
  const end = bytes.indexOf('\0', from);
  const path = bytes.slice(from, end < 0 ? bytes.length : end);
  if (path === '' || !/^[\x20-\x7e]+$/.test(path)) return '';
  return `, sun_path=${isAbstract ? '@' : ''}"${path.replace(/["\\]/g, '\\$&')}"`;
}

function ipv6(bytes: string): string {
  const groups = Array.from({ length: 8 }, (_, i) => (byte(bytes, 8 + 2 * i) << 8) | byte(bytes, 9 + 2 * i));
  if (uint32(bytes, 8) === 0 && uint32(bytes, 12) === 0 && groups[4] === 0 && groups[5] === 0xffff)
    return `::ffff:${[20, 21, 22, 23].map((at) => byte(bytes, at)).join('.')}`;
  return shortened(groups.map((group) => group.toString(16)).join(':'));
}

/** The longest run of zero groups becomes `::`. */
function shortened(address: string): string {
  const runs = [...address.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length);
  const [longest] = runs;
  if (longest === undefined) return address;
  const end = longest.index + longest[0].length;
  return `${address.slice(0, longest.index)}::${address.slice(end).replace(/^:/, '')}`;
}
