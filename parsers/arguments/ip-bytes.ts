/** `10.0.0.7` of 4 bytes in the order of the network; Latin-1, a character a byte. */
export function ipv4(bytes: string): string {
  return Array.from(bytes, (byte) => byte.charCodeAt(0)).join('.');
}

/** `2001:db8::7` of 16 bytes, `::ffff:10.0.0.7` of an address of IPv4 in one of IPv6. */
export function ipv6(bytes: string): string {
  if (bytes.startsWith(MAPPED)) return `::ffff:${ipv4(bytes.slice(MAPPED.length))}`;
  const groups = Array.from({ length: 8 }, (_, i) => (bytes.charCodeAt(2 * i) << 8) | bytes.charCodeAt(2 * i + 1));
  return shortened(groups.map((group) => group.toString(16)).join(':'));
}

const MAPPED = '\0\0\0\0\0\0\0\0\0\0\xff\xff';

/** The longest run of zero groups becomes `::`. */
function shortened(address: string): string {
  const runs = [...address.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length);
  const [longest] = runs;
  if (longest === undefined) return address;
  const end = longest.index + longest[0].length;
  return `${address.slice(0, longest.index)}::${address.slice(end).replace(/^:/, '')}`;
}
