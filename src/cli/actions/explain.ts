import { readFileSync } from 'node:fs';
import { KINDS, THRESHOLDS } from '../../detectors/registry.ts';
import { installed } from '../../installation.ts';
import { errorCode } from '../../sources/input-error.ts';
import { closest } from '../options/closest.ts';
import { UsageError } from '../options/usage-error.ts';
import { EXIT } from '../printing/exit-code.ts';
import { writeStdout } from '../printing/write-result.ts';

/** The READMEs are text of the product; they lie in src/ both in the repository and in the package. */
const DETECTORS = 'src/detectors';
const TOPICS = ['thresholds'] as const;

/**
 * Prints the page of a kind, the table of thresholds, or without a word the list of all pages. Throws `UsageError` for
 * other words.
 */
export async function runExplain(word: string | undefined): Promise<number> {
  await writeStdout(explanation(word));
  return EXIT.done;
}

export function explanation(word: string | undefined): string {
  if (word === undefined) return listOfKinds();
  if (word === 'thresholds') return tableOfThresholds();
  const page = pageOf(word);
  if (page !== null) return page;
  const meant = closest(word, [...KINDS, ...TOPICS]);
  throw new UsageError(`There is no finding called "${word}".`, {
    hint: meant === undefined ? 'drover explain lists them.' : `Did you mean ${meant}?`,
  });
}

function pageOf(kind: string): string | null {
  if (!(KINDS as readonly string[]).includes(kind)) return null;
  try {
    return readFileSync(installed(`${DETECTORS}/${kind}/README.md`), 'utf8');
  } catch (error) {
    // A kind that the report knows and nothing detects yet.
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function listOfKinds(): string {
  const pages = KINDS.flatMap((kind) => {
    const page = pageOf(kind);
    return page === null ? [] : [[kind, titleOf(page)] as const];
  });
  const width = Math.max(...[...KINDS, ...TOPICS].map((kind) => kind.length));
  const lines = [...pages, ['thresholds', 'every limit, its default, and what it means'] as const].map(
    ([kind, title]) => `  ${kind.padEnd(width)}  ${title}`,
  );
  return `What drover can find (drover explain KIND tells more):\n\n${lines.join('\n')}\n`;
}

/** The first heading, without the kind itself when it begins with it. */
function titleOf(page: string): string {
  return (/^# (.*)$/m.exec(page)?.[1] ?? '').replace(/^`?[a-z-]+`?: /, '');
}

function tableOfThresholds(): string {
  const entries = Object.entries(THRESHOLDS);
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  const lines = entries.map(
    ([name, { default: usual, unit, meaning }]) =>
      `  ${name.padEnd(width)}  ${`${usual} ${unit}`.trim()}\n  ${''.padEnd(width)}  ${meaning}`,
  );
  return `Thresholds and their defaults (change one with --threshold NAME=VALUE):\n\n${lines.join('\n')}\n`;
}
