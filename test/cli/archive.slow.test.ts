import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ArchiveRow } from '../../src/archive/row.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { sample } from '../support/truth.ts';

const TRACE = sample('gil-starvation').trace;
const UNDATED = `15:45:21.100000 epoll_wait(4, [{events=EPOLLIN, data={u32=3, u64=3}}], 64, 100) = 1 <0.010000>
15:45:22.200000 epoll_wait(4, [], 64, 100) = 0 <0.100000>
`;
/** A request that holds its event loop for two seconds, after some that did not. */
const WITH_SECRET = `${Array.from({ length: 9 }, (_, index) => quickRequest(1_795_189_530 + index)).join('')}\
7 1795189539.110800 epoll_wait(4, [{events=EPOLLIN, data={u32=3, u64=3}}], 64, -1) = 1 <0.999300>
7 1795189540.110200 accept4(3, {sa_family=AF_INET, sin_port=htons(40001), sin_addr=inet_addr("10.0.0.7")}, [16], SOCK_CLOEXEC|SOCK_NONBLOCK) = 9 <0.000010>
7 1795189540.110300 recvfrom(9, "GET /pay?token=sesame HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n", 4096, 0, NULL, NULL) = 43 <0.000010>
7 1795189540.110400 clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=2, tv_nsec=0}, NULL) = 0 <2.000100>
7 1795189542.110600 sendto(9, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19 <0.000020>
7 1795189542.110700 epoll_wait(4, [], 64, 100) = 0 <0.100200>
7 1795189542.211000 epoll_wait(4, [], 64, 100) = 0 <0.100200>
`;

function quickRequest(second: number): string {
  return `7 ${second}.110800 epoll_wait(4, [{events=EPOLLIN, data={u32=3, u64=3}}], 64, -1) = 1 <0.999500>
7 ${second + 1}.110200 accept4(3, {sa_family=AF_INET, sin_port=htons(40001), sin_addr=inet_addr("10.0.0.7")}, [16], SOCK_CLOEXEC|SOCK_NONBLOCK) = 9 <0.000010>
7 ${second + 1}.110300 recvfrom(9, "GET / HTTP/1.1\\r\\n\\r\\n", 4096, 0, NULL, NULL) = 18 <0.000010>
7 ${second + 1}.110600 sendto(9, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19 <0.000020>
7 ${second + 1}.110700 close(9) = 0 <0.000010>
`;
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ndjson'));
}

function rowsIn(folder: string): readonly ArchiveRow[] {
  return filesIn(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ArchiveRow),
  );
}

describe('drover archive', () => {
  it('keeps a capture below its day, for its owner alone, and says where', async () => {
    const folder = join(temporaryFolder(), 'kept');
    const { code, stdout, stderr } = await runDrover(['archive', folder, TRACE]);
    assert.deepEqual([code, stderr], [0, '']);
    const [name = '', ...others] = filesIn(folder);
    assert.equal(others.length, 0);
    assert.match(name, /^day=2026-\d\d-\d\d\/[\w.-]+\.[0-9a-f]{12}\.ndjson$/);
    assert.ok(stdout.includes(join(folder, name)), stdout);
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
    const [capture, ...rows] = rowsIn(folder);
    assert.equal(capture?.record, 'capture');
    assert.ok(rows.some(({ kind }) => kind === 'gil-starvation'));
  });

  it('counts a capture once, under whatever name, until it is told to replace it', async () => {
    const folder = temporaryFolder();
    const copy = join(folder, 'web-1.strace.gz');
    writeFileSync(copy, readFileSync(TRACE));
    await runDrover(['archive', folder, TRACE]);
    const [name = ''] = filesIn(folder);
    writeFileSync(join(folder, name), 'mine\n');
    const again = await runDrover(['archive', folder, copy]);
    assert.equal(again.code, 0);
    assert.match(again.stdout, /kept already in /);
    assert.deepEqual(filesIn(folder), [name]);
    assert.equal(readFileSync(join(folder, name), 'utf8'), 'mine\n');
    await runDrover(['archive', folder, copy, '--force']);
    assert.equal(rowsIn(folder)[0]?.host, 'web-1');
  });

  it('keeps a saved report as it keeps its capture', async () => {
    const [direct, saved] = [temporaryFolder(), temporaryFolder()];
    const report = join(saved, 'report.json');
    await runDrover([TRACE, '--json', '-o', report]);
    await runDrover(['archive', direct, TRACE]);
    assert.equal((await runDrover(['archive', saved, report])).code, 0);
    assert.deepEqual(rowsIn(saved), rowsIn(direct));
  });

  it('asks for the day where the clock has no date, and keeps the others', async () => {
    const folder = temporaryFolder();
    const undated = join(folder, 'web-9.strace');
    writeFileSync(undated, UNDATED);
    const alone = await runDrover(['archive', folder, undated]);
    assert.equal(alone.code, 3);
    assert.match(alone.stderr, /has no date.*\n.*--day YYYY-MM-DD/);
    const both = await runDrover(['archive', folder, undated, TRACE]);
    assert.equal(both.code, 0);
    assert.match(both.stderr, /Left out .*web-9\.strace: its clock has no date/);
    assert.equal(filesIn(folder).length, 1);
    assert.equal((await runDrover(['archive', folder, undated, '--day', '2026-02-28'])).code, 0);
    assert.ok(existsSync(join(folder, 'day=2026-02-28')));
  });

  it('masks what clients sent', async () => {
    const folder = temporaryFolder();
    const trace = join(folder, 'web-1.strace');
    writeFileSync(trace, WITH_SECRET);
    await runDrover(['archive', folder, trace]);
    assert.equal(rowsIn(folder).find(({ kind }) => kind === 'loop-stall')?.request, 'GET /pay');
    assert.doesNotMatch(JSON.stringify(rowsIn(folder)), /sesame/);
  });

  it('prints tables, views and questions for a database', async () => {
    assert.match(
      (await runDrover(['archive', '--sql', 'duckdb'])).stdout,
      /CREATE OR REPLACE VIEW new_since_yesterday/,
    );
    assert.match((await runDrover(['archive', '--sql', 'clickhouse'])).stdout, /ReplacingMergeTree/);
  });

  it('says in one line what is wrong with the words', async () => {
    const folder = temporaryFolder();
    for (const [words, message] of [
      [[], 'No folder is named.'],
      [[folder], 'No capture is named'],
      [[folder, '-'], 'Standard input (-) cannot be archived.'],
      [[folder, TRACE, '--day', '2026-02-30'], '--day 2026-02-30 is no day.'],
      [[folder, TRACE, '--sql', 'oracle'], 'oracle'],
      [[folder, '--sql', 'duckdb'], '--sql prints a text and keeps nothing.'],
    ] as const) {
      const { code, stdout, stderr } = await runDrover(['archive', ...words]);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.ok(stderr.includes(message) && stderr.trimEnd().split('\n').length <= 2, stderr);
    }
  });
});
