import assert from 'node:assert/strict';
import test from 'node:test';
import { parseCondition } from '../../src/cli/options/until.ts';
import { UsageError } from '../../src/cli/options/usage-error.ts';
import { runDrover } from '../support/run-drover.ts';

test('a condition is a stall, an error, a death or a command', () => {
  assert.deepEqual(parseCondition('stall>500ms'), [{ kind: 'stall', ms: 500 }]);
  assert.deepEqual(parseCondition('stall > 1.5s'), [{ kind: 'stall', ms: 1_500 }]);
  assert.deepEqual(parseCondition('EPIPE'), [{ kind: 'error', errno: 'EPIPE' }]);
  assert.deepEqual(parseCondition('death', [{ kind: 'error', errno: 'EMFILE' }]), [
    { kind: 'error', errno: 'EMFILE' },
    { kind: 'death' },
  ]);
  assert.deepEqual(parseCondition(`cmd:curl -fsS 'http://127.0.0.1/a b' -H "X: y"z --max-time 2`), [
    { kind: 'command', words: ['curl', '-fsS', 'http://127.0.0.1/a b', '-H', 'X: yz', '--max-time', '2'] },
  ]);
});

test('what is no condition is refused with the forms that there are', () => {
  for (const text of [
    'stall',
    'stall>500',
    'stall>9ms',
    'stall>2h',
    'stall<500ms',
    'epipe',
    'EAGAIN',
    'deaths',
    'cmd:',
    'cmd:curl "x',
    'cmd:curl -fsS x | grep ok',
    'cmd:curl x > /dev/null',
    'cmd:a && b',
    '',
  ])
    assert.throws(() => parseCondition(text), UsageError, text);
});

test('what watch never tells is refused as a condition', async () => {
  const words = ['record', '1', '--engine', 'watch', '--ring', '5s', '--until'];
  const short = await runDrover([...words, 'stall>99ms']);
  assert.equal(short.code, 2);
  assert.match(short.stderr, /reports no stall of less than 100 ms/);
  const error = await runDrover([...words, 'EMFILE']);
  assert.match(error.stderr, /does not report EMFILE\.[\s\S]*EPIPE and ECONNRESET/);
});

test('record refuses a condition without a ring, and a command that is not there before it traces', async () => {
  const alone = await runDrover(['record', String(process.pid), '--until', 'death']);
  assert.equal(alone.code, 2);
  assert.match(
    alone.stderr,
    /--until says when the ring is written to a file, and --ring is missing\.[\s\S]*--ring 60s/,
  );
  const missing = await runDrover(['record', '1', '--ring', '5s', '--until', 'cmd:no-such-program-as-this -x']);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /no-such-program-as-this cannot be started/);
});
