import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Rooms whose tests judge what detectors and model say. */
const ROOMS = ['detectors', 'model', 'analysis'];
/** The room whose tests judge what parsers read: asked only where one is changed, as it knows nothing of the rest. */
const PARSERS = 'parsers';
/** The examples of the pages, and what the recorder of the model tells. */
const ALONE = ['test/detectors.test.js', 'test/output/timeline.test.js'];

/** The built quick tests of what detectors and model say, and of what parsers read if one is among `changed`. */
export function quickTests(dist: string, changed: readonly string[]): string[] {
  const rooms = changed.some(isParser) ? [PARSERS, ...ROOMS] : ROOMS;
  const inRooms = rooms.flatMap((room) => quickTestsIn(join(dist, 'test', room)));
  return [...inRooms, ...ALONE.map((name) => join(dist, name))];
}

/**
 * The tests for a change of `changed` (`src/detectors/KIND/finding.js`, relative to `dist`): those near it, which are
 * the most likely to notice, and all others. Near are the tests of the kinds that use the file, and those that name
 * such a kind. Near a parser are all tests of parsers.
 */
export function testsFor(dist: string, changed: string): { readonly near: string[]; readonly far: string[] } {
  if (isParser(changed)) return { near: quickTestsIn(join(dist, 'test', PARSERS)), far: quickTests(dist, []) };
  const kinds = changed.startsWith('src/model/') ? kindsThatImport(dist, changed) : [changed.split('/')[2] ?? ''];
  const all = quickTests(dist, []);
  const own = all.filter((test) => kinds.includes(basename(test, '.test.js')));
  const naming = all.filter((test) => kinds.some((kind) => readFileSync(test, 'utf8').includes(`'${kind}'`)));
  const near = new Set([...own, ...naming]);
  return { near: [...near], far: all.filter((test) => !near.has(test)) };
}

function isParser(changed: string): boolean {
  return changed.startsWith(`${PARSERS}/`);
}

/** The kinds that are found from what a topic of the model tells. All kinds live from the other rooms of the model. */
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
