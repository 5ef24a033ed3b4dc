import type { Evidence, Finding, HostRequest, Metric, Report, Step } from '../analysis/report.ts';
import { maskPath } from './masking/mask-path.ts';
import { maskSecrets, maskSocketName } from './masking/shapes.ts';
import { redactPayload, redactProse } from './payload.ts';
import { redactFunction, redactLine, redactQuoted } from './redact-line.ts';

/**
 * Metrics that are payload as a whole, in any depth: `replies[].request`. A `query` is masked where it is recognised
 * and stays.
 */
const PAYLOAD_KEY =
  /^(?:request|requests|requestInTitle|behind|sql|statement|payload|message|body|header|headers|reply|response)$/;
/** `behind` may name a finding instead. */
const FINDING_ID = /^[a-z]+(?:-[a-z]+)*-\d+$/;
/** Diagnostics whose samples are sentences of drover on a file, not lines of one. */
const OWN_WORDS: ReadonlySet<string> = new Set(
  (
    'read-error shrunk-file grown-file mixed-clocks unknown-input skipped-file memory-limit truncated-compression ' +
    'capture-ended-early'
  ).split(' '),
);
const LINE_KEY = /^(?:text|line|lines|arguments)$/;
/** Shorter payload is too likely to be a word of the sentence around it. */
const SHORTEST_QUOTATION = 6;
/** Of a name that is cut within itself titles show more than this. */
const LEAST_OF_NAME = 12;

/**
 * The same report without payload: what clients sent and servers answered. Request lines keep method and path,
 * statements their verb, strings in raw lines their size; query strings, cookies, authorization and passwords go.
 * Paths, program arguments and addresses stay. Idempotent.
 */
export function redactReport(report: Report): Report {
  const all = quotations(report.findings);
  return {
    ...report,
    quality: {
      ...report.quality,
      notes: report.quality.notes.map(redactProse),
      diagnostics: report.quality.diagnostics.map((diagnostic) => ({
        ...diagnostic,
        meaning: redactProse(diagnostic.meaning),
        samples: diagnostic.samples.map((sample) =>
          OWN_WORDS.has(diagnostic.code) ? { ...sample, text: redactProse(sample.text) } : redactEvidence(sample),
        ),
      })),
    },
    verdict: { ...report.verdict, text: redactSentence(report.verdict.text, all) },
    outcomes: Object.fromEntries(
      Object.entries(report.outcomes).map(([kind, outcome]) => [
        kind,
        { ...outcome, reason: redactProse(outcome.reason) },
      ]),
    ),
    time: report.time.map((share) => ({ ...share, target: share.target === null ? null : redactName(share.target) })),
    dependencies: report.dependencies.map((each) => ({ ...each, peer: redactName(each.peer) })),
    ...(report.requests === undefined ? {} : { requests: report.requests.map(redactRequest) }),
    findings: report.findings.map((finding) => redactFinding(finding, all)),
  };
}

function redactRequest(each: HostRequest): HostRequest {
  return {
    ...each,
    request: redactPayload(each.request),
    behind: redactPayload(each.behind),
    waitedFor: redactName(each.waitedFor),
    inCall: redactName(each.inCall),
  };
}

type Quotations = ReadonlyMap<string, string>;

/** The first step may be that of another finding: `all` is what any of them quotes. */
function redactFinding(finding: Finding, all: Quotations): Finding {
  const quoted = quotations([finding]);
  const masked = maskedQuery(finding);
  return {
    ...finding,
    title: redactSentence(finding.title, quoted),
    effect: typeof finding.effect === 'string' ? redactSentence(finding.effect, quoted) : finding.effect,
    summary: aroundMasked(finding.summary, masked, (part) => redactSentence(part, quoted)),
    why: redactSentence(finding.why, quoted),
    metrics: Object.fromEntries(Object.entries(finding.metrics).map(([key, value]) => [key, redactMetric(key, value)])),
    evidence: finding.evidence.map(redactEvidence),
    next: finding.next.map((step) => redactStep(step, all)),
  };
}

/**
 * What was asked of another service, with its values masked where it was recognised; '' when there is none, or when
 * values are left in it.
 */
