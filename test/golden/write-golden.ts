import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exports, GOLDEN } from './exports.ts';

for (const [name, text] of await exports()) writeFileSync(join(GOLDEN, name), text);
