import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const SAMPLES = fileURLToPath(new URL('../../../samples', import.meta.url));

/** The captures of the samples that drover's programs printed, unpacked, one character a byte. */
export function bpftraceSamples(): { readonly name: string; readonly text: string }[] {
  return readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.bpftrace.gz'))
    .sort()
    .map((name) => ({ name, text: gunzipSync(readFileSync(join(SAMPLES, name))).toString('latin1') }));
}
