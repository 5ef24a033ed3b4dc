const PROGRAM_FILE = /\.(?:pyc?|rb|m?js|php|jar)$|\.so(?:\.\d[\d.]*)?$/;

/** Whether a file of this path is program code: `.py .pyc .so .so.1 .rb .js .mjs .php .jar`. */
export function isProgramFile(path: string): boolean {
  return PROGRAM_FILE.test(path);
}

/** The module that a file holds: a Python source and what was compiled of it are one. */
export function moduleOf(path: string): string {
  return path
    .replace(/__pycache__\/([^/]*?)\.(?:c|py)[a-z]*-?\d+(?:\.opt-\d)?\.pyc$/, '$1.py')
    .replace(/\.pyc$/, '.py');
}

/**
 * The package that a file belongs to, as an import names it: the folder under the library's root, or the file itself.
 * '' for shared libraries that a package brings along.
 */
export function packageOf(path: string): string {
  const inside = /^.*\/(?:site-packages|dist-packages|lib-dynload|lib\/python[\d.]+|node_modules|gems)\/(.*)$/.exec(
    path,
  )?.[1];
  if (inside === undefined && /\.so(?:\.\d[\d.]*)?$/.test(path)) return '';
  const [first = ''] = (inside ?? path.slice(path.lastIndexOf('/') + 1)).replace('__pycache__/', '').split('/');
  return first.replace(/(?:-\d|\.).*$/, '');
}
