import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { analyzed } from '../support/analyzed.ts';

/** Recordings of runtimes whose threads take turns, all healthy by the clients' clock. */
const HEALTHY = ['go-idle', 'go-tls', 'inets-idle'];

function linesOf(scene: string): string[] {
  const path = fileURLToPath(new URL(`../../../samples/servers/${scene}/trace.strace.gz`, import.meta.url));
  return gunzipSync(readFileSync(path)).toString('latin1').split('\n');
}

/** What strace prints without `-y`. */
const withoutNames = (line: string): string => line.replace(/(?<=[(, =]\d+|fd=\d+)<(?!\d+\.\d+>$)[^<>]*>/g, '');

describe('a capture that begins late, of a healthy server whose threads take turns at one epoll set', () => {
  for (const scene of HEALTHY)
    for (const names of ['with', 'without'] as const)
      it(`of ${scene}, ${names} names of descriptors: no warning, wherever it begins`, async () => {
        const lines = names === 'with' ? linesOf(scene) : linesOf(scene).map(withoutNames);
        for (const share of [0.3, 0.66]) {
          const { findings } = await analyzed(lines.slice(Math.floor(lines.length * share)).join('\n'));
          assert.deepEqual(
            findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title),
            [],
            `from ${share} on`,
          );
        }
      });
});
