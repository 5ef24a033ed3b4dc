import { openSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import { Dashboard } from '../../dashboard/dashboard.ts';
import type { SideEffect } from '../../dashboard/events.ts';
import { ASCII, UNICODE } from '../../dashboard/row.ts';
import { type DashboardState, initialState } from '../../dashboard/state.ts';
import { sizeOf, TerminalSession } from '../../dashboard/terminal/terminal-session.ts';
import type { Theme } from '../../dashboard/terminal/theme.ts';
import type { AnalysisMessage } from '../../pipeline/analysis-messages.ts';
import { InputError } from '../../sources/input-error.ts';
import type { DashboardFlags } from '../options/dashboard.ts';
import { backgroundOf, type Environment, type TextStyle } from '../printing/terminal-capabilities.ts';
import { clipboardSequence, keepFile } from './keep-file.ts';
import { RawLineReader } from './line-reader.ts';
import { traceClock } from './line-time.ts';
import { TerminalGuard } from './terminal-guard.ts';

const TICK_MS = 1_000;
/** What the analysis behind the dashboard may take unless told otherwise. */
export const USUAL_MEMORY_MB = 1_024;
const HANGUP = 129;
const INTERRUPT = 130;

interface DashboardHostOptions {
  readonly source: 'file' | 'live';
  readonly files: readonly string[];
  /** The file is read on as it grows. */
  readonly follows?: boolean;
  /** Paths that lead to files which are not under their names yet. */
  readonly opened?: ReadonlyMap<string, string>;
  readonly ascii: boolean;
  readonly theme: Theme;
  /** Nobody said whether the background is light: the terminal is asked. */
  readonly asksBackground: boolean;
  readonly mouse: boolean;
}

/** Where reports come from: the analysis of files, or a live capture. */
export interface Feed {
  stopReading(): void;
  detach(): void;
  extend(byMs: number): void;
  end(): Promise<unknown>;
}

type Failure = Extract<AnalysisMessage, { kind: 'failed' }>;

/** How the dashboard was left. */
interface Departure {
  /** Of the signal or of Ctrl-C; 0 for `q`. */
  readonly code: number;
  readonly state: DashboardState;
  /** Why the analysis ended before its time, or null. */
  readonly failure: Failure | null;
}

/** The dashboard with all that is around it: terminal, analysis, raw lines, files to keep. */
export class DashboardHost {
  readonly #options: DashboardHostOptions;
  readonly #output = new WriteStream(1);
  readonly #dashboard: Dashboard;
  readonly #lines: RawLineReader;
  readonly #guard: TerminalGuard;
  #session: TerminalSession | null = null;
  #feed: Feed | null = null;
  #failure: Failure | null = null;
  #leave: (code: number) => void = () => undefined;

  constructor(options: DashboardHostOptions) {
    this.#options = options;
    const [columns, rows] = sizeOf(process.stdout);
    const { source, files, follows = false, mouse, ascii } = options;
    this.#dashboard = new Dashboard(
      initialState({ columns, rows, glyphs: ascii ? ASCII : UNICODE, source, files, follows, mouse }),
      {
        draw: (frame) => this.#session?.draw(frame),
        perform: (effect) => this.#perform(effect),
        now: () => performance.now(),
        after: (milliseconds, then) => setTimeout(then, milliseconds).unref(),
      },
    );
    this.#lines = new RawLineReader({
      pathOf: (file) => options.opened?.get(file) ?? file,
      dispatch: (event) => this.#dashboard.dispatch(event),
      isGrowing: () =>
        this.#dashboard.state.live?.state === 'tracing' || this.#dashboard.state.reading.state === 'reading',
      clock: () => {
        const { report, activity } = this.#dashboard.state;
        return report === null ? null : traceClock(activity?.zero ?? report.window, report.source.format);
      },
    });
    this.#guard = new TerminalGuard(
      () => this.#session,
      () => this.#lines.close(),
      () => this.#feed?.end() ?? Promise.resolve(),
    );
  }

  get dashboard(): Dashboard {
    return this.#dashboard;
  }

  /** Shows the dashboard until its user leaves, or until there is nothing to show. */
  async run(start: () => Feed): Promise<Departure> {
    const left = new Promise<number>((resolve) => {
      this.#leave = resolve;
    });
    const session = await this.#takeTerminal();
    this.#session = session;
    const tick = (): void => this.#dashboard.dispatch({ type: 'tick', nowMs: performance.now() });
    const ticking = setInterval(tick, TICK_MS);
    let code: number;
    try {
      if (this.#options.mouse) session.setMouse(true);
      this.#feed = start();
      tick();
      code = await left;
    } finally {
      // Whatever went wrong is reported on the normal screen.
      clearInterval(ticking);
      session.restore();
      this.#guard.leaving();
      this.#lines.close();
      await this.#feed?.end();
      this.#guard.release();
    }
    return { code, state: this.#dashboard.state, failure: this.#failure };
  }

  /** Shows what the analysis says. */
  receive(message: AnalysisMessage): void {
    const { reading, report } = this.#dashboard.state;
    switch (message.kind) {
      case 'progress':
        this.#dashboard.dispatch({ type: 'reading', reading: { ...reading, ...message.read } });
        break;
      case 'now':
        this.#dashboard.dispatch({ type: 'now', workers: message.workers });
        break;
      case 'notice':
        this.#dashboard.dispatch({ type: 'message', text: message.sentence });
        break;
      case 'snapshot':
      case 'done': {
        const state = message.kind === 'snapshot' ? 'reading' : message.stopped ? 'stopped' : 'done';
        this.#dashboard.dispatch({ type: 'reading', reading: { ...reading, ...message.read, state } });
        this.#dashboard.dispatch({ type: 'picture', ...message.picture });
        break;
      }
      case 'failed':
        this.#failure = message;
        this.#dashboard.dispatch({
          type: 'reading',
          reading: { ...reading, state: 'failed', problem: message.message, hint: message.hint },
        });
        // Without a report there is nothing to look at.
        if (report === null) this.#leave(0);
    }
  }

  #takeTerminal(): Promise<TerminalSession> {
    return TerminalSession.start({
      input: keyboard(),
      output: this.#output,
      sized: process.stdout,
      theme: this.#options.theme,
      asksBackground: this.#options.asksBackground,
      onInput: (input) =>
        this.#dashboard.dispatch(
          input.kind === 'key' ? { type: 'key', key: input.key } : { type: 'paste', text: input.text },
        ),
      onResize: (columns, rows) => this.#dashboard.dispatch({ type: 'resize', columns, rows }),
      onGone: () => this.#guard.end(HANGUP),
      onSlow: (slow) => this.#dashboard.dispatch({ type: 'slow-link', slow }),
    });
  }

  #perform(effect: SideEffect): void {
    switch (effect.type) {
      case 'leave':
        this.#leave(effect.forced ? INTERRUPT : 0);
        break;
      case 'suspend':
        this.#guard.suspend();
        break;
      case 'redraw':
        this.#session?.redraw();
        break;
      case 'mouse':
        this.#session?.setMouse(effect.on);
        break;
      case 'stop-reading':
        this.#feed?.stopReading();
        break;
      case 'detach':
        this.#feed?.detach();
        break;
      case 'extend':
        this.#feed?.extend(effect.byMs);
        break;
      case 'copy':
      case 'write':
        this.#keep(effect);
        break;
      case 'print':
        this.#session?.printed(effect.rows);
        break;
      default:
        void this.#lines.perform(effect);
    }
  }

  #keep({ type, name, text }: Extract<SideEffect, { type: 'copy' | 'write' }>): void {
    const kept = keepFile(name, text);
    const where = 'path' in kept ? kept.path : null;
    if (type === 'write') {
      this.#dashboard.dispatch({
        type: 'message',
        text: where === null && 'problem' in kept ? kept.problem : `Written to ${where}`,
      });
      return;
    }
    const sequence = clipboardSequence(text);
    if (sequence !== '') this.#session?.send(sequence);
    const copied = sequence === '' ? 'Too long for the clipboard' : 'Copied as Markdown (OSC 52)';
    this.#dashboard.dispatch({
      type: 'message',
      text: `${copied}; ${where === null && 'problem' in kept ? kept.problem : `also in ${where}`}`,
    });
  }
}

/** How the dashboard looks for these flags on this terminal. */
export function dashboardLooks(
  { theme, mouse }: DashboardFlags,
  { ascii, colour }: TextStyle,
  environment: Environment = process.env,
): Pick<DashboardHostOptions, 'ascii' | 'theme' | 'asksBackground' | 'mouse'> {
  const looks = { ascii, mouse: mouse === true };
  if (!colour) return { ...looks, theme: 'mono', asksBackground: false };
  const known = theme ?? backgroundOf(environment);
  // The console of Linux prints a part of the question.
  return { ...looks, theme: known ?? 'dark', asksBackground: known === null && environment.TERM !== 'linux' };
}

/** The error that ended the analysis in its thread. */
export function failureOf({ isInput, message, hint, stack }: Failure): Error {
  if (isInput) return new InputError(message, { hint });
  const error = new Error(message);
  if (stack !== '') error.stack = stack;
  return error;
}

/** Keys come from the terminal also when the trace comes on standard input. */
function keyboard(): ReadStream {
  return process.stdin.isTTY ? process.stdin : new ReadStream(openSync('/dev/tty', 'r'));
}
