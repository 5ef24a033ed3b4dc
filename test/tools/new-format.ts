import { join } from 'node:path';
import { formatFiles } from './format-skeleton.ts';
import { fail, variableOf, writeSkeleton } from './skeleton.ts';

/** `npm run new:format -- NAME`: writes the folder of a format, and says which line to add where. */
const [name = ''] = process.argv.slice(2);
if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))
  fail('Give the name of the tracer in lower case, words joined by "-": npm run new:format -- sysdig');
console.log(`Written:
${writeSkeleton(formatFiles(name))}

One line is left, in the list of ${join('parsers', 'registry.ts')}, with its import (npm run fix puts that in its place):
  ${variableOf(name)}Format,
  import { ${variableOf(name)}Format } from './${name}/format.ts';

It compiles as it is, but nothing reads it before that line is there.
Then type: npm test -- parsers/contract. It reads the examples of the README, and says what else a format must do.`);
