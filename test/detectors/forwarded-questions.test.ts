import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AnyMetrics } from '../../src/detectors/metric.ts';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { HUB, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'slow-dependency';
/** The socket on which clients ask, and the first one from which another name server is asked. */
const SERVICE = 6;
const OTHERS = 20;
const OTHER_SERVER = '10.0.0.2:53';

const inet = (port: number, host = '10.0.0.9'): string =>
  `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("${host}")}`;

/** A message about the name `NNN.example`, with that number; `flags` are its second pair of bytes. */
const message = (id: number, name: number, flags: string): string =>
  `"\\0\\${id.toString(8).padStart(3, '0')}${flags}\\0\\1\\0\\0\\0\\0\\0\\0\\003${name}\\7example\\0\\0\\1\\0\\1"`;
const QUESTION = '\\1\\0';
const ANSWER = '\\201\\200';
const SERVER_FAILURE = '\\201\\202';
const NO_SUCH_NAME = '\\201\\203';

/** A forwarder that was there before the capture. */
class Forwarder {
  readonly trace = new TraceLines();
  readonly thread: ThreadLines;

  constructor(label = 'UDP:[10.0.0.1:53]') {
    this.thread = this.trace.thread(101).at(0);
    this.thread.labels.set(HUB, 'anon_inode:[eventpoll]');
    this.thread.labels.set(SERVICE, label);
  }

  /** A client asks; the question goes on to another server, through a socket of its own. */
  forwards(at: number, name: number, to = inet(53, '10.0.0.2')): void {
    const fd = OTHERS + (name % 100);
    this.thread.waitUntil(at, SERVICE);
    this.thread.call(
      `recvfrom(${this.thread.fd(SERVICE)}, `,
      `${message(name % 256, name, QUESTION)}, 4096, 0, ${inet(40000 + (name % 100))}, [16])`,
      33,
    );
    this.thread.call('socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, IPPROTO_IP', ')', `${fd}<UDP:[${7000 + fd}]>`);
    this.asksAgain(name, to);
  }

  asksAgain(name: number, to = inet(53, '10.0.0.2')): void {
    const fd = OTHERS + (name % 100);
    this.thread.labels.set(fd, `UDP:[${7000 + fd}]`);
    this.thread.call(`sendto(${this.thread.fd(fd)}, ${message(99, name, QUESTION)}, 33, 0, ${to}, 16`, ')', 33);
  }

  answered(at: number, name: number, flags = ANSWER): void {
    const fd = OTHERS + (name % 100);
    this.thread.waitUntil(at, fd);
    const from = inet(53, '10.0.0.2');
    this.thread.call(`recvfrom(${this.thread.fd(fd)}, `, `${message(99, name, flags)}, 4096, 0, ${from}, [16])`, 33);
  }

  refused(at: number, name: number): void {
    const fd = OTHERS + (name % 100);
    this.thread.waitUntil(at, fd);
    const nothing = '0x7ffd5000, 4096, 0, 0x7ffd6000, [28])';
    this.thread.call(`recvfrom(${this.thread.fd(fd)}, `, nothing, '-1 ECONNREFUSED (Connection refused)');
  }

  replies(name: number, flags = ANSWER): void {
    const to = inet(40000 + (name % 100));
    const text = message(name % 256, name, flags);
    this.thread.call(`sendto(${this.thread.fd(SERVICE)}, ${text}, 33, 0, ${to}, 16`, ')', 33);
  }

  replied(at: number, name: number, flags = ANSWER): void {
    this.thread.waitUntil(at);
    this.replies(name, flags);
  }

  /** So many questions that are answered within 20 ms. */
  quick(count: number, from: number): void {
    for (let name = 100; name < 100 + count; name++) {
      this.forwards(from + 40 * (name - 100), name);
      this.answered(this.thread.now + 20, name);
      this.replies(name);
    }
  }

  endsAt(ms: number): TraceLines {
    this.thread.waitUntil(ms);
    return this.trace;
  }
}

const row = (metrics: AnyMetrics): AnyMetrics => {
  const [first] = metrics.dependencies as readonly AnyMetrics[];
  assert.ok(first);
  return first;
};

describe('a name server that passes questions on', () => {
  it('has clients that waited for the server behind it, from a second on, and for nothing else', async () => {
    const late = (ms: number): TraceLines => {
      const server = new Forwarder();
      server.quick(3, 50);
      server.forwards(300, 201);
      server.answered(300 + ms, 201);
      server.replies(201);
      return server.endsAt(4000);
    };
    const { severity, confidence, title, metrics } = only(await analyzed(late(1511)), KIND);
    assert.deepEqual([severity, confidence], ['warning', 'likely']);
    assert.equal(title, `1 DNS question waited up to 1.51 s for ${OTHER_SERVER}`);
    const { peer, protocol, waits, requests, longRequests, failedReplies, unanswered } = row(metrics);
    assert.deepEqual([peer, protocol, waits, requests], [OTHER_SERVER, 'DNS', 4, 4]);
    assert.deepEqual([longRequests, failedReplies, unanswered], [1, 0, 0]);
    const healthy = await analyzed(late(700));
    none(healthy, KIND);
    assert.match(
      healthy.outcomes[KIND]?.reason ?? '',
      /^4 DNS questions of clients went on to 10\.0\.0\.2:53; the longest wait took 700 ms$/,
    );
  });

  it('says first how many questions of clients it answered, where nothing is found', async () => {
    const server = new Forwarder();
    server.quick(23, 50);
    server.forwards(1200, 201);
    server.answered(1607, 201);
    server.replies(201);
    const { verdict } = await analyzed(server.endsAt(4000));
    assert.match(verdict.text, /24 DNS questions were answered, the slowest after 407 ms/);
    assert.doesNotMatch(verdict.text, /hang-up/);
  });

  it('has nobody whose wait is not explained, where those that have no reply are the finding', async () => {
    const server = new Forwarder();
    server.quick(3, 50);
    server.forwards(300, 201);
    const { verdict } = await analyzed(server.endsAt(6300));
    assert.equal(verdict.text, `Likely: 1 DNS question got no reply: ${OTHER_SERVER} does not answer`);
  });

  it('is a warning from one late question in a hundred on', async () => {
    const oneOf = async (count: number): Promise<string> => {
      const server = new Forwarder();
      for (let round = 0; round < (count - 1) / 10; round++) server.quick(10, server.thread.now + 50);
      server.forwards(server.thread.now + 50, 201);
      server.answered(server.thread.now + 1300, 201);
      server.replies(201);
      return only(await analyzed(server.endsAt(server.thread.now + 500)), KIND).severity;
    };
    assert.equal(await oneOf(91), 'warning');
    assert.equal(await oneOf(111), 'info');
  });

  it('told clients of a failure: the other server was silent, unreachable, or had failed itself', async () => {
    const fails = (failures: number, how: (server: Forwarder, name: number) => void): TraceLines => {
      const server = new Forwarder();
      server.quick(3, 50);
      for (let name = 201; name < 201 + failures; name++) {
        server.forwards(server.thread.now + 20, name);
        how(server, name);
      }
      return server.endsAt(server.thread.now + 100);
    };
    const refused = (server: Forwarder, name: number): void => {
      server.refused(server.thread.now + 2, name);
      server.replies(name, SERVER_FAILURE);
    };
    const silent = (server: Forwarder, name: number): void => {
      server.replied(server.thread.now + 800, name, SERVER_FAILURE);
    };
    const passedOn = (server: Forwarder, name: number): void => {
      server.answered(server.thread.now + 2, name, SERVER_FAILURE);
      server.replies(name, SERVER_FAILURE);
    };
    const titleOf = async (how: typeof refused): Promise<string> => only(await analyzed(fails(3, how)), KIND).title;
    assert.equal(await titleOf(refused), `3 DNS questions failed: no server listens at ${OTHER_SERVER}`);
    assert.match(await titleOf(silent), /^3 DNS questions failed after up to 80\d ms: 10\.0\.0\.2:53 did not answer$/);
    assert.equal(await titleOf(passedOn), `3 DNS questions failed: ${OTHER_SERVER} answered with a failure`);
    // Two may be two bad names, and a name that does not exist is an answer.
    none(await analyzed(fails(2, refused)), KIND);
    const noName = fails(3, (server, name) => {
      server.answered(server.thread.now + 2, name, NO_SUCH_NAME);
      server.replies(name, NO_SUCH_NAME);
    });
    none(await analyzed(noName), KIND);
    // What it had was good: what failed was done here.
    const here = fails(3, (server, name) => {
      server.answered(server.thread.now + 2, name);
      server.replies(name, SERVER_FAILURE);
    });
    none(await analyzed(here), KIND);
  });

  it('says nothing to its clients while the other server says nothing', async () => {
    const waits = (ms: number): TraceLines => {
      const server = new Forwarder();
      server.quick(3, 50);
      server.forwards(300, 201);
      server.forwards(340, 202);
      server.asksAgain(201);
      return server.endsAt(340 + ms);
    };
    const { title, openEnded, metrics } = only(await analyzed(waits(5003)), KIND);
    assert.equal(title, `2 DNS questions got no reply: ${OTHER_SERVER} does not answer`);
    assert.equal(openEnded, true);
    assert.deepEqual([row(metrics).unanswered, row(metrics).waits], [2, 3]);
    none(await analyzed(waits(700)), KIND);
  });

  it('is known by its datagrams where the capture tells no more than that it has a socket', async () => {
    const server = new Forwarder('socket:[4711]');
    server.quick(3, 50);
    server.forwards(300, 201);
    server.answered(2300, 201);
    server.replies(201);
    assert.match(only(await analyzed(server.endsAt(4000)), KIND).title, /waited up to 2\.00 s for 10\.0\.0\.2:53$/);
  });

  it('has waited for the one that was silent, and not for the next one, which answered at once', async () => {
    const server = new Forwarder();
    server.forwards(300, 201, inet(53, '10.0.0.3'));
    server.thread.waitUntil(1900);
    server.asksAgain(201);
    server.answered(1904, 201);
    server.replies(201);
    const { title } = only(await analyzed(server.endsAt(4000)), KIND);
    assert.equal(title, '1 DNS question waited up to 1.60 s for 10.0.0.3:53');
  });

  it('waited for several: each is told, the one first that was silent first', async () => {
    const server = new Forwarder();
    server.forwards(300, 201, inet(53, '10.0.0.3'));
    server.forwards(340, 202);
    server.forwards(380, 203);
    assert.deepEqual(
      ofKind(await analyzed(server.endsAt(5403)), KIND).map(({ title }) => title),
      [
        '1 DNS question got no reply: 10.0.0.3:53 does not answer',
        `2 DNS questions got no reply: ${OTHER_SERVER} does not answer`,
      ],
    );
  });
});
