import { LaneTable } from '../../parsers/lanes.ts';
import { detectFormat } from '../../parsers/registry.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { OpenInput } from '../../src/pipeline/open-input.ts';
import { peek } from '../../src/pipeline/peeked-input.ts';
import { openInputs } from '../../src/sources/open-inputs.ts';
import type { TraceInput } from '../../src/sources/trace-input.ts';
import { createTimeOrigin } from '../../src/trace/time.ts';

/**
 * The work of `drover analyze`, stopped after one of its stages. Runs as a process of its own: `node stage.js STAGE
 * FILE`.
 */
const STAGES: Readonly<Record<string, (input: TraceInput, path: string) => Promise<void>>> = {
  async read(input) {
    for await (const chunk of input.chunks()) void chunk;
  },

  async lines(input) {
    for await (const chunk of input.chunks()) {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1));
    }
  },

  async parse(input) {
    const peeked = await peek(input, 1);
    const format = detectFormat(peeked.head);
    if (format === null) throw new Error('not a trace');
    const open = new OpenInput(peeked, format, { lanes: new LaneTable(), origin: createTimeOrigin() });
    while (await open.refill()) while (open.parser.next() !== null);
  },

  async analyze(_input, path) {
    await analyzeInputs(openInputs([path]), {});
  },
};

const [, , name = '', path = ''] = process.argv;
const stage = STAGES[name];
const [input] = openInputs([path]).inputs;
if (stage === undefined || input === undefined)
  throw new Error(`usage: stage.js ${Object.keys(STAGES).join('|')} FILE`);
await stage(input, path);
