import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manPage } from './man-page.ts';

/** Compiled, this file lies in dist/test/tools. */
const FOLDER = join(import.meta.dirname, '../../man');
/** Builds that are made again on purpose are the same, byte by byte: https://reproducible-builds.org/specs/source-date-epoch */
const date = Number(process.env.SOURCE_DATE_EPOCH ?? Date.now() / 1_000);

mkdirSync(FOLDER, { recursive: true });
writeFileSync(join(FOLDER, 'drover.1'), manPage(date));
