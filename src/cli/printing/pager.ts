import { spawn } from 'node:child_process';
import { errorCode } from '../../files/failure-reason.ts';
import { writeStdout } from './write-result.ts';

/** As git sets it: less ends when all fits the screen, keeps colours, and leaves the text there. */
const LESS = 'FRX';
const NOT_FOUND = 127;
const NO_PAGER = /^(?:|cat)$/;
const NO_TERMINAL = /^(?:|dumb|unknown)$/;

/**
 * Shows text that is longer than the terminal through `$PAGER`, or `less` where that is not set; other text, and all
 * text that goes elsewhere than to a terminal, is written.
 */
export async function writePaged(text: string): Promise<void> {
  const { isTTY, rows } = process.stdout;
  const { PAGER: pager = 'less', TERM: terminal = '' } = process.env;
  const fits = isTTY !== true || text.split('\n').length <= rows;
  if (fits || NO_PAGER.test(pager.trim()) || NO_TERMINAL.test(terminal)) return writeStdout(text);
  if (!(await page(pager, text))) await writeStdout(text);
}

/** Whether the pager could be started. */
async function page(pager: string, text: string): Promise<boolean> {
  // What PAGER holds is a line for the shell, by convention.
  const [program, ...words] = pager === 'less' ? ['less'] : ['/bin/sh', '-c', pager];
  const child = spawn(program ?? '', words, {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, LESS: process.env.LESS ?? LESS },
  });
  // Ctrl-C is for the pager, which must not be left behind on the terminal.
  const ignored = (): undefined => undefined;
  process.on('SIGINT', ignored);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', (error) => (errorCode(error) === 'ENOENT' ? resolve(false) : reject(error)));
      child.on('close', (code) => resolve(code !== NOT_FOUND));
      // Whoever leaves the pager early has read enough.
      child.stdin.on('error', ignored);
      child.stdin.end(text);
    });
  } finally {
    process.off('SIGINT', ignored);
  }
}
