import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { needsTool } from '../support/needs-tool.ts';
import { DROVER } from '../support/run-drover.ts';
import { Tmux } from '../support/tmux.ts';

const PATIENCE_MS = 10_000;

/**
 * Waits until the process listens to signals and has opened a file of such a name besides its standard streams; its
 * pid.
 */
async function reading(pidOf: () => number | undefined, name: RegExp): Promise<number> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
    const pid = pidOf();
    if (pid !== undefined && catchesHangUp(pid) && opened(pid).some((path) => name.test(path))) return pid;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nothing like ${name} was opened`);
}

/** Node itself catches SIGINT and SIGTERM from the beginning, but not this one. */
function catchesHangUp(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & 1n) === 1n;
}

function opened(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) =>
      Number(descriptor) < 3 ? [] : [readlinkSync(`/proc/${pid}/fd/${descriptor}`)],
    );
  } catch {
    // A descriptor that was closed meanwhile.
    return [];
  }
}

/** drover in the terminal, as soon as it runs. */
function droverIn(tmux: Tmux): number | undefined {
  const shell = tmux.property('pane_pid');
  const children = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ');
  const child = children.find((pid) => pid !== '' && textOf(`/proc/${pid}/cmdline`).includes('drover.js'));
  return child === undefined ? undefined : Number(child);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended meanwhile.
    return '';
  }
}

describe('a device that gives nothing', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`does not keep the process from ending on the first ${signal}`, async () => {
      // The master side of a new terminal: it gives nothing before somebody writes to the other side.
      const child = spawn(process.execPath, [DROVER, '/dev/ptmx'], { stdio: ['ignore', 'pipe', 'pipe'] });
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      const ended = new Promise((resolve) => child.on('close', resolve));
      await reading(() => child.pid, /ptmx/);
      child.kill(signal);
      const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      assert.equal(await ended, 128 + constants.signals[signal]);
      clearTimeout(late);
      assert.equal(stderr, `drover: stopped by ${signal} before the end of the capture; nothing was reported.\n`);
    });
  }
});

describe('a terminal that is read as a trace', needsTool('tmux'), () => {
  for (const words of ['/dev/tty', '/dev/stdin', '--md /dev/fd/0']) {
    it(`is left with one Ctrl-C, and with one SIGTERM: ${words}`, async () => {
      const tmux = new Tmux({ columns: 100, rows: 12 });
      try {
        tmux.drover(words);
        await reading(() => droverIn(tmux), /^\/dev\/(?:tty|pts\/\d+)$/);
        tmux.keys('C-c');
        await tmux.until(/left 130/);
        tmux.drover(words);
        process.kill(await reading(() => droverIn(tmux), /^\/dev\/(?:tty|pts\/\d+)$/), 'SIGTERM');
        await tmux.until(/left 143/);
      } finally {
        tmux.close();
      }
    });
  }

  it('gives what is typed into it until Ctrl-D', async () => {
    const tmux = new Tmux({ columns: 100, rows: 30 });
    try {
      tmux.drover('/dev/tty | head -n 3');
      await reading(() => droverIn(tmux), /^\/dev\/tty$/);
      for (const second of [1, 2, 3]) tmux.command(`7 179518952${second}.000001 read(3, "x", 1) = 1 <0.000010>`);
      tmux.keys('C-d');
      await tmux.until(/3 lines/);
    } finally {
      tmux.close();
    }
  });
});
