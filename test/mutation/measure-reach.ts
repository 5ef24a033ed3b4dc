import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TestReach } from './reach.ts';

// Runs the test files that are named, each to its end, and writes what each of them ran into a file, with names
// relative to a root.
const [root = '', output = '', ...files] = process.argv.slice(2);
const built = new URL('../..', import.meta.url).href;
const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

const reaches: TestReach[] = [];
for (const file of files) {
  const start = process.cpuUsage();
  await import(file);
  // Tests of a file run in their order, so that this one is the last.
  await test(`what ${file} runs`, async () => {
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const covered = result
      .filter(({ url }) => url.startsWith(`${built}src/`))
      .map(({ url, functions }) => ({ file: relative(root, fileURLToPath(url)), functions }));
    const { user, system } = process.cpuUsage(start);
    reaches.push({ test: relative(root, file), milliseconds: (user + system) / 1_000, covered });
  });
}
writeFileSync(output, JSON.stringify(reaches));
