import type { Capabilities } from '../detectors/capabilities.ts';
import type { Detector } from '../detectors/detector.ts';
import { type Conclusion, notApplicable, type Outcome } from '../detectors/finding.ts';
import { RECORDING, sentenceOfMissing } from '../detectors/need.ts';
import {
  detectors,
  isThreshold,
  type Kind,
  type RegisteredDetector,
  THRESHOLDS,
  type ThresholdName,
  TRACKERS,
} from '../detectors/registry.ts';
import { judgingRolesOnce } from '../model/machine/roles.ts';
import { ActivityRecorder } from '../model/measuring/activity-recorder.ts';
import { Model, type StillOpen } from '../model/model.ts';
import type { CaptureFacts } from '../trace/capture-facts.ts';
import type { Call, Cost, Sampled, TraceRecord } from '../trace/record.ts';
import { MILLISECOND, SECOND, type TimeOrigin, UNKNOWN } from '../trace/time.ts';
import { type Activity, describeActivity, describeNow, type Now } from './activity.ts';
import { believed, doubtsAbout } from './doubts.ts';
import type { AnalysisOptions } from './options.ts';
import type { Draft, InputFacts } from './parts.ts';
import type { Report } from './report.ts';
import { composeReport } from './report-composer.ts';
import { unlessHidden } from './rings.ts';
import { traceTime } from './times.ts';
import { type Representative, representatives } from './workers.ts';

/** What goes on in a capture at work, and the code that stuck threads were seen in so far. */
export interface OpenFacts extends StillOpen {
  readonly looks: readonly Sampled[];
}

/** A detector at work, or the exception that stopped it. */
interface Running {
  readonly definition: RegisteredDetector;
  readonly detector: Detector | null;
  failure: string;
}

/** What somebody saw or a program said, which the tracer did not record. */
const SEEN_OUTSIDE: ReadonlySet<TraceRecord['kind']> = new Set(['observed', 'sampled', 'printed']);
/** What tells of no process that it did anything. */
const OF_NO_PROCESS: ReadonlySet<TraceRecord['kind']> = new Set(['notice', 'lost', 'printed']);

