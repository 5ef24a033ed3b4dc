import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzed } from '../support/analyzed.ts';

const reportOn = (...lines: readonly string[]): Promise<Report> => analyzed(`${lines.join('\n')}\n`);

const stuckIn = ({ findings }: Report) => findings.filter(({ kind }) => kind === 'stuck-call');

describe('a write to the standard output that does not end', () => {
  it('is answered with how to find who does not read', async () => {
    const [finding] = stuckIn(await reportOn('strace: Process 4110 attached', 'write(1, "a line of a log\\n", 16'));
    const commands = finding?.next.map(({ command }) => command) ?? [];
    assert.ok(commands.includes('ls -l /proc/4110/fd/1'), commands.join('\n'));
    assert.ok(
      commands.includes('P=$(readlink /proc/4110/fd/1) && ls -l /proc/[0-9]*/fd/* 2>/dev/null | grep -F "$P"'),
      commands.join('\n'),
    );
  });

  it('is no read: who waits for input is not asked for readers', async () => {
    const [finding] = stuckIn(await reportOn('strace: Process 4110 attached', 'read(0, '));
    assert.doesNotMatch(JSON.stringify(finding?.next ?? []), /does not read/);
  });
});

describe('a poll with a limit of a day', () => {
  const CONNECT =
    'connect(8, {sa_family=AF_INET, sin_port=htons(3306), sin_addr=inet_addr("10.0.0.5")}, 16) = -1 EINPROGRESS ' +
    '(Operation now in progress)';
  const POLL = 'poll([{fd=8, events=POLLIN|POLLERR|POLLHUP}], 1, 86400000';

  it('waits for the answer of the service that the socket was connected to, although nobody saw it made', async () => {
    const [finding] = stuckIn(await reportOn(CONNECT, `${POLL}) = 1 ([{fd=8, revents=POLLIN}])`, POLL));
    assert.match(finding?.summary ?? '', /It waits for an answer from 10\.0\.0\.5:3306 \(MySQL by convention\)\./);
  });

  it('waits for whatever that descriptor is where no connect was seen', async () => {
    const [finding] = stuckIn(await reportOn(POLL));
    assert.match(finding?.summary ?? '', /It waits for fd 8, or the end of a time limit that is far away\./);
  });

  it('is no news where the limit is a pause of a master', async () => {
    assert.deepEqual(stuckIn(await reportOn(POLL.replace('86400000', '1000').replace('=8', '=9'))), []);
  });
});
