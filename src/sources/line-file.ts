import { type FileHandle, open, stat, statfs } from 'node:fs/promises';
import { decodeUtf8 } from '../trace/utf8.ts';
import { packedAs } from './compression.ts';
import { OPEN_FLAGS } from './file-bytes.ts';
import { fileInput } from './file-input.ts';
import { InputError } from './input-error.ts';

/** A mark every so many lines: reading a line costs at most this many. */
const LINES_A_MARK = 256;
const CHUNK_BYTES = 1_048_576;
/** What a screen may hold of one line. */
const LONGEST_LINE = 16_384;
/** What the lines of one request may take: beyond it very long lines are cut. */
const MOST_BYTES = 8_388_608;
const MOST_SPOOLED_BYTES = 4_000_000_000;
/** Part of the disk that must stay free. */
const FREE_SHARE = 0.1;
const NEWLINE = 10;
/** How far the beginning of a file reaches, which says how its lines are read. */
const HEAD_BYTES = 1_048_576;

interface NumberedLine {
  readonly line: number;
  readonly text: string;
  /** As it stands in the file, where `text` says it in other words. */
  readonly original?: string;
}

interface LineFileOptions {
  /** Makes a file that nobody else can read, for unpacked text; its path. Called only for packed files. */
  readonly spool: () => Promise<string>;
  /** How far the search for line ends is, every now and then. */
  readonly progress?: (lines: number) => void;
  /** For a file that begins with these bytes: how its lines are put in words; null when they stay as they are. */
  readonly inWords?: (head: Buffer) => ((lines: readonly string[]) => readonly string[]) | null;
  /** More may be written to the file: its end is not its end. */
  readonly isGrowing?: () => boolean;
}

/**
 * The lines of a file of any size by their numbers. Where they begin is found once, as far as anybody asked; their text
 * is read when it is wanted and not kept. A packed file is unpacked into a spool file first.
 */
export class LineFile {
  readonly #path: string;
  readonly #options: LineFileOptions;
  /** Offset of the line after each LINES_A_MARK lines. */
  readonly #marks: number[] = [0];
  /** Line ends seen. */
  #lines = 0;
  #scanned = 0;
  #endsInLine = false;
  #ended = false;
  #readable: FileHandle | null = null;
  #source: AsyncIterator<Buffer> | null = null;
  #spoolPath = '';
  /** Undefined until the head of the file was read. */
  #words: ((lines: readonly string[]) => readonly string[]) | null | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(path: string, options: LineFileOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** How many lines there are; null until the end was seen. */
  get total(): number | null {
    return this.#ended ? this.#lines + (this.#endsInLine ? 1 : 0) : null;
  }

  /** Lines from a number on, fewer at the end of the file. Beyond the end: the last ones. */
  async read(first: number, count: number): Promise<readonly NumberedLine[]> {
    await this.#reach(Math.min(Number.MAX_SAFE_INTEGER - 1, first + count));
    const last = this.total ?? this.#lines;
    const from = Math.max(1, first > last ? last - count + 1 : first);
    return this.#between(from, Math.min(last, from + count - 1));
  }

  /** Lines of these numbers, which ascend. */
  async readEach(numbers: readonly number[]): Promise<readonly NumberedLine[]> {
    const found: NumberedLine[] = [];
    for (const number of numbers) found.push(...(await this.read(number, 1)).filter(({ line }) => line === number));
    return found;
  }

  /** The nearest line from `from` on, or before it, that holds the text, as shown or as in the file; null for none. */
  async seek(text: string, from: number, forward: boolean): Promise<number | null> {
    if (!forward) {
      for (let end = Math.min(from, this.total ?? from); end >= 1; end -= LINES_A_MARK) {
        const lines = await this.#upTo(Math.max(1, end - LINES_A_MARK + 1), end);
        const found = lines.findLast((each) => holds(each, text));
        if (found !== undefined) return found.line;
      }
      return null;
    }
    for (let first = Math.max(1, from); ; first += LINES_A_MARK) {
      const lines = await this.#upTo(first, first + LINES_A_MARK - 1);
      const found = lines.find((each) => holds(each, text));
      if (found !== undefined) return found.line;
      if (lines.length < LINES_A_MARK) return null;
    }
  }

  /** Tells the numbers of lines that hold the text, in batches, until there are `most` or `told` returns false. */
  async filter(
    text: string,
    most: number,
    told: (matches: readonly number[], ended: boolean) => boolean,
  ): Promise<void> {
    const matches: number[] = [];
    let due = 0;
    for (let first = 1; ; first += LINES_A_MARK) {
      const lines = await this.#upTo(first, first + LINES_A_MARK - 1);
      for (const each of lines) if (holds(each, text)) matches.push(each.line);
      const ended = lines.length < LINES_A_MARK || matches.length >= most;
      if (ended || performance.now() >= due) {
        due = performance.now() + 200;
        if (!told(matches.slice(0, most), ended)) return;
      }
      if (ended) return;
    }
  }

