import type { Report } from '../../analysis/report.ts';
import { areSameName } from '../../files/file-identity.ts';
import type { ReportFlags } from '../options/print.ts';
import { UsageError } from '../options/usage-error.ts';
import { renderReport } from './render-report.ts';
import { reportStyle } from './terminal-capabilities.ts';
import { notices, type Output, openFile, openOutput } from './write-result.ts';

/** Where a report goes. */
export interface Results {
  /** Writes all of it, once. Throws as `Output` does. */
  write(report: Report): Promise<void>;
}

/** Flags that name files. */
type NamedFlags = ReportFlags & {
  readonly save?: string;
  readonly perfetto?: string;
  readonly chromeTrace?: string;
};

/**
 * Finds out, before hours of trace are read or a server is traced, that the report can be printed, or written with
 * `-o`, and the files beside it, and that they replace none of `inputs`. `host` is what to call the host of a report on
 * one. Throws `OutputError` and `UsageError`.
 */
export async function openResults(flags: NamedFlags, inputs: readonly string[], host: string): Promise<Results> {
  const files = await openReportFiles(flags, inputs, host);
  const output = await openOutput(flags, inputs);
  return {
    write: async (report) => {
      // A reader of the printed report may go away; the files are for somebody else. A file that cannot be written
      // leaves the report to be read.
      const [written] = await Promise.allSettled([files.write(report)]);
      await output.write(await renderReport(report, flags, reportStyle(flags)));
      if (written.status === 'rejected') throw written.reason;
    },
  };
}

/** A form of the report that goes to a file beside what is printed. */
interface ReportFile {
  readonly option: string;
  readonly nameIn: (flags: NamedFlags) => string | undefined;
  readonly render: (report: Report, context: FileContext) => Promise<string>;
}

interface FileContext {
  readonly withPayload: boolean;
  /** What to call the host of a report on one. */
  readonly host: string;
}

const REPORT_FILES: readonly ReportFile[] = [
  {
    option: '--html',
    nameIn: ({ html }) => html,
    render: async (report, { withPayload }) => {
      const { renderHtml } = await import('../../output/html/html.ts');
      return renderHtml(report, { withPayload });
    },
  },
  {
    option: '--findings',
    nameIn: ({ findings }) => findings,
    render: async (report, { withPayload, host }) => {
      const { findingRowsOf } = await import('../../archive/rows.ts');
      const { renderJsonLines } = await import('../../output/json.ts');
      const { redactReport } = await import('../../output/redact.ts');
      return renderJsonLines(findingRowsOf(withPayload ? report : redactReport(report), { host }));
    },
  },
  {
    option: '--openmetrics',
    nameIn: ({ openmetrics }) => openmetrics,
    render: async (report) => (await import('../../output/openmetrics.ts')).renderOpenMetrics(report),
  },
];

/** The same for the files alone: `--html FILE` and its like. */
export async function openReportFiles(flags: NamedFlags, inputs: readonly string[], host: string): Promise<Results> {
  checkNames(flags);
  const { force, withPayload } = flags;
  const files: { readonly output: Output; readonly render: ReportFile['render'] }[] = [];
  for (const { option, nameIn, render } of REPORT_FILES) {
    const name = nameIn(flags);
    if (name !== undefined)
      files.push({ output: await openFile(name, { option, force: force === true, inputs }), render });
  }
  const send = await openReceiver(flags, host);
  return {
    write: async (report) => {
      // One that cannot be written leaves the others to be read.
      const written = await Promise.allSettled([
        ...files.map(async ({ output, render }) =>
          output.write(await render(report, { withPayload: withPayload === true, host })),
        ),
        send(report),
      ]);
      for (const each of written) if (each.status === 'rejected') throw each.reason;
    },
  };
}

/** What sends the report to the receiver of `--otlp`; nothing where there is none. Throws `UsageError`. */
async function openReceiver(flags: NamedFlags, host: string): Promise<(report: Report) => Promise<void>> {
  const { otlp, otlpProtocol, withPayload } = flags;
  if (otlp === undefined) return async () => undefined;
  const { otlpReceiver, sendOtlp } = await import('./otlp-sender.ts');
  const receiver = otlpReceiver(otlp, process.env, otlpProtocol);
  return async (report) => {
    const { otlpOf } = await import('../../output/otlp/otlp.ts');
    const { redactReport } = await import('../../output/redact.ts');
    const { createHash } = await import('node:crypto');
    const { startTime, durationMs } = report.window;
    const key = JSON.stringify([host, startTime, durationMs, report.workers.map(({ pid }) => pid)]);
    const traceId = createHash('sha256').update(key).digest('hex').slice(0, 32);
    const now = BigInt(Date.now()) * 1_000_000n;
    const shown = withPayload === true ? report : redactReport(report);
    await sendOtlp(receiver, otlpOf(shown, { host, traceId, now }), notices(flags));
  };
}

/** Throws `UsageError` when two of what is written would have the same name. */
function checkNames(flags: NamedFlags): void {
  const named = [
    ['--save', flags.save],
    ['-o', flags.output],
    ['--perfetto', flags.perfetto],
    ['--chrome-trace', flags.chromeTrace],
    ...REPORT_FILES.map(({ option, nameIn }) => [option, nameIn(flags)] as const),
  ] as const;
  for (const [index, [option, name]] of named.entries())
    for (const [earlier, other] of named.slice(0, index))
      if (name !== undefined && other !== undefined && areSameName(other, name))
        throw new UsageError(`${earlier} and ${option} both name ${name}.`, {
          hint: 'Give each a name of its own.',
        });
}
