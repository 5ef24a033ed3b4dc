import assert from 'node:assert/strict';
import test from 'node:test';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { memoryInput } from '../support/memory-input.ts';

const BASE = 1_795_197_672;
const at = (seconds: number, pid: number, text: string): string => `${pid} ${(BASE + seconds).toFixed(6)} ${text}`;

/** Reads a request from a client of its own. */
const reads = (seconds: number, pid: number, fd: number, path: string): readonly string[] => {
  const client = `${fd}<TCP:[10.0.0.4:8000->10.2.0.7:${51_000 + fd}]>`;
  return [
    at(seconds, pid, 'epoll_wait(4<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=3}}], 8, -1) = 1 <0.000100>'),
    at(seconds + 0.001, pid, `accept4(3<TCP:[0.0.0.0:8000]>, NULL, NULL, SOCK_CLOEXEC) = ${client} <0.000050>`),
    at(
      seconds + 0.002,
      pid,
      `recvfrom(${client}, "GET ${path} HTTP/1.1\\r\\n\\r\\n", 8192, 0, NULL, NULL) = 24 <0.000020>`,
    ),
  ];
};

async function requestsOf(lines: readonly string[], growing: boolean): Promise<readonly string[]> {
  let told: readonly string[] = [];
  await analyzeInputs(
    {
      kind: 'live',
      paths: ['trace'],
      inputs: [memoryInput('trace', `${lines.join('\n')}\n`)],
      leftOut: [],
      notices: [],
    },
    { activity: true, growing, goesOn: growing },
    {
      progress: (progress) => {
        told = progress.activity()?.requests.map(({ request }) => request) ?? [];
      },
    },
  );
  return told;
}

const waits = (from: number, pid: number): readonly string[] =>
  Array.from({ length: 7 }, (_, index) =>
    at(from + index, pid, 'epoll_wait(4<anon_inode:[eventpoll]>, [], 8, 1000) = 0 <0.990000>'),
  );

test('a first request that nobody answers is among those without an answer while one watches', async () => {
  const lines = [...reads(1, 101, 7, '/hang'), ...waits(2, 101)];
  assert.deepEqual(await requestsOf(lines, true), ['GET /hang']);
});

test('of a process of which no answer is seen nobody says that it answers none', async () => {
  const three = [1, 2, 3].flatMap((from, index) => reads(from, 101, 7 + index, '/quick'));
  assert.deepEqual(await requestsOf([...three, ...waits(4, 101)], true), []);
});
