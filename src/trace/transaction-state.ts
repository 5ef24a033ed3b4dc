/** Reads from the answers of databases whether the session is in a transaction. Strings hold one byte a character. */

/** Whose sessions are followed. */
export type Database = 'PostgreSQL' | 'MySQL';

/** ReadyForQuery, with which each answer of PostgreSQL ends: idle, in a transaction, in one that failed. */
const READY = /Z\0\0\0\x05([ITE])$/;
const IN_TRANSACTION = 0x1;
const MYSQL_HEADER = 4;
const END_PACKET = 0xfe;
/** An end packet: warnings, then the state. */
const END_LENGTH = 5;

/** Whether the session is in a transaction after this answer, all of which was traced; null where it does not tell. */
export function transactionIn(answer: string, database: Database): boolean | null {
  if (database === 'PostgreSQL') {
    const state = READY.exec(answer)?.[1];
    return state === undefined ? null : state !== 'I';
  }
  const first = packetAt(answer, 0);
  if (first === null) return null;
  if (answer.charCodeAt(MYSQL_HEADER) === 0) return ofOk(answer, first.end);
  const at = answer.length - MYSQL_HEADER - END_LENGTH;
  const last = at > 0 ? packetAt(answer, at) : null;
  if (last?.length !== END_LENGTH || answer.charCodeAt(at + MYSQL_HEADER) !== END_PACKET) return null;
  return (answer.charCodeAt(answer.length - 2) & IN_TRANSACTION) !== 0;
}

/** Behind the mark stand two numbers of variable length, then the state. */
function ofOk(bytes: string, end: number): boolean | null {
  let at = MYSQL_HEADER + 1;
  for (let number = 0; number < 2; number++) {
    const first = bytes.charCodeAt(at);
    at += first < 0xfb ? 1 : first === 0xfc ? 3 : first === 0xfd ? 4 : 9;
  }
  return at + 2 <= end ? (bytes.charCodeAt(at) & IN_TRANSACTION) !== 0 : null;
}

function packetAt(bytes: string, at: number): { readonly length: number; readonly end: number } | null {
  if (at + MYSQL_HEADER > bytes.length) return null;
  const length = bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8) | (bytes.charCodeAt(at + 2) << 16);
  const end = at + MYSQL_HEADER + length;
  return end > bytes.length ? null : { length, end };
}

/** What a statement makes of the session: it begins a transaction, ends one, or neither (null). */
export function transactionOf(statement: string): 'begins' | 'ends' | null {
  if (/^(?:BEGIN|START TRANSACTION)\b/i.test(statement)) return 'begins';
  if (/^ROLLBACK\b(?:.* TO\b)/i.test(statement)) return null;
  return /^(?:COMMIT|ROLLBACK|END|ABORT)\b/i.test(statement) ? 'ends' : null;
}

const CHANGES = /^(?:UPDATE|DELETE|INSERT|REPLACE|MERGE|LOCK|ALTER|DROP|TRUNCATE|CREATE|REINDEX|VACUUM|WITH)\b/i;
const LOCKS = /\bFOR (?:UPDATE|SHARE|NO KEY|KEY)\b/i;

/** Whether a statement may wait for what another session has locked: reading alone hardly ever does. */
export function mayWaitForLock(statement: string): boolean {
  return CHANGES.test(statement) || LOCKS.test(statement);
}

/** Whether a statement asks the server to sleep. */
export function sleeps(statement: string): boolean {
  return /\b(?:pg_sleep\w*|sleep|benchmark)\s*\(/i.test(statement);
}
