import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { straceFormat } from '../../parsers/strace/format.ts';
import { processorMs } from '../support/processor-time.ts';
import { askCutLines, everything, parsed } from './call-questions.ts';

/** Beginnings of what the grammar knows, whose ends never come. */
const ENDLESS = [
  '<',
  '{fd=1, ',
  '[1<',
  '[1 ',
  ' [',
  '{u32=1',
  ', data={u32=',
  'revents=',
  '"',
  '\\\\"',
  'iov_base="',
  'sun_path="\\\\',
  'SCM_RIGHTS, cmsg_data=[1',
  'l_type=F_WRLCK',
  'EPOLL_CTL_ADD, 1',
  ', ',
];

describe('arguments that are cut or make no sense', () => {
  it('answer every question, wherever the line of any call is cut or damaged', () => {
    const calls = askCutLines(3);
    assert.ok(calls > 5_000, `${calls} calls`);
  });

  it('are read in time that grows with their length only', () => {
    for (const text of ENDLESS) {
      const long = text.repeat(Math.ceil(100_000 / text.length));
      const begun = processorMs();
      for (const call of ['sendmsg', 'poll', 'select', 'epoll_wait', 'futex', 'flock', 'execve', 'fcntl'])
        parsed(straceFormat, `7 1795140800.000000 ${call}(1, ${long}) = 1 (${long}) <0.000005>\n`, everything);
      assert.ok(processorMs() - begun < 5_000, `${text}: ${processorMs() - begun} ms`);
    }
  });
});
