// Prints what `record-lib.sh` needs of the built drover: usage: bpftrace-program.mjs program NAME PORT PID… |
// descriptors PID…
import { descriptorLines } from '../../dist/src/sources/bpftrace/descriptor-lines.js';
import { bpftraceProgram, programEnvironment } from '../../dist/src/sources/bpftrace/program.js';

const [what, ...rest] = process.argv.slice(2);
if (what === 'descriptors') process.stdout.write(descriptorLines(rest.map(Number)));
else if (what === 'environment') {
  for (const [name, value] of Object.entries(programEnvironment(rest[0]))) console.log(`${name}=${value}`);
} else {
  const [name, port, ...pids] = rest;
  process.stdout.write(bpftraceProgram(name, { pids: pids.map(Number), machine: 'x86-64', ports: [Number(port)] }));
}
