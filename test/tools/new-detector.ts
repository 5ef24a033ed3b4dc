import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { detectorFiles, variableOf } from './detector-skeleton.ts';

/** `npm run new:detector -- KIND`: writes the folder of a detector and its test, and says which line to add where. */
const [kind = ''] = process.argv.slice(2);
if (!/^[a-z]+(-[a-z]+)*$/.test(kind))
  fail('Give the kind in lower case, words joined by "-": npm run new:detector -- connect-refused');
const files = detectorFiles(kind);
for (const path of Object.keys(files)) if (existsSync(path)) fail(`${path} is there already.`);
for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
console.log(`Written:
${Object.keys(files)
  .map((path) => `  ${path}`)
  .join('\n')}

One line is left, in LIST of ${join('src', 'detectors', 'registry.ts')}, where its findings are to be read, with its import:
  ${variableOf(kind)},
  import { ${variableOf(kind)} } from './${kind}/detector.ts';

Then type: npm run schema, and npm test. The tests name what the comments in these files ask for.`);

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
