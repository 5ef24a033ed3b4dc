import { writeFileSync } from 'node:fs';
import { KINDS } from '../../src/detectors/registry.ts';
import { exampleFile, exampleText } from '../support/example-report.ts';

// Whoever runs this reads what has changed, against the examples: nothing else says whether it is right.
for (const kind of KINDS) writeFileSync(exampleFile(kind), await exampleText(kind));
