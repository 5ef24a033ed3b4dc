import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Compiled, this file lies in dist/test/tools. */
const FOLDER = join(import.meta.dirname, '../../../src/output/html');
export const PAGE_ASSETS = join(FOLDER, 'page-assets.ts');

/** The file that holds style and script of a page as text, with the hashes that its policy lets through. */
export function pageAssets(): string {
  const [style, script] = ['page.css', 'page.js'].map((name) => `\n${readFileSync(join(FOLDER, name), 'utf8')}`);
  return [
    '// Written by `npm run page` from page.css and page.js.',
    '',
    '/** The style sheet of a page. */',
    `export const PAGE_STYLE = ${literal(style ?? '')};`,
    '',
    '/** What a content security policy calls it. */',
    `export const PAGE_STYLE_HASH = '${hashOf(style ?? '')}';`,
    '',
    '/** What a page can do beyond being read. */',
    `export const PAGE_SCRIPT = ${literal(script ?? '')};`,
    '',
    '/** What a content security policy calls it. */',
    `export const PAGE_SCRIPT_HASH = '${hashOf(script ?? '')}';`,
    '',
  ].join('\n');
}

/** Text as a template literal, line by line as it is. */
function literal(text: string): string {
  return `\`${text.replace(/[\\`]|\$(?=\{)/g, '\\$&')}\``;
}

/** `sha256-…`, of what stands between the tags. */
export function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(PAGE_ASSETS, pageAssets());
