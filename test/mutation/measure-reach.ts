import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TestReach } from './reach.ts';

// Runs the test files that are named, each to its end, and writes what each of them ran into the first file.
const [output = '', ...files] = process.argv.slice(2);
const built = new URL('../..', import.meta.url).href;
const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

const reaches: TestReach[] = [];
for (const file of files) {
  const start = performance.now();
  await import(file);
  // Tests of a file run in their order, so that this one is the last.
  await test(`what ${file} runs`, async () => {
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const covered = result
      .filter(({ url }) => url.startsWith(`${built}src/`))
      .map(({ url, functions }) => ({ file: fileURLToPath(url), functions }));
    reaches.push({ test: file, milliseconds: performance.now() - start, covered });
  });
}
writeFileSync(output, JSON.stringify(reaches));
