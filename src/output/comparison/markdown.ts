import type { CauseChange, Comparison } from '../../comparison/comparison.ts';
import { plural } from '../../trace/format-numbers.ts';
import { codeSpan, prose } from '../markdown-escape.ts';
import { SEVERITY_WORDS } from '../wording.ts';
import { amountsOf, changeWord, nameOf, outcomeWord, partsOf } from './wording.ts';

const ROWS = 20;

/** The comparison as a note to paste into an incident or a change. */
export function renderComparisonMarkdown({ before, after, verdict, causes, conditions, next }: Comparison): string {
  const hidden = causes.length - ROWS;
  const lines = [
    `# drover diff: ${outcomeWord(verdict)}`,
    '',
    `**${prose(verdict.text)}**`,
    '',
    ...[before, after].map(
      (side, index) =>
        `- ${index === 0 ? 'Before' : 'After'}: ${codeSpan(nameOf(side))}, ${prose(partsOf(side).slice(1).join(', '))}`,
    ),
    ...conditions.map((sentence) => `- ${prose(sentence)}`),
    ...next.map((step) => `- Next: ${prose(step)}`),
    '',
    ...(causes.length === 0
      ? []
      : ['| Change | Severity | Cause | Before | After |', '| --- | --- | --- | --- | --- |']),
    ...causes.slice(0, ROWS).map(row),
    ...(hidden > 0 ? ['', `${plural(hidden, 'more cause')}: \`--json\` has all.`] : []),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function row(cause: CauseChange): string {
  const { severity, title } = cause;
  const amounts = amountsOf(cause).map((words) => words.replace(/^\w+: /, ''));
  return `| ${[changeWord(cause), SEVERITY_WORDS[severity], title, ...amounts].map(prose).join(' | ')} |`;
}
