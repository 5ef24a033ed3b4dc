import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detectFormat } from '../../parsers/registry.ts';
import { readTrace, unpackedBytes } from './read-trace.ts';

const CALL = 'epoll_wait(7, [], 64, 1000) = 0';

/** What stands before the call, by the program that writes it, and what strace would have written there. */
const COLUMNS: readonly (readonly [program: string, first: string, second: string, kind: string, ms: number])[] = [
  ['ts', 'Jul 01 13:55:25 ', 'Jul 01 13:55:27 ', 'clock-seconds', 2_000],
  ['ts with a fraction', 'Oct 04 14:08:51.250000 ', 'Oct 04 14:08:51.750000 ', 'clock', 500],
  ['brackets', '[2018-10-04 14:08:51] ', '[2018-10-04 14:08:52] ', 'clock-seconds', 1_000],
  ['dmesg -T', '[Thu Oct 04 14:08:51 2018] ', '[Thu Oct 04 14:08:53 2018] ', 'clock-seconds', 2_000],
  ['a time in brackets', '[14:08:51.123] ', '[14:08:51.623] ', 'clock', 500],
  ['Go log', '2018/10/04 14:08:51 ', '2018/10/04 14:08:54 ', 'clock-seconds', 3_000],
  ['kubectl logs --timestamps', '2026-11-20T18:29:01.188123456Z ', '2026-11-20T18:29:02.188123456Z ', 'epoch', 1_000],
  [
    'a container runtime',
    '2026-11-20T18:29:01.188123456+01:00 stdout F ',
    '2026-11-20T18:29:01.288123456+01:00 stdout F ',
    'epoch',
    100,
  ],
  ['the journal', 'Nov 20 13:55:25 web1 strace[4711]: ', 'Nov 20 13:55:26 web1 strace[4711]: ', 'clock-seconds', 1_000],
  ['docker compose', 'web-1  | ', 'web-1  | ', 'none', 0],
  [
    'docker compose --timestamps',
    'web_1  | 2026-11-20T18:29:01.188123456Z ',
    'web_1  | 2026-11-20T18:29:01.288123456Z ',
    'epoch',
    100,
  ],
  ['date(1)', 'Thu Oct  4 14:08:51 UTC 2018 ', 'Thu Oct  4 14:08:53 UTC 2018 ', 'clock-seconds', 2_000],
  [
    'journalctl -o short-full',
    'Fri 2026-11-20 13:55:25 CET web1 strace[4711]: ',
    'Fri 2026-11-20 13:55:26 CET web1 strace[4711]: ',
    'clock-seconds',
    1_000,
  ],
  [
    'journalctl -o short-unix',
    '1795182925.250000 web1 strace[4711]: ',
    '1795182925.500000 web1 strace[4711]: ',
    'epoch',
    250,
  ],
  [
    'journalctl -o short-monotonic',
    '[  117.250000] web1 strace[4711]: ',
    '[  118.250000] web1 strace[4711]: ',
    'none',
    0,
  ],
  ['grep -H of several files', 'trace.4711:', 'trace.4711:', 'none', 0],
  ['grep -Hn of several files', 'out/trace.log:17:', 'out/trace.log:19:', 'none', 0],
  ['a quote of a quote', '>> ', '>> ', 'none', 0],
  ['kubectl logs --prefix', '[pod/web-7f/app] ', '[pod/web-7f/app] ', 'none', 0],
  [
    'syslog of RFC 5424',
    '<34>1 2026-11-20T18:29:01.1Z host app 12 - - ',
    '<34>1 2026-11-20T18:29:01.2Z host app 12 - - ',
    'epoch',
    100,
  ],
];

