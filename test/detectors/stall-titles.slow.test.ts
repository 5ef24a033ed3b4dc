import { describe } from 'node:test';
import { testTitles } from './stall-titles.ts';

describe('the title of a stall that happened more than once', () => {
  testTitles(131, 'all');
  testTitles(1234, 'short and long');
});
