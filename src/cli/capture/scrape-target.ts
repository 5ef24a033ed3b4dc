import type { AnalysisOptions } from '../../analysis/options.ts';
import type { Report } from '../../analysis/report.ts';
import { errorCode } from '../../files/failure-reason.ts';
import { Counters } from '../../output/counters.ts';
import { renderScrape } from '../../output/openmetrics.ts';
import { analyzeInputs, type Progress } from '../../pipeline/analyze-inputs.ts';
import { Cadence } from '../../pipeline/cadence.ts';
import { InputError } from '../../sources/input-error.ts';
import type { LiveCapture } from '../../sources/live/capture.ts';
import type { ListenAddress } from '../options/listen.ts';
import { AwayWatch } from './away-watch.ts';
import { ringInput } from './ring-input.ts';
import { ScrapeServer } from './scrape-server.ts';

const EVERY_MS = 1_000;
/** New figures may cost one part in so many of the time, however often somebody asks, but not be older than this. */
const SHARE = 20;
const LONGEST_MS = 15_000;
/** Who is away from its wait for so long may hang, which no report says before it ends. */
const AWAY_MS = 900;

/**
 * The figures of a capture at work, for Prometheus. Nothing is computed unless somebody asks; then a report on what was
 * read so far, or, while a process does not come back to its wait, one as if the capture ended now.
 */
export class ScrapeTarget {
  readonly #server: ScrapeServer;
  readonly #counters = new Counters();
  readonly #away = new AwayWatch(AWAY_MS);
  readonly #cadence = new Cadence({ first: 0, every: EVERY_MS, share: SHARE, longest: LONGEST_MS });
  #capture: LiveCapture | null = null;
  #options: AnalysisOptions = {};
  #progress: Progress | null = null;
  #text: string | null = null;
  #making: Promise<void> | null = null;

  private constructor(server: ScrapeServer) {
    this.#server = server;
  }

  /** Listens; answers begin with the capture. Throws `UsageError`. */
  static async open(address: ListenAddress): Promise<ScrapeTarget> {
    let target: ScrapeTarget | null = null;
    const server = await ScrapeServer.start(address, async () => (target === null ? null : target.#answer()));
    target = new ScrapeTarget(server);
    return target;
  }

  get url(): string {
    return this.#server.url;
  }

  begin(capture: LiveCapture, options: AnalysisOptions): void {
    this.#capture = capture;
    this.#options = options;
  }

  /** Takes what the reading knows. */
  update(progress: Progress): void {
    this.#progress = progress;
  }

  /** Throws the first error of drover itself in an answer, now that the capture has ended. */
  async end(): Promise<void> {
    await this.#server.end();
    if (this.#server.fault !== null) throw this.#server.fault;
  }

  async #answer(): Promise<string | null> {
    if (this.#making === null && this.#cadence.isDue(performance.now()))
      this.#making = this.#make().finally(() => {
        this.#making = null;
      });
    // Only the first one has nothing to show meanwhile, and one that failed. Whoever does not wait hears of it later.
    this.#making?.catch(() => undefined);
    if (this.#text === null) await this.#making;
    return this.#text;
  }

  async #make(): Promise<void> {
    const started = performance.now();
    try {
      const report = await this.#report();
      if (report !== null) this.#text = renderScrape(report, this.#counters);
    } catch (error) {
      // Old figures would pass for new ones.
      this.#text = null;
      throw error;
    } finally {
      this.#cadence.took(started, performance.now());
    }
  }

  async #report(): Promise<Report | null> {
    const capture = this.#capture;
    if (capture === null || this.#progress === null) return null;
    if (this.#away.look(capture.sights, Number(process.hrtime.bigint())).size === 0) return this.#progress.snapshot();
    const set = {
      kind: 'live',
      paths: [capture.name],
      inputs: [ringInput(capture)],
      leftOut: [],
      notices: [],
    } as const;
    try {
      return await analyzeInputs(set, this.#options);
    } catch (error) {
      // Without a line there is no trace yet; a file that cannot be opened now may be later.
      if (!(error instanceof InputError) && errorCode(error) === '') throw error;
      return this.#progress.snapshot();
    }
  }
}
