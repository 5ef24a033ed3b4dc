import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Of each sample its beginning, and as much from its middle. */
const PIECE_BYTES = 40_000;

/** Lines that a case may begin with. */
export interface Text {
  readonly name: string;
  readonly lines: readonly string[];
}

/** Beginnings and middles of all samples of the project, and every example of its documents that looks like a trace. */
export function readCorpus(): readonly Text[] {
  return [...samples(), ...examples()].filter(({ lines }) => lines.length > 0);
}

function samples(): Text[] {
  return below('samples')
    .filter((path) => /\.(?:strace|bpftrace)\.gz$/.test(path))
    .flatMap((path) => {
      const bytes = gunzipSync(readFileSync(join(ROOT, path)));
      const middle = Math.floor(bytes.length / 2);
      return [
        { name: path, lines: linesOf(bytes.toString('latin1', 0, PIECE_BYTES)) },
        { name: `${path} from its middle`, lines: linesOf(bytes.toString('latin1', middle, middle + PIECE_BYTES)) },
      ];
    });
}

/** Blocks between fences: examples of detectors, line shapes of parsers. */
function examples(): Text[] {
  return [...below('parsers'), ...below('src/detectors')]
    .filter((path) => path.endsWith('README.md'))
    .flatMap((path) =>
      [...readFileSync(join(ROOT, path), 'latin1').matchAll(/^```[^\n]*\n([\s\S]*?)^```$/gm)].map(
        ([, text = ''], index) => ({
          name: `${path}, example ${index + 1}`,
          lines: linesOf(text),
        }),
      ),
    );
}

function below(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .sort();
}

function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
