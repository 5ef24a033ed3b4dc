import type { Timelines } from '../../analysis/options.ts';
import { Destination } from '../../files/destination.ts';
import { OutputError } from '../../files/output-error.ts';
import type { TimelineEncoder, Write } from '../../output/timeline/encoder.ts';
import type { AnalyzeFlags } from '../options/analyze.ts';

/** Files that are written while captures are read. */
export interface TimelineFiles {
  /** What hears of the events. */
  readonly events: Timelines;
  /** Ends the files, which get their names now. Throws `OutputError` for the first that could not be written. */
  keep(): Promise<void>;
}

/** A form of timeline, and what makes it. */
interface Form {
  readonly option: string;
  readonly nameIn: (flags: AnalyzeFlags) => string | undefined;
  readonly encoder: (write: Write) => Promise<TimelineEncoder>;
}

const FORMS: readonly Form[] = [
  {
    option: '--perfetto',
    nameIn: ({ perfetto }) => perfetto,
    encoder: async (write) => new (await import('../../output/timeline/perfetto.ts')).PerfettoEncoder(write),
  },
  {
    option: '--chrome-trace',
    nameIn: ({ chromeTrace }) => chromeTrace,
    encoder: async (write) => new (await import('../../output/timeline/chrome-trace.ts')).ChromeTraceEncoder(write),
  },
];

/**
 * Opens the timelines that the flags name, before anything is read; null when they name none. Throws `OutputError` when
 * a file of that name cannot be made. `notice` is told what they leave out.
 */
export async function openTimelines(
  flags: AnalyzeFlags,
  inputs: readonly string[],
  notice: (sentence: string) => void,
): Promise<TimelineFiles | null> {
  const named = FORMS.flatMap(({ nameIn, ...form }) => {
    const name = nameIn(flags);
    return name === undefined ? [] : [{ ...form, name }];
  });
  if (named.length === 0) return null;
  const files: { readonly timeline: File; readonly encoder: TimelineEncoder }[] = [];
  for (const { option, name, encoder } of named) {
    const destination = Destination.find(name, { option, force: flags.force === true, inputs });
    const timeline = new File(destination);
    files.push({ timeline, encoder: await encoder((bytes) => timeline.write(bytes)) });
  }
  const { TimelineWriter } = await import('../../output/timeline/timeline-writer.ts');
  const events = new TimelineWriter(
    files.map(({ encoder }) => encoder),
    { withPayload: flags.withPayload === true, pids: flags.pid ?? null },
  );
  return {
    events,
    keep: async () => {
      const leftOut = events.finish();
      if (leftOut !== '') notice(`The timeline is full: ${leftOut} are not in it. --from and --to show a part of it.`);
      const failures = files.flatMap(({ timeline }) => timeline.keep() ?? []);
      if (failures[0] !== undefined) throw failures[0];
    },
  };
}

/** A file that takes no more after it could not be written: the report is worth more than the timeline. */
class File {
  readonly #file: ReturnType<Destination['grow']>;
  #failure: OutputError | null = null;

  constructor(destination: Destination) {
    this.#file = destination.grow();
  }

  write(bytes: Uint8Array): void {
    if (this.#failure === null) this.#try(() => this.#file.write(bytes));
  }

  /** What went wrong, now or before; null for nothing. */
  keep(): OutputError | null {
    if (this.#failure === null) this.#try(() => this.#file.keep());
    return this.#failure;
  }

  #try(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      this.#failure = error;
    }
  }
}
