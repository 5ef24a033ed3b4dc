import { readFileSync, writeFileSync } from 'node:fs';
import { detectors } from '../../src/detectors/registry.ts';
import { kindsFile } from './kinds-file.ts';
import { withKinds } from './report-schema.ts';

/** Compiled, this file lies in dist/test/tools. */
const SCHEMA = new URL('../../../src/analysis/report.schema.json', import.meta.url);
const KINDS_FILE = new URL('../../../src/detectors/kinds.ts', import.meta.url);
const WIDTH = 120;

/** JSON of which everything that fits into one line stands in one. */
function print(value: unknown, indent: number, before: number): string {
  const line = oneLine(value);
  if (indent + before + line.length <= WIDTH || typeof value !== 'object' || value === null) return line;
  const inner = ' '.repeat(indent + 2);
  const parts = Array.isArray(value)
    ? value.map((each) => print(each, indent + 2, 1))
    : Object.entries(value).map(([name, each]) => `"${name}": ${print(each, indent + 2, name.length + 5)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${' '.repeat(indent)}${close}`;
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${oneLine(each)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

const schema = JSON.parse(readFileSync(SCHEMA, 'utf8'));
writeFileSync(SCHEMA, `${print(withKinds(schema, detectors), 0, 0)}\n`);
writeFileSync(KINDS_FILE, kindsFile(detectors));
