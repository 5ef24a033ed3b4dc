import { writeFileSync } from 'node:fs';
import { KINDS } from '../../src/detectors/registry.ts';
import { analyzed } from '../support/analyzed.ts';
import { exampleFile, exampleText, reportText } from '../support/example-report.ts';
import { SCENES } from '../support/scenes.ts';

// Whoever runs this reads what has changed, against the examples: nothing else says whether it is right.
for (const kind of KINDS) writeFileSync(exampleFile(kind), await exampleText(kind));
for (const [name, capture] of Object.entries(SCENES))
  writeFileSync(exampleFile(name), reportText(await analyzed(capture())));
