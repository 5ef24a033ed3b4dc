import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Rooms whose tests judge what detectors and model say, the nearest first. */
const ROOMS_OF_MODEL = ['model', 'detectors', 'analysis'];
const ROOMS_OF_DETECTORS = ['detectors', 'analysis', 'model'];

/**
 * The built test files that can notice a change of `changed` (`src/detectors/KIND/finding.js`, relative to `dist`), in
 * the order in which they are most likely to: those of the kinds that use it, then those of its room, then the samples.
 */
export function testsFor(dist: string, changed: string): string[] {
  const inModel = changed.startsWith('src/model/');
  const kinds = inModel ? kindsThatImport(dist, changed) : [changed.split('/')[2] ?? ''];
  const rooms = inModel ? ROOMS_OF_MODEL : ROOMS_OF_DETECTORS;
  const wide = rooms.flatMap((room) => quickTestsIn(join(dist, 'test', room)));
  const own = wide.filter((test) => kinds.includes(basename(test, '.test.js')));
  const naming = wide.filter((test) => kinds.some((kind) => readFileSync(test, 'utf8').includes(`'${kind}'`)));
  const last = ['detectors.test.js', 'samples.slow.test.js'].map((name) => join(dist, 'test', name));
  return [...new Set([...own, ...naming, ...wide, ...last])];
}

/** A shared folder of detectors belongs to all of them: its tests are those of the room. */
function kindsThatImport(dist: string, changed: string): string[] {
  const folder = join(dist, 'src/detectors');
  const topic = changed.split('/').slice(2, -1).join('/');
  if (!topic.startsWith('topics/')) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((kind) => {
      const detector = join(folder, kind, 'detector.js');
      return existsSync(detector) && readFileSync(detector, 'utf8').includes(`model/${topic}/`);
    });
}

/** What is slow starts terminals, compilers, or looks at each sample a hundred times. */
function quickTestsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.js') && !name.endsWith('.slow.test.js'))
    .map((name) => join(folder, name));
}
