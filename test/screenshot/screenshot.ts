import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Activity } from '../../src/analysis/activity.ts';
import type { Report } from '../../src/analysis/report.ts';
import { BlessedPainter } from '../../src/dashboard/terminal/blessed-painter.ts';
import { drawScreen } from '../../src/dashboard/views/screen.ts';
import { AnalysisThread } from '../../src/pipeline/analysis-thread.ts';
import { HeadlessTerminal } from '../support/headless-terminal.ts';
import { PaperDashboard } from '../support/screens.ts';
import { cellsToSvg } from './cells-to-svg.ts';

/** The repository; compiled tests lie in dist/test/screenshot. */
const ROOT = join(import.meta.dirname, '../../..');
/** The sample whose screen the README shows. */
const TRACE = 'samples/distracted-worker/trace.strace.gz';
export const SCREENSHOT = join(ROOT, 'test/screenshot/triage.svg');
const SIZE = { columns: 80, rows: 24 };

/** The dashboard of the sample as the program shows it when it has read all of it. */
export async function sampleDashboard(): Promise<PaperDashboard> {
  const { report, activity } = await picture(join(ROOT, TRACE));
  // As it is when it is started in the folder of the repository.
  const source = { ...report.source, paths: [TRACE] };
  return new PaperDashboard({ ...report, source }, { ...SIZE, activity });
}

/** The same as a picture: each cell with the colours that the terminal gives it. */
export async function screenshot(dashboard: PaperDashboard): Promise<string> {
  const terminal = new HeadlessTerminal(SIZE.columns, SIZE.rows);
  const painter = await BlessedPainter.create({ ...SIZE, theme: 'dark', write: terminal.write });
  painter.draw(drawScreen(dashboard.state));
  await terminal.settled();
  const svg = cellsToSvg(terminal, SIZE);
  painter.destroy();
  return svg;
}

function picture(path: string): Promise<{ readonly report: Report; readonly activity: Activity | null }> {
  return new Promise((resolve, reject) => {
    const thread = new AnalysisThread({
      paths: [path],
      options: {},
      memoryMb: 512,
      tell: (message) => {
        if (message.kind === 'failed') reject(new Error(message.message));
        if (message.kind !== 'done') return;
        void thread.terminate();
        resolve(message.picture);
      },
    });
  });
}

if (process.argv[1] === import.meta.filename) writeFileSync(SCREENSHOT, await screenshot(await sampleDashboard()));
