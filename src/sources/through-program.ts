import type { Writable } from 'node:stream';
import { asOperand } from '../files/operand.ts';
import { InputError } from './input-error.ts';

/** More decompressors than this at once would strain the host that somebody is on call for. */
const MOST_PROGRAMS = 64;
let running = 0;

/** Unpacks with the program of the same name as the compression (`zstd -dc`). Node 20 itself knows none of them. */
export async function* throughProgram(
  packed: AsyncIterable<Buffer>,
  program: 'zstd' | 'xz' | 'bzip2',
  name: string,
  broken: (reason: string) => void,
): AsyncGenerator<Buffer> {
  if (running >= MOST_PROGRAMS) {
    throw new InputError(
      `Cannot read ${name}: more than ${MOST_PROGRAMS} ${program} files would have to be open at once.`,
      {
        hint: `Unpack them first: ${program} -d FILE…`,
      },
    );
  }
  // Imported here because it costs 80 ms of the start.
  const { execa } = await import('execa');
  running++;
  const child = execa(program, ['-dc'], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    encoding: 'buffer',
  });
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => {
    complaint = (complaint + text.toString('utf8')).slice(-1_000);
  });
  const feeding = feed(child.stdin, packed);
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const result = await child;
    if (result.code === 'ENOENT') {
      throw new InputError(`Cannot read ${name}: this needs the ${program} program.`, {
        hint: `Install it, or run: ${program} -d ${asOperand(name)}`,
      });
    }
    if (result.failed)
      broken(complaint.trim().split('\n').at(-1) || `${program} ended with ${result.exitCode ?? result.signal}`);
    await feeding;
  } finally {
    running--;
    child.kill();
    await child;
    await feeding.catch(() => undefined);
  }
}

/**
 * Hands the bytes over one chunk at a time, since the memory of a chunk is used again. A program that ended early takes
 * no more.
 */
async function feed(stdin: Writable, packed: AsyncIterable<Buffer>): Promise<void> {
  stdin.on('error', () => undefined);
  for await (const chunk of packed) {
    const failed = await new Promise<boolean>((done) => {
      stdin.write(chunk, (error) => done(error !== null && error !== undefined));
    });
    if (failed) return;
  }
  stdin.end();
}
