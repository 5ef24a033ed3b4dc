import { formats } from '../../parsers/registry.ts';
import { Page, type PageOptions } from './page.ts';
import { notationOf } from './when.ts';

/** Prose is read more easily in lines of this length than in longer ones. */
const WIDEST = 100;
const BODY = 2;
/** Sections of a page that a reader at a terminal needs last. */
const BEHIND: ReadonlySet<string> = new Set(['How it is detected', 'Example']);
/** Lines of an example are quoted as they are: they belong to no report. */
const QUOTED = notationOf({
  source: { format: 'strace' },
  window: { startTime: null, endTime: null, timeOfDay: null, monotonicSeconds: null, startMs: 0, durationMs: null },
});

interface Block {
  readonly kind: 'heading' | 'paragraph' | 'item' | 'table' | 'code';
  readonly lines: readonly string[];
  /** The format of the lines of an example; '' for other blocks. */
  readonly format: string;
}

/**
 * The Markdown page of a detector for a terminal: headings stand out, paragraphs and tables fit the width, what to do
 * comes before how it is detected.
 */
export function renderGuide(markdown: string, options: PageOptions): string {
  const page = new Page({ ...options, width: Math.min(options.width, WIDEST) });
  let previous: Block['kind'] | null = null;
  for (const block of inOrderOfReading(blocksOf(markdown))) {
    if (previous !== null && !(previous === 'item' && block.kind === 'item')) page.blank();
    write(page, block, options.ascii);
    previous = block.kind;
  }
  return page.toString();
}

function write(page: Page, { kind, lines, format }: Block, ascii: boolean): void {
  const texts = lines.map((line) => plain(line, ascii));
  switch (kind) {
    case 'heading':
      page.prose([], 0, texts.join(' '), 'bold');
      return;
    case 'paragraph':
      page.prose([{ text: ' '.repeat(BODY) }], BODY, texts.join(' '));
      return;
    case 'item':
      page.prose([{ text: `${' '.repeat(BODY)}- ` }], BODY + 2, texts.join(' '));
      return;
    case 'code':
      page.traceLines(
        BODY,
        inWords(format, lines).map((text) => ({ place: '', text })),
        QUOTED,
      );
      return;
    case 'table': {
      const [titles = [], , ...rows] = texts.map(cellsOf);
      page.wrappedTable(BODY, titles, rows);
    }
  }
}

/** Lines that are written for programs as the report shows them. */
function inWords(format: string, lines: readonly string[]): readonly string[] {
  const known = formats.find(({ id }) => id === format);
  return known?.inWords?.(Buffer.from(lines.join('\n')))(lines) ?? lines;
}

/** The page cut into blocks; the lines of a block lose their marks. */
function blocksOf(markdown: string): readonly Block[] {
  const blocks: { kind: Block['kind']; lines: string[]; format: string }[] = [];
  let isOpen = false;
  let isCode = false;
  const begin = (kind: Block['kind'], ...lines: string[]): void => {
    blocks.push({ kind, lines, format: '' });
    isOpen = true;
  };
  for (const line of markdown.split('\n')) {
    const last = blocks.at(-1);
    if (line.startsWith('```')) {
      isCode = !isCode;
      if (isCode) blocks.push({ kind: 'code', lines: [], format: line.slice(3).split(' ')[0] ?? '' });
      else isOpen = false;
    } else if (isCode) last?.lines.push(line);
    else if (line.trim() === '') isOpen = false;
    else if (/^#{1,6} /.test(line)) {
      begin('heading', line.replace(/^#+ /, ''));
      isOpen = false;
    } else if (/^ {0,3}[-*] /.test(line)) begin('item', line.replace(/^ *[-*] /, ''));
    else if (line.startsWith('|') && !(isOpen && last?.kind === 'table')) begin('table', line);
    else if (isOpen) last?.lines.push(line.trim());
    else begin('paragraph', line.trim());
  }
  return blocks;
}

/** The sections that are needed last go to the end, in their order. */
function inOrderOfReading(blocks: readonly Block[]): readonly Block[] {
  const first: Block[] = [];
  const last: Block[] = [];
  let isBehind = false;
  for (const block of blocks) {
    if (block.kind === 'heading') isBehind = BEHIND.has(block.lines[0] ?? '');
    (isBehind ? last : first).push(block);
  }
  return [...first, ...last];
}

/** Without the marks of code, of strong words and of links; with `ascii` without the signs that ASCII lacks. */
function plain(text: string, ascii: boolean): string {
  const words = text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\*\*([^*]*)\*\*/g, '$1')
    .replace(/(?<!\S)\*([^*\s][^*]*)\*(?!\w)/g, '$1')
    .replace(/`/g, '');
  return ascii ? words.replace(/…/g, '...').replace(/[–—]/g, '-').replace(/µs/g, 'us') : words;
}

function cellsOf(line: string): readonly string[] {
  return line
    .replace(/^\||\|\s*$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}
