import type { ThreadLines } from './thread-lines.ts';

/** Flags of an answer: with an address, without such a name, of a server that could not. */
export const FOUND = '\\201\\200';
export const NO_SUCH_NAME = '\\201\\203';
export const SERVER_FAILURE = '\\201\\202';

function labels(name: string): string {
  return name
    .split('.')
    .map((label) => `\\${label.length.toString(8)}${label}`)
    .join('');
}

/** A question in the escapes of strace. */
export function question(name: string): string {
  return `\\20\\6\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0${labels(name)}\\0\\0\\1\\0\\1`;
}

/** One socket's question, the wait for its answer, and the answer, or none. */
export function ask(
  worker: ThreadLines,
  name: string,
  ms: number,
  { server = '10.0.0.2', code = FOUND, fd = 12 } = {},
): ThreadLines {
  worker.call('socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP', ')', `${fd}<socket:[${6000 + fd}]>`);
  worker.labels.set(fd, `socket:[${6000 + fd}]`);
  worker.call(
    `connect(${worker.fd(fd)}, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("${server}")}, 16`,
    ')',
    0,
  );
  worker.call(`sendto(${worker.fd(fd)}, "${question(name)}", 28, MSG_NOSIGNAL, NULL, 0`, ')', 28);
  const entered = `poll([{fd=${worker.fd(fd)}, events=POLLIN}], 1, 5000`;
  if (code === '') worker.call(entered, ')', '0 (Timeout)', ms);
  else {
    worker.call(entered, ')', `1 ([{fd=${fd}, revents=POLLIN}])`, ms);
    const answer = question(name).replace('\\1\\0', code);
    worker.call(`recvfrom(${worker.fd(fd)}, "${answer}", `, '1024, 0, NULL, NULL)', 44);
  }
  return worker.call(`close(${worker.fd(fd)}`, ')', 0);
}
