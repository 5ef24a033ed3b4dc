import { describe } from 'node:test';
import { testDamagedLines, testSampleLines } from './call-line-both-ways.ts';

describe('a call line read from its bytes', () => {
  testSampleLines(1);
  testDamagedLines(20_000);
});