describe('numbers in brackets before each call', () => {
  const tids = (lines: readonly string[]): readonly number[] => {
    const read = readTrace(`${lines.join('\n')}\n`);
    return [...new Set(read.calls.map(({ tid }) => tid))];
  };

  it('are threads where they cannot be numbers of calls', () => {
    assert.deepEqual(tids(['[2506] close(4) = 0', '[2511] dup2(4, 1) = 1', '[2511] close(4) = 0']), [2506, 2511]);
    assert.deepEqual(tids(['[15] close(4) = 0', '[16] close(4) = 0', '[16] getpid() = 16']), [15, 16]);
  });

  it('are numbers of calls where each call has one of its own (-n)', () => {
    assert.deepEqual(tids(['[   3] close(4) = 0', '[  39] getpid() = 16', '[   3] close(5) = 0']), [0]);
    assert.deepEqual(tids(['[1073741827] close(4) = 0', '[1073741863] getpid() = 16']), [0]);
  });
});

describe('columns of other programs before each line', () => {
  for (const [program, first, second, kind, ms] of COLUMNS)
    it(`of ${program} are taken away, and tell the time where strace did not`, () => {
      const text = `${first}${CALL}\n${second}${CALL}\n`;
      assert.equal(detectFormat(unpackedBytes(Buffer.from(text)))?.id, 'strace');
      const { calls, account, flags } = readTrace(text);
      const [a, b] = calls;
      assert.equal(account.unparsed + account.foreign, 0);
      assert.equal(flags.timestamps, kind);
      assert.equal(a?.name, 'epoll_wait');
      assert.equal(Math.round(((b?.start ?? 0) - (a?.start ?? 0)) / 1e6), ms);
    });

  it('end before a pid of four digits, which is no year', () => {
    for (const stamp of [
      '2026-11-20T18:29:01.5Z ',
      '2026-11-20 18:29:01.5 ',
      '[2026-11-20 18:29:01] ',
      'Nov 20 18:29:01 ',
    ]) {
      const { calls } = readTrace(`${stamp}2018 ${CALL}\n${stamp}2019 ${CALL}\n`);
      assert.deepEqual(
        calls.map(({ tid }) => tid),
        [2018, 2019],
        stamp,
      );
    }
  });

  it('do not hide that a record begins behind a call that was cut', () => {
    const lines = ['close(3) = 0', 'read(4, "abc', 'close(5) = 0', 'read(6, "", 8) = 0', 'close(7) = 0'];
    const { calls, account } = readTrace(
      lines.map((line, n) => `2026-11-20T18:29:0${n}.5Z stdout F 12 ${line}\n`).join(''),
    );
    assert.deepEqual(
      calls.map(({ fd }) => fd),
      [3, 5, 6, 7],
    );
    assert.equal(account.unparsed, 1);
  });

  it('stand before a pid, and do not replace the times of strace', () => {
    const text = [1, 2]
      .map((n) => `web-1  | 2026-11-20T18:29:0${n}.5Z 12 14:08:51.22300${n} ${CALL} <1.001>\n`)
      .join('');
    const { calls, flags } = readTrace(text);
    assert.equal(flags.timestamps, 'clock');
    const [a, b] = calls;
    assert.equal(a?.tid, 12);
    assert.equal((b?.start ?? 0) - (a?.start ?? 0), 1_000);
  });
});

it('the call that an attached process is stuck in is read behind columns with times, as is prose', () => {
  for (const column of ['Jul 01 13:55:25 web1 app[4711]: ', '2026-07-01T13:55:25.123456789Z ', 'web-1  | ']) {
    const lines = [
      '# strace -p 17087',
      'strace: Process 17087 attached',
      'futex(0x7fdbf9e42760, FUTEX_WAIT_PRIVATE, 2, NULL',
      '',
      'I got just:',
      'postmaster S 0 17087',
      '```',
      'strace: Process 17089 attached',
      'recvfrom(7, ',
      '```',
      'It hangs.',
    ];
    const { calls, inFlight, account } = readTrace(lines.map((line) => `${column}${line}\n`).join(''));
    assert.deepEqual(
      [...calls, ...inFlight].map(({ tid, name }) => [tid, name]),
      [
        [17087, 'futex'],
        [17089, 'recvfrom'],
      ],
      column,
    );
    assert.equal(account.unparsed, 0, column);
  }
});
