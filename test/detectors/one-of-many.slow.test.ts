import { describe } from 'node:test';
import { testEachThread } from './one-of-many.ts';

describe('one thread of a process that has others, traced without -f', () => {
  testEachThread(['go', 'go-idle', 'go-tls', 'go-events']);
});