function maskedQuery({ metrics }: Finding): string {
  const { query } = metrics;
  return typeof query === 'string' && !/[\d'"`]/.test(query) && maskSecrets(query) === query ? query : '';
}

/** Applies `redact` to everything but the masked query, which may be shown. */
function aroundMasked(text: string, masked: string, redact: (part: string) => string): string {
  return masked === '' ? redact(text) : text.split(masked).map(redact).join(masked);
}

function redactEvidence(evidence: Evidence): Evidence {
  return { ...evidence, text: redactLine(evidence.text) };
}

/**
 * Only secrets and what findings quote: the words and commands of a step are ours, and an SQL verb in them is
 * advice.
 */
function redactStep(step: Step, quoted: Quotations): Step {
  const shown = (text: string): string => maskSecrets(withoutQuotations(text, quoted));
  const redacted: { -readonly [key in keyof Step]: Step[key] } = { ...step, text: shown(step.text) };
  if (step.command !== undefined) redacted.command = shown(step.command);
  if (step.needs !== undefined) redacted.needs = shown(step.needs);
  if (step.caveat !== undefined) redacted.caveat = shown(step.caveat);
  return redacted;
}

/** A path, an address or the name of a socket. */
function redactName(name: string): string {
  const redacted = redactMetric('target', name);
  return typeof redacted === 'string' ? redacted : name;
}

function redactMetric(key: string, value: Metric): Metric {
  if (typeof value === 'string') {
    if (PAYLOAD_KEY.test(key)) return FINDING_ID.test(value) ? value : redactPayload(value);
    if (key === 'query') return /[\d'"`]/.test(value) ? redactPayload(value) : maskSecrets(value);
    if (LINE_KEY.test(key)) return redactLine(value);
    if (key === 'function') return redactFunction(value);
    // A name with blanks in it can be told from the sentence around it only here.
    if (value.startsWith('/')) return maskPath(value);
    const socket = /^unix:@?(?=[^/@])/.exec(value)?.[0];
    return socket === undefined
      ? redactQuoted(value)
      : `${socket}${maskSocketName(socket, value.slice(socket.length))}`;
  }
  if (value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map((item) => redactMetric(key, item));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redactMetric(name, item)]));
}

/**
 * What findings hold as payload and how it reads when redacted, longest first, so that sentences which quote it can be
 * rewritten.
 */
function quotations(findings: readonly Finding[]): Quotations {
  const found = new Map<string, string>();
  const visit = (key: string, value: Metric): void => {
    if (typeof value === 'string') {
      const redacted = redactMetric(key, value);
      if (value.length >= SHORTEST_QUOTATION && typeof redacted === 'string' && redacted !== value)
        found.set(value, redacted);
    } else if (value !== null && typeof value === 'object') {
      if (isList(value)) for (const item of value) visit(key, item);
      else for (const [name, item] of Object.entries(value)) visit(name, item);
    }
  };
  for (const finding of findings) visit('', finding.metrics);
  return new Map([...found].sort(([a], [b]) => b.length - a.length));
}

function redactSentence(text: string, quoted: Quotations): string {
  return redactProse(withoutQuotations(text, quoted));
}

function withoutQuotations(text: string, quoted: Quotations): string {
  let redacted = text;
  for (const [payload, name] of quoted) {
    redacted = redacted.replaceAll(payload, () => name);
    if (payload.startsWith('/') && redacted.includes('…')) redacted = withoutEnds(redacted, payload, name);
  }
  return redacted;
}

/** The same for the end of a path whose beginning a title had no room for, `…/sessions/X`. */
function withoutEnds(text: string, path: string, masked: string): string {
  const segments = masked.split('/');
  let redacted = '';
  let from = 0;
  for (let at = text.indexOf('…'); at >= 0; at = text.indexOf('…', from)) {
    const end = endOfPath(path, text, at + 1);
    const slashes = end.split('/').length - 1;
    const shown = slashes === 0 ? (segments.at(-1) ?? '') : `/${segments.slice(-slashes).join('/')}`;
    redacted += `${text.slice(from, at + 1)}${end === '' ? '' : shown}`;
    from = at + 1 + end.length;
  }
  return redacted + text.slice(from);
}

/** The longest end of a path that stands at this place: a whole name at least, or much of a long one. */
function endOfPath(path: string, text: string, at: number): string {
  for (let start = 0; start < path.length; start++) {
    const end = path.slice(start);
    if (!end.includes('/') && end.length < LEAST_OF_NAME) return '';
    if (text.startsWith(end, at)) return end;
  }
  return '';
}

function isList(value: object): value is readonly Metric[] {
  return Array.isArray(value);
}
