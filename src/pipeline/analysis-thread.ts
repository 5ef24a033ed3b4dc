import { Worker } from 'node:worker_threads';
import type { AnalysisOptions } from '../analysis/options.ts';
import type { SourceDiagnostic } from '../sources/trace-input.ts';
import type {
  AnalysisMessage,
  AnalysisSights,
  AnalysisTask,
  AnalysisTold,
  ThreadMessage,
} from './analysis-messages.ts';

export type { AnalysisMessage, Picture, ReadSoFar } from './analysis-messages.ts';

export interface AnalysisThreadOptions {
  readonly paths: readonly string[];
  readonly options: AnalysisOptions;
  /**
   * Most memory that the analysis may take for its objects. Going beyond ends it with a message instead of ending the
   * process.
   */
  readonly memoryMb: number;
  /** Not `file`: the only path is a file that still grows, until `spoolEnded`. */
  readonly kind?: AnalysisTask['kind'];
  readonly opened?: AnalysisTask['opened'];
  readonly tell: (message: AnalysisMessage) => void;
}

/**
 * An analysis that runs beside the thread that started it, so that this one stays free for keys and survives when
 * memory runs out.
 */
export class AnalysisThread {
  readonly #worker: Worker;
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  #ended = false;
  #now: Extract<AnalysisMessage, { kind: 'now' }> | null = null;
  #snapshot: Extract<AnalysisMessage, { kind: 'snapshot' }> | null = null;

  constructor({ paths, options, memoryMb, kind = 'file', opened, tell }: AnalysisThreadOptions) {
    const task: AnalysisTask = { paths, options, stop: this.#stop, kind, ...(opened === undefined ? {} : { opened }) };
    this.#worker = new Worker(new URL('./analysis-worker.js', import.meta.url), {
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    });
    this.#worker.on('message', (received: ThreadMessage) => {
      const message = this.#whole(received);
      if (message === null) return;
      if (message.kind === 'done' || message.kind === 'failed') this.#ended = true;
      tell(message);
    });
    this.#worker.on('error', (error: Error & { readonly code?: string }) => {
      if (this.#ended) return;
      this.#ended = true;
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      const message = isMemory
        ? `The analysis needed more than ${memoryMb} MB of memory and was ended.`
        : error.message;
      const hint = isMemory ? 'What was read before is kept. Allow more with --memory MB.' : '';
      tell({ kind: 'failed', isInput: false, message, hint, stack: isMemory ? '' : (error.stack ?? '') });
    });
  }

  /** Null for what says that a message which never came still holds. */
  #whole(message: ThreadMessage): AnalysisMessage | null {
    if (message.kind === 'same-now') return this.#now;
    if (message.kind === 'same-picture')
      return this.#snapshot === null ? null : { ...this.#snapshot, read: message.read };
    if (message.kind === 'now') this.#now = message;
    if (message.kind === 'snapshot') this.#snapshot = message;
    return message;
  }

  /** Stops reading; a `done` with what was read follows. */
  stopReading(): void {
    Atomics.store(this.#stop, 0, 1);
  }

  /** Says that nobody writes to the spool any more. */
  spoolEnded(diagnostics: readonly SourceDiagnostic[]): void {
    this.#told({ kind: 'end', diagnostics });
  }

  /** Says what was seen of the processes; see `AnalysisSights`. */
  sights(sights: Omit<AnalysisSights, 'kind'>): void {
    this.#told({ kind: 'sights', ...sights });
  }

  #told(told: AnalysisTold): void {
    this.#worker.postMessage(told);
  }

  terminate(): Promise<unknown> {
    return this.#worker.terminate();
  }
}
