import { closeSync } from 'node:fs';
import { unpackedLines } from '../../../parsers/packed-lines.ts';
import { detectFormat } from '../../../parsers/registry.ts';
import type { DashboardEvent, SideEffect } from '../../dashboard/events.ts';
import { type PrivateFolder, temporaryFolder } from '../../files/private-folder.ts';
import { failureReason } from '../../sources/input-error.ts';
import { LineFile } from '../../sources/line-file.ts';
import { count } from '../../trace/format-numbers.ts';
import { lineTime, type TraceClock } from './line-time.ts';

/** Formats are recognised by so much of a file. */
const SNIFFED_BYTES = 65_536;
const MOST_MATCHES = 100_000;

interface RawLineReaderOptions {
  readonly dispatch: (event: DashboardEvent) => void;
  /** Where a file is that evidence names. */
  readonly pathOf: (file: string) => string;
  /** The clock of the trace, or null while it is not known. */
  readonly clock: () => TraceClock | null;
  /** The files still grow. */
  readonly isGrowing: () => boolean;
}

type LineEffect = Extract<SideEffect, { readonly file: string }>;

/**
 * Fetches raw lines for the dashboard: opens files when they are first looked at, searches them, forgets their text.
 */
export class RawLineReader {
  readonly #options: RawLineReaderOptions;
  readonly #files = new Map<string, LineFile>();
  #folder: PrivateFolder | null = null;
  readonly #names: string[] = [];
  #filtering = 0;
  #spools = 0;

  constructor(options: RawLineReaderOptions) {
    this.#options = options;
  }

  /** Does what is asked and reports the answer; what goes wrong is reported, too. */
  async perform(effect: LineEffect): Promise<void> {
    const { dispatch } = this.#options;
    const file = this.#fileOf(effect.file);
    try {
      switch (effect.type) {
        case 'read-lines': {
          const rows = await file.read(effect.first, effect.count);
          dispatch({ type: 'lines', file: effect.file, rows, total: file.total });
          // Asked for the end of the file: only now is it known where that is.
          if (effect.first === Number.MAX_SAFE_INTEGER)
            dispatch({ type: 'found', line: rows.at(-1)?.line ?? null, text: 'the last line' });
          return;
        }
        case 'read-numbers':
          dispatch({ type: 'lines', file: effect.file, rows: await file.readEach(effect.numbers), total: file.total });
          return;
        case 'filter-lines':
          await this.#filter(file, effect.filter);
          return;
        case 'seek-text':
          dispatch({
            type: 'found',
            line: await file.seek(effect.text, effect.from, effect.forward),
            text: effect.text,
          });
          return;
        case 'seek-time': {
          const clock = this.#options.clock();
          if (clock === null) dispatch({ type: 'message', text: 'This trace has no times.' });
          else
            dispatch({
              type: 'found',
              line: await file.seekTime(effect.atMs, (text) => lineTime(clock, text)),
              text: 'that time',
            });
        }
      }
    } catch (error) {
      dispatch({ type: 'lines-busy', busy: '', problem: `Cannot read ${effect.file}: ${failureReason(error)}` });
    }
  }

  /** Removes what was unpacked. */
  close(): void {
    for (const file of this.#files.values()) file.close().catch(() => undefined);
    this.#folder?.remove(this.#names);
    this.#folder = null;
  }

  async #filter(file: LineFile, filter: string): Promise<void> {
    const turn = ++this.#filtering;
    await file.filter(filter, MOST_MATCHES, (matches, ended) => {
      if (turn !== this.#filtering) return false;
      this.#options.dispatch({ type: 'matches', filter, matches, ended });
      return true;
    });
  }

  #fileOf(path: string): LineFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const spool = () => this.#spool();
    let reportedAt = performance.now();
    const progress = (lines: number): void => {
      if (performance.now() - reportedAt < 300) return;
      reportedAt = performance.now();
      this.#options.dispatch({
        type: 'lines-busy',
        busy: `looking for lines, ${count(lines)} so far`,
        problem: '',
      });
    };
    const made = new LineFile(this.#options.pathOf(path), {
      spool,
      progress,
      isGrowing: this.#options.isGrowing,
      inWords: (head) => {
        const begin = head.subarray(0, SNIFFED_BYTES);
        return unpackedLines(begin) ?? detectFormat(begin)?.inWords?.(head) ?? null;
      },
    });
    this.#files.set(path, made);
    return made;
  }

  /** Text of traces is private: a folder of its own, files that only their owner may read. */
  async #spool(): Promise<string> {
    this.#folder ??= temporaryFolder();
    const name = String(++this.#spools);
    this.#names.push(name);
    closeSync(this.#folder.create(name));
    return this.#folder.at(name);
  }
}
