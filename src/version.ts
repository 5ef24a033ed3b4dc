import { readFileSync } from 'node:fs';
import { installed } from './installation.ts';

/** The version in package.json. */
export const TOOL_VERSION: string = versionIn(readFileSync(installed('package.json'), 'utf8'));

function versionIn(text: string): string {
  const manifest: unknown = JSON.parse(text);
  if (
    typeof manifest === 'object' &&
    manifest !== null &&
    'version' in manifest &&
    typeof manifest.version === 'string'
  )
    return manifest.version;
  throw new Error('package.json has no version');
}
