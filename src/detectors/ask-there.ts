import type { Step } from './finding.ts';

/** How to see whether a service is there that refuses connections. */
export function listensThere(target: string): Step {
  return {
    text:
      `See whether a service listens on ${target}: connect from this host, and run ss -ltnp on the host of the ` +
      'service.',
    ...(/^[\d.]+:\d+$/.test(target) ? { command: `nc -vz ${target.replace(':', ' ')}` } : {}),
  };
}

/**
 * How to see which processes have an end of the pipe that this descriptor of a process is: both ends are links to one
 * name. Without its number all pipes are shown. Of a process that has ended by now nothing is.
 */
export function endsOfPipe(pid: string | number, fd: number): Pick<Step, 'command' | 'needs'> {
  const process = pid === 0 ? 'PID' : pid;
  const all = 'ls -l /proc/[0-9]*/fd/* 2>/dev/null | grep -F';
  return {
    command: fd < 0 ? `${all} pipe:` : `P=$(readlink /proc/${process}/fd/${fd}) && ${all} "$P"`,
    needs: 'root, to see processes of other users',
  };
}

/** `127.0.0.1:53` or `[::1]:53`, whatever is said after it. */
const ADDRESS = /^(?:\[([0-9a-f:.]+)\]|([\d.]+)):(\d+)(?: |$)/i;

/** How to see whether a name server answers; without an address, which ones are asked. */
export function askNameServer(target: string): Step {
  const [, inBrackets, plain, port] = ADDRESS.exec(target) ?? [];
  const host = inBrackets ?? plain;
  if (host === undefined)
    return { text: 'See which name servers this host asks; then ask each of them by hand.', command: RESOLVERS };
  return {
    text: `Ask the name server ${host} by hand. No answer here either: the server or the way to it is down.`,
    command: askByHand(host, port ?? '53'),
    needs: 'dig (bind9-dnsutils, bind-utils)',
  };
}

/** Every name server that resolves names knows who serves the root: no name of the service is needed. */
function askByHand(host: string, port: string): string {
  return `dig @${host} -p ${port} . NS +tries=1 +time=2`;
}

const RESOLVERS = 'cat /etc/resolv.conf';
