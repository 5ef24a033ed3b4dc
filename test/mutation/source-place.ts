import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join, relative } from 'node:path';

/** Where a piece of a built module stands in its source. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly offset: number;
}

/** The source of what stands at `from` to `to` of a built module; null where it is written differently there. */
export function sourcePlaceOf(root: string, file: string, from: number, to: number): SourcePlace | null {
  const program = readFileSync(file, 'utf8');
  const before = program.slice(0, from).split('\n');
  const entry = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8'))).findEntry(
    before.length - 1,
    before.at(-1)?.length ?? 0,
  );
  if (!('originalLine' in entry)) return null;
  const source = join(root, relative(join(root, 'dist'), file).replace(/\.js$/, '.ts'));
  const text = readFileSync(source, 'utf8');
  // The nearest piece of text before it that is in the map.
  const start = offsetOf(text, entry.originalLine, entry.originalColumn);
  const builtStart = offsetOf(program, entry.generatedLine, entry.generatedColumn);
  const offset = start + from - builtStart;
  if (text.slice(start, offset + to - from) !== program.slice(builtStart, to)) return null;
  return { file: source, line: text.slice(0, offset).split('\n').length, offset };
}

function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split('\n').slice(0, line);
  return lines.reduce((sum, each) => sum + each.length + 1, column);
}
