const PROGRAM_FILE = /\.(?:pyc?|rb|m?js|php|jar)$|\.so(?:\.\d[\d.]*)?$/;

/** Whether a file of this path is program code: `.py .pyc .so .so.1 .rb .js .mjs .php .jar`. */
export function isProgramFile(path: string): boolean {
  return PROGRAM_FILE.test(path);
}

/** The module that a file holds: a Python source and what was compiled of it are one. */
export function moduleOf(path: string): string {
  return path.replace(/__pycache__\/([^/]*?)\.(?:c|py)[a-z]*-?\d+(?:\.opt-\d)?\.pyc$/, '$1.py').replace(/\.pyc$/, '.py');
}
