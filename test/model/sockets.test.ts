import assert from 'node:assert/strict';
import test from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { accept, EXACT_START, scheduled, tcp, wait } from '../support/scheduled-lines.ts';

const COUNT = 23;

/** Connections that wait `delay` microseconds each to be accepted. */
function connections(delay: number, count = COUNT): string {
  const lines = [EXACT_START];
  for (let i = 0; i < count; i++) {
    const at = 1_000_000 * (i + 1);
    lines.push(tcp('established', at - delay, 40_000 + i), wait(101, at - 900_000, at - 10, 5, 1));
    lines.push(accept(101, at - 3, 12, 40_000 + i), scheduled({ tid: 101, call: 'close', at: at + 100, args: [12] }));
  }
  return `${[...lines, wait(101, 1_000_000 * count + 200, 1_000_000 * (count + 1), -1, 1)].join('\n')}\n`;
}

test('connections that wait 50 ms to be accepted are a warning, 100 ms are critical, less is told only', async () => {
  const late = only(await analyzed(connections(60_000)), 'accept-delay');
  assert.deepEqual([late.severity, late.metrics.connections, late.metrics.deadOnArrival], ['warning', COUNT, 0]);
  assert.ok(
    Math.abs((late.metrics.p95Ms as number) - 60) < 4 && late.metrics.maxMs === 60,
    JSON.stringify(late.metrics),
  );
  assert.equal(only(await analyzed(connections(110_000)), 'accept-delay').severity, 'critical');
  assert.match(none(await analyzed(connections(40_000)), 'accept-delay'), /half waited up to 40 ms/);
});

test('a share of a few connections is no share', async () => {
  none(await analyzed(connections(110_000, 19)), 'accept-delay');
  only(await analyzed(connections(110_000, 20)), 'accept-delay');
});

test('a client that left before it was accepted is dead on arrival', async () => {
  const lines = [
    EXACT_START,
    tcp('established', 100, 40_007),
    tcp('closed', 300_000, 40_007),
    wait(101, 0, 400_000, 5, 1),
    accept(101, 400_010, 12, 40_007),
    wait(101, 400_100, 500_000, -1, 1),
    '',
  ];
  const finding = only(await analyzed(lines.join('\n')), 'accept-delay');
  assert.match(finding.title, /1 client of .* left before being accepted/);
  assert.deepEqual([finding.severity, finding.metrics.deadOnArrival, finding.metrics.maxMs], ['warning', 1, 399.913]);
});

test('a capture without states of connections cannot tell', async () => {
  assert.match(none(await analyzed(connections(110_000).replace(/^event=tcp.*\n/gm, '')), 'accept-delay'), /exact\.bt/);
});

/**
 * A request of 600 ms whose client leaves after `leaves` microseconds; the worker looks at nothing but its upstream
 * meanwhile.
 */
function request(leaves: number, how: 'closed' | 'reset'): string {
  return [
    EXACT_START,
    tcp('established', 900, 40_001),
    wait(101, 0, 1_000, 5, 1),
    accept(101, 1_010, 12, 40_001),
    scheduled({
      tid: 101,
      call: 'recvfrom',
      at: 1_020,
      took: 10,
      ret: 50,
      args: [12, 1, 8192, 0],
      data: 'GET /report HTTP/1.1\\x0d\\x0a\\x0d\\x0a',
    }),
    wait(101, 1_100, 601_000, 13, 1),
    tcp(how, leaves, 40_001),
    scheduled({
      tid: 101,
      call: 'sendto',
      at: 601_030,
      took: 10,
      ret: 60,
      args: [12, 1, 60, 0],
      data: 'HTTP/1.1 200 OK\\x0d\\x0a',
    }),
    scheduled({ tid: 101, call: 'close', at: 601_050, args: [12] }),
    wait(101, 601_100, 900_000, -1, 1),
    '',
  ].join('\n');
}

test('a client that leaves before the reply is seen although no system call shows it', async () => {
  for (const how of ['closed', 'reset'] as const) {
    const finding = only(await analyzed(request(400_000, how)), 'abandoned-request');
    assert.deepEqual(
      (finding.metrics.requests as readonly Record<string, unknown>[]).map(({ request: line, answered, ageMs }) => [
        line,
        answered,
        ageMs,
      ]),
      [['GET /report', true, 398.987]],
    );
  }
});

test('a client that leaves after the reply has not hung up', async () => {
  none(await analyzed(request(601_045, 'closed')), 'abandoned-request');
});

test('an ignored SIGPIPE is told as that', async () => {
  const lines = request(700_000, 'closed').split('\n');
  const failed = scheduled({
    tid: 101,
    call: 'sendto',
    at: 601_045,
    took: 3,
    ret: -32,
    args: [12, 1, 60, 0],
    data: 'body',
  });
  const signal = 'event=signal ts=1601047000 pid=101 tid=101 to=101 sig=13 code=0 result=1';
  const text = [...lines.slice(0, 8), failed, signal, ...lines.slice(8)].join('\n');
  assert.match(only(await analyzed(text), 'broken-pipe').summary, /The process ignores SIGPIPE\./);
  const unknown = [...lines.slice(0, 8), failed, ...lines.slice(8)].join('\n');
  assert.doesNotMatch(only(await analyzed(unknown), 'broken-pipe').summary, /SIGPIPE/);
});