/** The synchronous core: records in, report out. No I/O, no clock. */
export class Analysis {
  readonly #origin: TimeOrigin;
  readonly #options: AnalysisOptions;
  readonly #noted: CaptureFacts | null;
  readonly #capabilities: { -readonly [Name in keyof Capabilities]: Capabilities[Name] } = {
    times: false,
    resolution: 0,
    durations: false,
    pids: false,
    stopsThreads: false,
    names: false,
  };
  #model: Model | null = null;
  #recorder: ActivityRecorder | null = null;
  #running: readonly Running[] = [];
  #rows: readonly Representative[] | null = null;
  #events = 0;
  #cost: Cost | null = null;
  /** Those of them that tell something about a process, and not about the tracer. */
  #told = 0;

  /** `noted` is what stands beside the trace about its host. */
  constructor(origin: TimeOrigin, options: AnalysisOptions, noted: CaptureFacts | null = null) {
    this.#noted = noted;
    this.#origin = origin;
    this.#options = options;
  }

  accept(record: TraceRecord): void {
    // Most records are calls.
    if (record.kind === 'call') {
      this.#events++;
      this.#told++;
      const model = this.#model ?? this.#begin();
      const { times, durations } = this.#capabilities;
      if (!times && this.#origin.kind !== 'none') this.#settle(model);
      if (!durations && tellsDuration(record)) this.#capabilities.durations = true;
      model.call(record);
      return;
    }
    if (record.kind === 'cost') {
      this.#cost = record;
      return;
    }
    // An end that no line tells is no event of the trace.
    if (record.kind !== 'exit' || record.assumed === undefined) {
      if (!SEEN_OUTSIDE.has(record.kind)) this.#events++;
      if (!OF_NO_PROCESS.has(record.kind)) this.#told++;
    }
    // Tracer messages may stand before the first stamp, which fixes the axis.
    if (record.kind === 'notice') {
      if (record.notice === 'attached') (this.#model ?? this.#begin()).attached(record);
      return;
    }
    const model = this.#model ?? this.#begin();
    if (!this.#capabilities.times && this.#origin.kind !== 'none') this.#settle(model);
    if (record.kind === 'signal') model.signal(record);
    else if (record.kind === 'exit') model.exit(record);
    else if (record.kind === 'membership') model.membership(record);
    else if (record.kind === 'scheduling') model.scheduling(record);
    else if (record.kind === 'socket-state') model.socketState(record);
    else if (record.kind === 'lost') model.lost(record);
    else if (record.kind === 'watched') model.watched(record);
    else if (record.kind === 'noted') model.noted(record);
    else if (record.kind === 'observed') model.observed(record);
    else if (record.kind === 'sampled') model.sampled(record);
    else if (record.kind === 'count') model.counted(record);
    else if (record.kind === 'printed') model.printed(record);
    else model.frame(record);
  }

  /** The report of all records accepted. Ends the analysis: what was still open is closed and judged. */
  finish(facts: InputFacts): Report {
    const model = this.#model ?? this.#begin();
    // Where no record came before the end, the end is what --from and --to are asked about.
    if (!this.#capabilities.times && this.#origin.kind !== 'none') this.#settle(model);
    model.finish(facts.inFlight);
    const report = this.snapshot(facts);
    this.#options.events?.judged(report, model.zero);
    return report;
  }

  /** The report as of now. What has not ended yet is not judged. */
  snapshot(facts: InputFacts): Report {
    return this.#report(facts, this.#running);
  }

  /** A report on nothing but what goes on: what it would find open if the capture ended now. */
  open(facts: InputFacts, open: OpenFacts): Report {
    const model = this.#model ?? this.#begin();
    model.code.setLately(open.looks);
    const asked = this.#running.filter(({ definition }) => definition.judgesOpen);
    return model.asIfEnded(open, () => this.#report(facts, asked));
  }

  #report(facts: InputFacts, asked: readonly Running[]): Report {
    const model = this.#model ?? this.#begin();
    if (!this.#capabilities.times && this.#origin.kind !== 'none') this.#settle(model);
    // Where every call is split the parser alone knows that -T was given.
    this.#capabilities.durations ||= facts.source.flags.durations;
    this.#capabilities.stopsThreads = facts.stopsThreads;
    this.#capabilities.names = facts.source.flags.fdDecoration !== 'none';
    this.#capabilities.isRaw = facts.source.flags.others.includes('-e raw');
    const outcomes: Partial<Record<Kind, Outcome>> = {};
    const drafts: Draft[] = [];
    const wanted = this.#options.pids === undefined ? null : new Set(this.#options.pids);
    const isWatched = model.watch.isActive;
    const onlyCounted = isWatched || (model.statistics.fromTables && model.firstTime === UNKNOWN);
    const goesOn = this.#options.goesOn === true;
    // What drover notes of the cost stands in no capture that somebody else made.
    const isOurs = goesOn || (this.#cost !== null && facts.source.paths.length === 1);
    const doubts = doubtsAbout(model, { ...facts, goesOn, isOurs }, this.#capabilities.resolution);
    return judgingRolesOnce(model.processes, () => {
      for (const running of asked) {
        const { kind, judgesCounts } = running.definition;
        const conclusion =
          onlyCounted && judgesCounts !== (isWatched ? 'watched' : 'tables')
            ? NOTHING_BUT_COUNTS
            : concluded(
                running,
                onlyCounted ? null : sentenceOfMissing(running.definition.needs, this.#capabilities, model),
              );
        const { outcome, findings } = onlyCounted ? conclusion : believed(kind, conclusion, doubts);
        const ofWanted =
          wanted === null ? findings : findings.filter(({ workers }) => workers.some((pid) => wanted.has(pid)));
        outcomes[kind] = unlessHidden(kind, outcome, model);
        for (const finding of ofWanted) drafts.push({ kind, ...finding });
      }
      return composeReport({
        facts,
        model,
        origin: this.#origin,
        options: this.#options,
        capabilities: this.#capabilities,
        outcomes,
        doubts,
        drafts,
        events: this.#events,
        cost: this.#cost,
        noted: this.#noted,
      });
    });
  }

  /** Nothing was read of any process: no call, no signal, no end, no count. */
  get isEmpty(): boolean {
    return this.#told === 0 && (this.#model === null || this.#model.statistics.all().length === 0);
  }

  /** What each worker did over time, as of now; null when it was not asked for. */
  activity(): Activity | null {
    const model = this.#model;
    const recorder = this.#recorder;
    if (model === null || recorder === null) return null;
    const rows = representatives(model);
    this.#rows = rows;
    return describeActivity(model, { recorder, rows, origin: this.#origin, isGrowing: this.#options.growing === true });
  }

  /** What each worker of the last picture is in at this moment, by pid; empty when it was not asked for. */
  now(): ReadonlyMap<number, Now> {
    const model = this.#model;
    const recorder = this.#recorder;
    if (model === null || recorder === null) return new Map();
    // Of 200 processes it would take most of the time to judge anew who stands for each, five times a second.
    this.#rows ??= representatives(model);
    return describeNow(model, recorder, this.#rows);
  }

  /**
   * The first stamp has fixed the origin: only now are the user's times and the trace's on one axis. Lines without a
   * stamp may stand before it.
   */
  #settle(model: Model): void {
    const origin = this.#origin;
    const { from, to } = this.#options;
    const isCoarse = origin.kind === 'clock-seconds' || origin.isWhole === true;
    this.#capabilities.times = true;
    this.#options.events?.beginClock({ ...origin });
    this.#capabilities.resolution = isCoarse ? SECOND : 0;
    model.lookAt({
      from: (from === undefined ? null : traceTime(origin, from)) ?? Number.NEGATIVE_INFINITY,
      to: (to === undefined ? null : traceTime(origin, to)) ?? Number.POSITIVE_INFINITY,
      isCoarse,
    });
  }

  #begin(): Model {
    const capabilities = this.#capabilities;
    if (this.#options.activity === true || this.#options.timeline === true)
      this.#recorder = new ActivityRecorder(this.#threshold('stall-ms') * MILLISECOND);
    const model = new Model({
      ...(this.#recorder === null ? {} : { activity: this.#recorder }),
      from: Number.NEGATIVE_INFINITY,
      to: Number.POSITIVE_INFINITY,
      isCoarse: true,
      longTurn: this.#threshold('stall-ms') * MILLISECOND,
      clientTimeout: this.#threshold('client-timeout-ms') * MILLISECOND,
      noted: this.#noted,
      events: this.#options.events,
      topics: TRACKERS,
    });
    this.#model = model;
    this.#running = detectors.map((definition) => {
      try {
        const detector = definition.create({
          model,
          capabilities,
          goesOn: this.#options.goesOn === true,
          threshold: this.#thresholdsOf(definition),
        });
        const running: Running = { definition, detector, failure: '' };
        model.facts.subscribe(detector.on, (error) => {
          running.failure ||= describeFailure(error);
        });
        return running;
      } catch (error) {
        return { definition, detector: null, failure: String(error) };
      }
    });
    return model;
  }

  #threshold(name: ThresholdName): number {
    return this.#options.thresholds?.[name] ?? THRESHOLDS[name].default;
  }

  /**
   * The thresholds that a definition declares or uses, and no others: what it does not name its page does not document.
   */
  #thresholdsOf({ kind, thresholds, alsoUses = [] }: RegisteredDetector): (name: string) => number {
    const names = [...Object.keys(thresholds), ...alsoUses].filter(isThreshold);
    const values = new Map<string, number>(names.map((name) => [name, this.#threshold(name)]));
    return (name) => {
      const value = values.get(name);
      if (value === undefined) throw new Error(`${kind} does not name the threshold ${name} in its definition`);
      return value;
    };
  }
}

const NOTHING_BUT_COUNTS: Conclusion = notApplicable(
  `A table of counts says neither when nor who. Record the calls: ${RECORDING}`,
);

/** Only `-T` tells how long a call on one line took; split calls and calls in flight show it without. */
function tellsDuration({ duration, startLine, line, inFlight, partial }: Call): boolean {
  return duration >= 0 && startLine === line && !inFlight && !partial;
}

/** The verdict; `missing` says what the detector needs and the capture does not have. */
function concluded(running: Running, missing: string | null): Conclusion {
  if (running.failure === '' && running.detector !== null) {
    if (missing !== null) return notApplicable(missing);
    try {
      return running.detector.conclude();
    } catch (error) {
      running.failure = describeFailure(error);
    }
  }
  return {
    outcome: { status: 'failed', reason: `This detector broke: a defect of drover. ${running.failure}` },
    findings: [],
  };
}

function describeFailure(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return stack
    .split('\n')
    .slice(0, 2)
    .join(' ')
    .replace(/\(?file:\/\/[^)]*\/dist\//, '(');
}
