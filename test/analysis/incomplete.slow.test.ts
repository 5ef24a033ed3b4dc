import { describe } from 'node:test';
import { testLateAnswers, testMissingLines, testSuccessful, testWholeSeconds } from './incomplete-captures.ts';

describe('a capture that was filtered by names of calls', () => {
  testLateAnswers(['servers/gthread-slow', 'servers/waitress-slow', 'servers/gunicorn-sync-exhausted']);
});

describe('a capture of which lines were taken out', () => {
  testMissingLines(['asyncio-server/healthy', 'heartbeat-late/healthy', 'endless-job/healthy'], [7, 31, 59, 83]);
});

describe('stamps of whole seconds', () => {
  testWholeSeconds(['servers/waitress-slow', 'servers/nginx-leavers', 'servers/puma-single-slow']);
});

describe('a capture of the calls that did not fail (-z)', () => {
  testSuccessful(['herd-gunicorn-gevent', 'node-cluster/healthy', 'servers/nginx']);
});
