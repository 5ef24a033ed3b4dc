import { join } from 'node:path';
import { detectorFiles } from './detector-skeleton.ts';
import { fail, variableOf, writeSkeleton } from './skeleton.ts';

/** `npm run new:detector -- KIND`: writes the folder of a detector and its test, and says which line to add where. */
const [kind = ''] = process.argv.slice(2);
if (!/^[a-z]+(-[a-z]+)*$/.test(kind))
  fail('Give the kind in lower case, words joined by "-": npm run new:detector -- connect-refused');
console.log(`Written:
${writeSkeleton(detectorFiles(kind))}

One line is left, in LIST of ${join('src', 'detectors', 'registry.ts')}, where its findings are to be read, with its import (npm run fix puts that in its place):
  ${variableOf(kind)},
  import { ${variableOf(kind)} } from './${kind}/detector.ts';

Then type: npm run schema, which tells the types of the kind. Nothing compiles before that line is there and it has run.
Then type: npm test. The tests name what the comments in these files ask for.
Last: npm run examples, and read test/detectors/examples/${kind}.txt: all that it says of the examples on its page, and of five ordinary captures.`);
