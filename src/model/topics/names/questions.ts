import type { CallArguments } from '../../../trace/call-arguments.ts';
import { type DnsMessage, dnsMessage } from '../../../trace/dns.ts';

/** Bytes of a message that are looked at. */
export const MESSAGE_BYTES = 300;
/** Over TCP a message begins with its length. */
export const LENGTH_BYTES = 2;
/** Sockets of services that look names up for the whole host: nscd and systemd-resolved. */
export const RESOLVER_SERVICE = /^unix:.*\/(?:nscd\/socket|io\.systemd\.Resolve)$/;
/** Kinds of questions to nscd that are about hosts: by name and by address, a table of them, `getaddrinfo`. */
const NSCD_HOSTS: ReadonlySet<number> = new Set([4, 5, 6, 7, 13, 14]);

/** What was asked for. */
export type Asked = Pick<DnsMessage, 'name'>;

/** The questions in the arguments of `sendto`, `sendmsg` or `sendmmsg`: A and AAAA go out together. */
export function messagesOf(told: CallArguments, skipped = 0): DnsMessage[] {
  const found: DnsMessage[] = [];
  for (const bytes of told.payloads(MESSAGE_BYTES)) {
    const message = dnsMessage(bytes) ?? (skipped === 0 ? null : dnsMessage(bytes.slice(skipped)));
    if (message !== null && !message.isAnswer) found.push(message);
  }
  return found;
}

/** The host that nscd or systemd-resolved is asked for; null when that is something else, such as a user. */
export function askedOfService(told: CallArguments): Asked[] | null {
  const bytes = told.payloads(MESSAGE_BYTES).join('');
  if (bytes.startsWith('{')) {
    const name = /"name":"([A-Za-z0-9_.-]{1,80})/.exec(bytes)?.[1] ?? '';
    return bytes.includes('.Resolve') ? [{ name }] : null;
  }
  // nscd: version, kind and length of the key in four bytes each, then the key.
  if (!NSCD_HOSTS.has(bytes.charCodeAt(4))) return null;
  return [{ name: /^[A-Za-z0-9_.-]{0,80}/.exec(bytes.slice(12))?.[0] ?? '' }];
}
