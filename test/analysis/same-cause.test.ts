import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causeKey } from '../../src/analysis/same-cause.ts';
import { buildFinding } from '../support/report-builder.ts';

const keyOf = (title: string): string => causeKey(buildFinding({ kind: 'stranded-queue', title, metrics: {} }));

test('a cause is the same on another host, however long it took there and in whichever unit', () => {
  const titles = ['702 ms', '1.20 s', '1 h 11 min', '2 d 3 h'].map(
    (time) => `7 connections waited up to ${time} on it`,
  );
  assert.equal(new Set(titles.map(keyOf)).size, 1);
});

test('a cause of another address, file or call is another cause', () => {
  const titles = ['127.0.0.1:18080', '127.0.0.1:18081', '/srv/1.log', '/srv/2.log', 'epoll_wait4', 'epoll_wait'];
  assert.equal(new Set(titles.map((what) => keyOf(`3 of 7 wait for ${what}`))).size, titles.length);
});
