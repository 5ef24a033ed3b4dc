import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FIRST_STAMP, quickly, same, testDamagedLines, testSampleLines } from './call-line-both-ways.ts';

const PLAIN = `ts=${FIRST_STAMP + 5} dur=7 pid=16202 tid=16203 nr=288`;

describe('a call line read from its bytes', () => {
  testSampleLines(7);

  it('says the same of every result, number and machine', () => {
    for (const ret of [
      '0',
      '-0',
      '5',
      '-1',
      '-11',
      '-511',
      '-512',
      '-516',
      '-517',
      '-4095',
      '-4096',
      '140000000000001',
    ])
      assert.ok(same(`${PLAIN} ret=${ret} a=5,0,0,0 data=`), ret);
    for (const first of ['0', 'ffffff9c', 'ffffffffffffff9c', '7fffffff', '80000000', '100000005', 'deadbeefdeadbeef'])
      assert.ok(same(`${PLAIN} ret=0 a=${first} data=\\x02\\x00`), first);
    for (const machine of ['x86-64', 'arm64'] as const)
      for (let number = 0; number < 460; number++)
        same(`ts=${FIRST_STAMP} dur=1 pid=1 tid=2 nr=${number} ret=3 a=5,1,2,3 data=GET /`, machine);
    assert.ok(same(`${PLAIN} ret=1 a=5,0,0,0 sched=0,12,3000000,4,1 data=`));
  });

  for (const [what, line] of Object.entries({
    'has another key': `${PLAIN} ret=0 a=5 comm=x data=`,
    'has no bytes': `${PLAIN} ret=0 a=5`,
    'has a name for the call': `ts=1 dur=7 pid=1 tid=2 call=read ret=0 a=5 data=`,
    'has a number that a double does not hold': `${PLAIN} ret=1234567890123456 a=5 data=`,
    'has seven arguments': `${PLAIN} ret=0 a=1,2,3,4,5,6,7 data=`,
    'has an argument of 17 digits': `${PLAIN} ret=0 a=12345678901234567 data=`,
    'has four numbers of the scheduler': `${PLAIN} ret=0 a=5 sched=1,2,3,4 data=`,
    'is not ASCII': `${PLAIN} ret=0 a=5 data=caf\xc3\xa9`,
    'ends with a carriage return': `${PLAIN} ret=0 a=5 data=x\r`,
    'has a loss behind it': `${PLAIN} ret=0 a=5 data=xLost 17 events`,
    'is far from the others': `ts=${FIRST_STAMP * 1e4} dur=7 pid=1 tid=2 nr=0 ret=0 a=5 data=`,
    'lasts longer than any capture': `ts=${FIRST_STAMP} dur=9999999999999999 pid=1 tid=2 nr=0 ret=0 a=5 data=`,
    'has a thread that cannot be': `ts=${FIRST_STAMP} dur=7 pid=1 tid=4294967296 nr=0 ret=0 a=5 data=`,
    'is longer than what is quoted': `${PLAIN} ret=0 a=5 data=${'x'.repeat(1_000)}`,
  }))
    it(`is left to the careful reader when it ${what}`, () => assert.equal(quickly(line), null));

  testDamagedLines(3_001);
});
