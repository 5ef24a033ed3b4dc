import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The browser of Debian. As root it runs without its sandbox. */
export const BROWSER = 'chromium';
const FLAGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run'];
/** A console message, or a load that was refused, on standard error. */
const MESSAGE = /^\[.*:CONSOLE[:(].*$/gm;
const TIME_LIMIT_MS = 120_000;

/** What a browser made of a page. */
export interface Opened {
  /** The document after its script ran. */
  readonly dom: string;
  /** What it wrote to the console: errors of the script, violations of the policy. */
  readonly messages: readonly string[];
}

/** Opens a file in a browser of its own, with its profile in `folder`. */
export async function open(path: string, folder: string): Promise<Opened> {
  const { stdout, stderr } = await browser(folder, [
    '--enable-logging=stderr',
    '--v=0',
    '--dump-dom',
    `file://${path}`,
  ]);
  return { dom: stdout, messages: stderr.match(MESSAGE) ?? [] };
}

/** A picture of the page as PNG. */
export async function photograph(
  path: string,
  picture: string,
  folder: string,
  { width, height, scale = 1 }: { readonly width: number; readonly height: number; readonly scale?: number },
): Promise<void> {
  const size = [`--window-size=${width},${height}`, `--force-device-scale-factor=${scale}`];
  await browser(folder, [...size, `--screenshot=${picture}`, `file://${path}`]);
}

function browser(folder: string, words: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const profile = `--user-data-dir=${join(folder, 'profile')}`;
  return run(BROWSER, [...FLAGS, profile, ...words], { timeout: TIME_LIMIT_MS, maxBuffer: 1e8 });
}
