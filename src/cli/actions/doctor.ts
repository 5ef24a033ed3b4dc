import { show } from '../../output/show.ts';
import { type BundledProgram, bundledPrograms } from '../../sources/bundled-programs.ts';
import { type Diagnosis, diagnose } from '../../sources/live/diagnosis.ts';
import { EXIT } from '../printing/exit-code.ts';
import { writeStdout } from '../printing/write-result.ts';

const LEVEL = 9;

/** Prints what works here, and gives the exit code that an attempt to attach would. */
export async function runDoctor(pids: readonly number[]): Promise<number> {
  const diagnosis = await diagnose(pids);
  await writeStdout(`${doctorText(diagnosis)}${programsText(bundledPrograms())}`);
  return diagnosis.canAttach ? EXIT.done : EXIT.attach;
}

/** A line for each check: ok, or missing with a line that says what to do. */
function doctorText({ groups }: Diagnosis): string {
  const lines = groups.flatMap(({ title, checks }) => [
    title,
    ...checks.flatMap(({ level, text, fix }) => [
      `  ${level.padEnd(LEVEL)}${show(text, true)}`,
      ...(fix === '' ? [] : [`  ${'fix'.padEnd(LEVEL)}${show(fix, true)}`]),
    ]),
  ]);
  return `${lines.join('\n')}\n`;
}

/** What drover has other programs run, with the sums that `sha256sum` prints of the same files. */
function programsText(programs: readonly BundledProgram[]): string {
  return (
    'programs that come with drover ' +
    `(sha256)\n${programs.map(({ path, sha256 }) => `  ${sha256}  ${path}\n`).join('')}`
  );
}
