import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { HUB, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'loop-stall';
/** The socket on which clients ask, and the one from which others are asked. */
const SERVICE = 6;
const OTHERS = 9;

const inet = (port: number, host = '10.0.0.9'): string =>
  `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("${host}")}`;

function hears(server: ThreadLines, fd: number, from: string): ThreadLines {
  return server.call(`recvfrom(${server.fd(fd)}, `, `"\\20c\\1\\0", 4096, 0, ${from}, [16])`, 4);
}

function sends(server: ThreadLines, fd: number, to: string): ThreadLines {
  return server.call(`sendto(${server.fd(fd)}, "\\20c\\205\\0", 4, 0, ${to}, 16`, ')', 4);
}

/** A name server that was there before the capture, and answers so many clients; then one that it works for. */
function serving(clients: number, work: (server: ThreadLines) => void): TraceLines {
  const trace = new TraceLines();
  const server = trace.thread(101).at(0);
  server.labels.set(HUB, 'anon_inode:[eventpoll]');
  server.labels.set(SERVICE, 'UDP:[10.0.0.1:53]');
  server.labels.set(OTHERS, 'UDP:[0.0.0.0:40321]');
  for (let client = 0; client < clients; client++) {
    server.waitUntil(50 * (client + 1), SERVICE);
    sends(hears(server, SERVICE, inet(4001 + client)), SERVICE, inet(4001 + client));
  }
  server.waitUntil(500, SERVICE);
  work(hears(server, SERVICE, inet(4999)));
  sends(server, SERVICE, inet(4999)).waitUntil(3000);
  return trace;
}

describe('a server of datagrams', () => {
  it('is a loop that stalls while it computes, once it has answered two clients', async () => {
    const stalls = (clients: number): TraceLines => serving(clients, (server) => server.gap(1511));
    const { severity, title } = only(await analyzed(stalls(2)), KIND);
    assert.deepEqual([severity, title], ['critical', 'Worker 101 stalled 1.51 s: computes, or waits for a CPU']);
    none(await analyzed(serving(2, (server) => server.gap(73))), KIND);
    // A third client is the last one, which is answered after the stall.
    assert.equal(only(await analyzed(stalls(1)), KIND).severity, 'critical');
    none(await analyzed(stalls(0)), KIND);
  });

  it('stalls from its first client on, and not while it starts', async () => {
    const started = (stallsAt: number): TraceLines => {
      const trace = new TraceLines();
      const server = trace.thread(101).at(0);
      server.call('execve("/usr/sbin/named", ["named"], 0x7ffd2af5eab8 /* 9 vars */', ')', 0);
      server.call('socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_UDP', ')', `${SERVICE}<UDP:[4711]>`);
      server.call('epoll_create1(EPOLL_CLOEXEC', ')', `${HUB}<anon_inode:[eventpoll]>`);
      server.labels.set(HUB, 'anon_inode:[eventpoll]');
      server.labels.set(SERVICE, 'UDP:[4711]');
      server.waitUntil(20);
      for (let client = 0; client < 4; client++) {
        if (client === stallsAt) server.gap(1511);
        server.waitUntil(server.now + 50, SERVICE);
        sends(hears(server, SERVICE, inet(4001 + client)), SERVICE, inet(4001 + client));
      }
      server.waitUntil(3000);
      return trace;
    };
    none(await analyzed(started(0)), KIND);
    assert.equal(only(await analyzed(started(2)), KIND).severity, 'critical');
  });

  it('has waited for nobody while it was in its own wait, whomever it asked', async () => {
    const forwards = serving(2, (server) => {
      sends(server, OTHERS, inet(53, '10.0.0.2')).waitUntil(2011, OTHERS);
      hears(server, OTHERS, inet(53, '10.0.0.2'));
    });
    none(await analyzed(forwards), KIND);
  });

  it('is none where it asks others, and hears from them alone', async () => {
    const trace = new TraceLines();
    const client = trace.thread(101).at(0);
    client.labels.set(HUB, 'anon_inode:[eventpoll]');
    client.labels.set(OTHERS, 'UDP:[0.0.0.0:40321]');
    for (let round = 0; round < 7; round++) {
      const to = inet(53, `10.0.0.${2 + (round % 3)}`);
      sends(client, OTHERS, to).waitUntil(client.now + 20, OTHERS);
      hears(client, OTHERS, to);
    }
    client.gap(1511).waitUntil(3000);
    none(await analyzed(trace), KIND);
  });
});
