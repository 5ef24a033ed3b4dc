import { readFileSync } from 'node:fs';
import { KINDS, THRESHOLDS } from '../../detectors/registry.ts';
import { installed } from '../../installation.ts';
import { renderGuide } from '../../output/guide.ts';
import { wrap } from '../../output/page.ts';
import { errorCode } from '../../sources/input-error.ts';
import { closest } from '../options/closest.ts';
import { UsageError } from '../options/usage-error.ts';
import { EXIT } from '../printing/exit-code.ts';
import { writePaged } from '../printing/pager.ts';
import { textStyle } from '../printing/terminal-capabilities.ts';

/** The READMEs are text of the product; they lie in src/ both in the repository and in the package. */
const DETECTORS = 'src/detectors';
const LEAST_TEXT = 20;
/** Shorter words are in too many names. */
const LEAST_WORD = 3;
const TOPICS = ['assistants', 'thresholds'] as const;
const ASSISTANTS = 'src/ASSISTANTS.md';

/**
 * Prints the page of a kind, the table of thresholds, or without a word the list of all pages: for a terminal as text,
 * else pages as Markdown. Throws `UsageError` for other words.
 */
export async function runExplain(word: string | undefined): Promise<number> {
  const isTerminal = process.stdout.isTTY === true;
  const style = textStyle({}, process.env, process.stdout);
  const text = explanation(word, isTerminal ? style.width : Number.POSITIVE_INFINITY);
  await writePaged(isTerminal && text.startsWith('# ') ? renderGuide(text, style) : text);
  return EXIT.done;
}

/** What to print: pages in Markdown, lists in lines of that many columns. */
export function explanation(word: string | undefined, width = Number.POSITIVE_INFINITY): string {
  if (word === undefined) return listOfKinds(width);
  if (word === 'thresholds') return tableOfThresholds(width);
  const page = word === 'assistants' ? readFileSync(installed(ASSISTANTS), 'utf8') : pageOf(word);
  if (page !== null) return page;
  throw new UsageError(`There is no finding called "${word}".`, { hint: pagesLike(word) });
}

/** Pages of nearly that name, or with that word in their names; else how to find one. */
function pagesLike(word: string): string {
  const names = [...KINDS, ...TOPICS];
  const wanted = word.toLowerCase().replace(/[_ ]/g, '-');
  const holding = wanted.length < LEAST_WORD ? [] : names.filter((name) => name.includes(wanted));
  const meant = holding.length > 0 ? holding : [closest(wanted, names) ?? ''];
  const [first] = meant;
  return first === '' ? 'drover explain lists them.' : `Did you mean ${meant.join(' or ')}?`;
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

function listOfKinds(columns: number): string {
  const pages = KINDS.flatMap((kind) => {
    const page = pageOf(kind);
    return page === null ? [] : [[kind, titleOf(page)] as const];
  });
  const width = Math.max(...[...KINDS, ...TOPICS].map((kind) => kind.length));
  const others = [
    ['thresholds', 'every limit, its default, and what it means'],
    ['assistants', 'for AI assistants: which command, how to cite, what not to conclude'],
  ] as const;
  const lines = [...pages, ...others].map(([kind, title]) => behind(`  ${kind.padEnd(width)}  `, title, columns));
  return `What drover can find (drover explain KIND says more):\n\n${lines.join('\n')}\n`;
}

/** The first heading, without the kind itself when it begins with it. */
function titleOf(page: string): string {
  return (/^# (.*)$/m.exec(page)?.[1] ?? '').replace(/^`?[a-z-]+`?: /, '');
}

function tableOfThresholds(columns: number): string {
  const entries = Object.entries(THRESHOLDS);
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  const lines = entries.map(
    ([name, { default: usual, unit, meaning }]) =>
      `  ${name.padEnd(width)}  ${`${usual} ${unit}`.trim()}\n${behind(' '.repeat(width + 4), meaning, columns)}`,
  );
  return `Thresholds and their defaults (change one with --threshold NAME=VALUE):\n\n${lines.join('\n')}\n`;
}

/** Text behind a label, which hangs there. */
function behind(label: string, text: string, columns: number): string {
  const rows = wrap(text, Math.max(LEAST_TEXT, columns - label.length));
  return label + rows.join(`\n${' '.repeat(label.length)}`);
}
