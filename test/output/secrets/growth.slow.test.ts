import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maskSecrets } from '../../../src/output/masking/shapes.ts';
import { redactProse } from '../../../src/output/payload.ts';
import { redactLine } from '../../../src/output/redact-line.ts';

describe('time grows with the length of what is masked', () => {
  const BRICKS = [
    'a',
    '/',
    '"',
    "'",
    '\\',
    '?',
    '(',
    '<',
    '1<',
    'a(',
    '/?',
    '" ',
    'a("",',
    '=',
    'token=',
    'password: ',
    '@',
    '://',
    'a://',
    ')',
    '.',
    ').',
    '%25',
    '&a=',
    'sess_',
    '/sess',
    '--token ',
    'eyJ',
    'AKIA',
    'bearer ',
    'cookie:',
    'SELECT x ',
    '4111 ',
    '[',
    '{"',
    '{"a":',
    'buf: ',
    ', len: 5',
    '<5 bytes>',
    '<removed>',
    'a1',
    'Aa',
    '-',
    '0',
    'ts=1 data=',
    ' = ',
    '$(',
    "-p'",
    'x;',
    '\u00e9',
    '\ud83d\ude00',
  ] as const;
  const FRAMES: readonly (readonly [name: string, frame: (text: string) => string])[] = [
    ['alone', (text) => text],
    ['payload', (text) => `read(3, "${text}", 9) = 9`],
    ['argument', (text) => `execve("/bin/sh", ["sh", "-c", "${text}"], ["A=${text}"]) = 0`],
    ['path', (text) => `openat(AT_FDCWD, "/${text}", O_RDONLY) = 3</${text}>`],
    ['perf', (text) => `     0.030 ( 0.004 ms): python3/4178 write(fd: 8, buf: ${text}, count: 20) = 20`],
    ['request', (text) => `read(3, "GET /${text} HTTP/1.1", 9) = 9`],
  ];
  for (const [name, frame] of FRAMES)
    it(`${name}: time grows as the text does, a megabyte takes seconds at most`, () => {
      for (const brick of BRICKS) {
        const costOf = (length: number): number => {
          const line = frame(brick.repeat(Math.ceil(length / brick.length)));
          const start = process.cpuUsage();
          redactLine(line);
          maskSecrets(line);
          redactProse(line);
          const { user, system } = process.cpuUsage(start);
          return (user + system) / 1000;
        };
        // Four times the length: quadratic would be sixteen times. Where caches become too small on the way linear is
        // up to twelve times: then longer texts decide.
        let [short, long] = [costOf(60_000), costOf(240_000)];
        if (long < 100 || long < 9 * Math.max(short, 5)) continue;
        // A collection of garbage may fall into one of them: what grows too fast does so each time.
        for (let tries = 0; tries < 3; tries++) {
          [short, long] = [costOf(250_000), costOf(1_000_000)];
          if (long < 9 * short) break;
        }
        assert.ok(long < 9 * short, `${JSON.stringify(brick)}: ${short} ms, ${long} ms`);
        assert.ok(long < 8_000, `${JSON.stringify(brick)}: ${long} ms`);
      }
    });
});