  /**
   * The first line that stands at or after a point, by what `timeOf` reads in lines; lines without a time count as
   * their neighbours.
   */
  async seekTime(wanted: number, timeOf: (text: string) => number | null): Promise<number> {
    await this.#reach(Number.MAX_SAFE_INTEGER - 1);
    const last = this.total ?? 1;
    let low = 1;
    let high = last;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const near = await this.read(middle, 20);
      const time = near.map(({ text }) => timeOf(text)).find((each) => each !== null);
      if (time !== undefined && time !== null && time < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async close(): Promise<void> {
    await this.#source?.return?.();
    await this.#readable?.close();
    this.#readable = null;
  }

  async #upTo(first: number, last: number): Promise<readonly NumberedLine[]> {
    await this.#reach(last);
    return this.#between(first, Math.min(last, this.total ?? this.#lines));
  }

  /** Finds line ends up to that line; one caller after the other. */
  async #reach(line: number): Promise<void> {
    if (this.#ended || this.#lines >= line) return;
    const before = this.#turn;
    const mine = before.then(() => this.#scanTo(line));
    this.#turn = mine.catch(() => undefined);
    await mine;
  }

  async #scanTo(line: number): Promise<void> {
    if (this.#source === null) await this.#begin();
    while (!this.#ended && this.#lines < line) {
      const step = await this.#source?.next();
      if (step === undefined || step.done === true) {
        if (this.#options.isGrowing?.() === true && this.#readable !== null && this.#spoolPath === '')
          this.#source = chunksOf(this.#readable, this.#scanned);
        else this.#ended = true;
        return;
      }
      this.#scan(step.value);
      this.#options.progress?.(this.#lines);
    }
  }

  #scan(chunk: Buffer): void {
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) {
      this.#lines++;
      if (this.#lines % LINES_A_MARK === 0) this.#marks.push(this.#scanned + at + 1);
    }
    this.#scanned += chunk.length;
    this.#endsInLine = chunk.length > 0 && chunk[chunk.length - 1] !== NEWLINE;
  }

  async #begin(): Promise<void> {
    // A pipe was read by the analysis, and cannot be read again; looking into it would take lines away from there.
    if (!(await stat(this.#path)).isFile()) throw noLinesKept();
    const file = await open(this.#path, OPEN_FLAGS);
    if (!(await file.stat()).isFile()) {
      await file.close();
      throw noLinesKept();
    }
    const head = Buffer.alloc(6);
    const { bytesRead } = await file.read(head, 0, 6, 0);
    if (packedAs(head.subarray(0, bytesRead)) === 'none') {
      this.#readable = file;
      this.#source = chunksOf(file);
      return;
    }
    await file.close();
    this.#spoolPath = await this.#options.spool();
    this.#readable = await open(this.#spoolPath, 'r');
    this.#source = spooled(this.#path, this.#spoolPath);
  }

  async #between(first: number, last: number): Promise<readonly NumberedLine[]> {
    if (last < first || this.#readable === null) return [];
    const mark = Math.floor((first - 1) / LINES_A_MARK);
    const start = this.#marks[mark] ?? 0;
    const end = this.#marks[Math.floor(last / LINES_A_MARK) + 1] ?? this.#scanned;
    const bytes = Buffer.alloc(Math.max(0, Math.min(MOST_BYTES, end - start)));
    const { bytesRead } = await this.#readable.read(bytes, 0, bytes.length, start);
    const lines: NumberedLine[] = [];
    let line = mark * LINES_A_MARK + 1;
    for (let from = 0; from < bytesRead && line <= last; line++) {
      const newline = bytes.indexOf(NEWLINE, from);
      const to = newline < 0 || newline >= bytesRead ? bytesRead : newline;
      if (line >= first)
        lines.push({ line, text: decodeUtf8(bytes.toString('latin1', from, Math.min(to, from + LONGEST_LINE))) });
      from = to + 1;
    }
    return this.#inWords(lines);
  }

  async #inWords(lines: readonly NumberedLine[]): Promise<readonly NumberedLine[]> {
    const { inWords } = this.#options;
    if (inWords === undefined || this.#readable === null) return lines;
    let ours = this.#words;
    if (ours === undefined) {
      const head = Buffer.alloc(HEAD_BYTES);
      const { bytesRead } = await this.#readable.read(head, 0, HEAD_BYTES, 0);
      ours = inWords(head.subarray(0, bytesRead));
      const isHeadWhole = bytesRead === HEAD_BYTES || this.#options.isGrowing?.() !== true;
      if (isHeadWhole) this.#words = ours;
    }
    const words = ours?.(lines.map(({ text }) => text));
    if (words === undefined) return lines;
    return lines.map((each, index) => {
      const text = words[index] ?? each.text;
      return text === each.text ? each : { line: each.line, text, original: each.text };
    });
  }
}

function holds({ text, original }: NumberedLine, wanted: string): boolean {
  return text.includes(wanted) || original?.includes(wanted) === true;
}

function noLinesKept(): InputError {
  return new InputError('a pipe keeps no lines; save it to a file first');
}

async function* chunksOf(file: FileHandle, from = 0): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  for (let position = from; ; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Unpacks into the spool file; yields what was written. Throws `InputError` when the disk has no room for it. */
async function* spooled(path: string, spoolPath: string): AsyncGenerator<Buffer> {
  const spool = await open(spoolPath, 'a', 0o600);
  let written = 0;
  let nextLook = 0;
  try {
    for await (const chunk of fileInput(path, {
      chunkBytes: CHUNK_BYTES,
      reopen: false,
      isOneOfSeveral: false,
      tid: undefined,
    }).chunks()) {
      if (written >= nextLook) {
        nextLook = written + 64 * CHUNK_BYTES;
        await checkRoom(spoolPath, written, path);
      }
      await spool.write(chunk);
      written += chunk.length;
      yield chunk;
    }
  } finally {
    await spool.close();
  }
}

async function checkRoom(spoolPath: string, written: number, path: string): Promise<void> {
  const { bavail, blocks } = await statfs(spoolPath);
  if (written <= MOST_SPOOLED_BYTES && bavail >= blocks * FREE_SHARE) return;
  throw new InputError(`${path} holds more text than may be unpacked here (${Math.floor(written / 1e6)} MB so far).`, {
    hint: 'Unpack it where there is room and name the unpacked file.',
  });
}
