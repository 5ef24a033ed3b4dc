/** The dialect decides what a quotation mark, a backslash and a number sign mean. */
export type Dialect = 'MySQL' | 'PostgreSQL';

const LONGEST = 80;
/** Statements that a client sends: text that begins otherwise is no SQL that can be read. */
const VERB =
  /^[\s(]*(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|MERGE|CALL|WITH|BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|RESET|SHOW|CREATE|ALTER|DROP|TRUNCATE|LOCK|UNLOCK|EXPLAIN|ANALYZE|DESCRIBE|DESC|USE|VALUES|TABLE|COPY|LISTEN|NOTIFY|UNLISTEN|VACUUM|REINDEX|CLUSTER|PREPARE|EXECUTE|DEALLOCATE|DECLARE|FETCH|MOVE|CLOSE|DISCARD|GRANT|REVOKE|COMMENT|REFRESH|DO|KILL|FLUSH|OPTIMIZE|CHECK|REPAIR|LOAD|HANDLER|XA|END|ABORT|SHUTDOWN|CHANGE|PURGE|STOP|INSTALL)(?![A-Za-z0-9_$])/i;
/** Words behind which a secret may stand without quotes. */
const SECRET =
  /^(?:\w*(?:password|passwd|passphrase|secret|token|api_?key|private_?key|credential)\w*|pwd|identified|by)$/i;
/** Words of the language, which are no value of what stands in front of them. */
const WORD_OF_LANGUAGE =
  /^(?:FROM|AS|AND|OR|IN|IS|LIKE|ILIKE|NOT|NULL|WHERE|ORDER|GROUP|HAVING|LIMIT|OFFSET|ASC|DESC|BETWEEN|THEN|END|ELSE|WHEN|CASE|ON|SET|USING|UNION|JOIN|INNER|LEFT|RIGHT|INTO|VALUES|RETURNING|FOR|REQUIRE|EXPIRE|HISTORY|REUSE|UNIQUE|PRIMARY|DEFAULT|CHARACTER|COLLATE|VARCHAR|TEXT|CHAR|BYTEA|BLOB|TO|BY|WITH|VALID|IF|EXISTS|ROLE|USER|COLLATION|CONSTRAINT|REFERENCES|INT|INTEGER|BIGINT)$/i;
/** What stands in front of a string and belongs to it: `E''`, `X''`, `_utf8''`, `U&''`. */
const PREFIX = /(?:\b(?:[eExXbBnN]|[uU]&|_[A-Za-z0-9]{1,16})\s?|\bq)$/;
const SPACE = /[\s\x80-\xff]+/y;
const WORD = /[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*/y;
const QUALIFIED = /[A-Za-z_\x80-\xff][\w$.\x80-\xff]*/y;
const NUMBER = /(?:0[xX][0-9a-fA-F]+|\.?\d[\w.]*(?:(?<=[eE])[-+]\d+)?)/y;
const TAG = /\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$/y;
const NAME = /^[\w$. -]{1,64}$/;
/** A key rather than a name: sixteen characters or more, of digits and letters in turn. */
const KEY = /^(?=(?:[A-Za-z]*\d+[A-Za-z]+){2})[A-Za-z0-9]{16,}$/;

/**
 * SQL with its values replaced by `?`, comments left out and everything cut off from the first place that can be read
 * in two ways; at most 80 characters. Names of tables and columns stay.
 */
export function maskedSql(sql: string, dialect: Dialect): string {
  const end = sql.indexOf('\0');
  const masked = maskValues(end < 0 ? sql : sql.slice(0, end), dialect)
    .replace(/[^\x20-\x7e]+| {2,}/g, ' ')
    .trim();
  return masked.length > LONGEST ? `${masked.slice(0, LONGEST - 3)}...` : masked;
}

function maskValues(sql: string, dialect: Dialect): string {
  if (!VERB.test(withoutComments(sql))) return '?';
  let done = '';
  let at = 0;
  let previous = '';
  let isAssigned = false;
  // `SET PASSWORD FOR bob = x`: the word stands further in front.
  const setsSecret = /^\s*SET\b[^]{0,200}(?:password|secret|token|key)/i.test(sql);
  // More cannot be shown, and a value may be large.
  while (at < sql.length && done.length <= 2 * LONGEST) {
    const character = sql[at] ?? '';
    const space = matchAt(SPACE, sql, at);
    if (space !== '') {
      done += ' ';
      at += space.length;
      continue;
    }
    const comment = commentEnd(sql, at, dialect);
    if (comment === UNSURE) return cutOff(done);
    if (comment > at) {
      done += ' ';
      at = comment;
      continue;
    }
    if (character === "'" || character === '"') {
      const close = stringEnd(sql, at, character);
      done = `${done.replace(PREFIX, '')}?`;
      if (close === UNSURE) return cutOff(done);
      at = close;
      previous = '';
      isAssigned = false;
      continue;
    }
    if (character === '$' && dialect === 'PostgreSQL') {
      const tag = matchAt(TAG, sql, at);
      if (tag !== '') {
        const close = sql.indexOf(tag, at + tag.length);
        done += '?';
        if (close < 0) return done;
        at = close + tag.length;
        continue;
      }
    } else if (character === '$' && matchAt(TAG, sql, at) !== '') return cutOff(done);
    if (character === '`' || character === '[') {
      const close = character === '`' ? sql.indexOf('`', at + 1) : at;
      const name = sql.slice(at + 1, close);
      if (character === '`') {
        if (close < 0 || !NAME.test(name) || sql[close + 1] === '`' || KEY.test(name)) return cutOff(done);
        done += `\`${name}\``;
        at = close + 1;
        previous = name;
        continue;
      }
    }
    const number = matchAt(NUMBER, sql, at);
    if (number !== '') {
      done += '?';
      at += number.length;
      previous = '';
      continue;
    }
    const word = matchAt(WORD, sql, at);
    if (word !== '') {
      const isValue =
        (SECRET.test(previous) || isAssigned) && !WORD_OF_LANGUAGE.test(word) && !(SECRET.test(word) && !isAssigned);
      if (isValue && !isAssigned) return cutOff(done);
      done += isValue || KEY.test(word) ? '?' : word;
      at += isValue ? matchAt(QUALIFIED, sql, at).length : word.length;
      // `ORDER BY name`: only what somebody is identified by is a secret.
      previous = /^by$/i.test(word) && !/^(?:identified)$/i.test(previous) ? '' : isValue ? '' : word;
      isAssigned = false;
      continue;
    }
    done += character;
    at++;
    if (character === '=' || character === ':' || character === '@') isAssigned = SECRET.test(previous) || setsSecret;
    else previous = '';
  }
  return done;
}

/** Two readers of the dialect may disagree. */
const UNSURE = -1;

/**
 * Where the comment at `at` ends; `at`: there is none. One that holds a quotation mark may be no comment to the server.
 */
function commentEnd(sql: string, at: number, dialect: Dialect): number {
  const end = endOfComment(sql, at, dialect);
  return end > at && /['"$`]/.test(sql.slice(at, end)) ? UNSURE : end;
}

function endOfComment(sql: string, at: number, dialect: Dialect): number {
  const two = sql.slice(at, at + 2);
  if (two === '/*') {
    const close = sql.indexOf('*/', at + 2);
    if (close < 0) return sql.length;
    // PostgreSQL nests comments, MySQL does not.
    return sql.slice(at + 2, close).includes('/*') ? UNSURE : close + 2;
  }
  if (two === '--') {
    // To MySQL two minus signs without a blank are no comment.
    if (dialect === 'MySQL' && at + 2 < sql.length && !/\s/.test(sql[at + 2] ?? '')) return UNSURE;
    return lineEnd(sql, at);
  }
  return sql[at] === '#' && dialect === 'MySQL' ? lineEnd(sql, at) : at;
}

function lineEnd(sql: string, at: number): number {
  const end = sql.indexOf('\n', at);
  return end < 0 ? sql.length : end + 1;
}

/**
 * Where the string that opens at `at` ends. A backslash in front of a quote ends it or does not, as the server is set
 * up.
 */
function stringEnd(sql: string, at: number, quote: string): number {
  for (let index = at + 1; index < sql.length; index++) {
    if (sql[index] === '\\' && /[\\'"]/.test(sql[index + 1] ?? "'")) {
      if (sql[index + 1] !== '\\') return UNSURE;
      index++;
      // A pair of backslashes is one or two, but a quote behind it is read in both ways as the end only where pairs are
      // escapes.
      if (sql[index + 1] === quote) return UNSURE;
    } else if (sql[index] === quote) {
      if (sql[index + 1] !== quote) return index + 1;
      index++;
    }
  }
  return sql.length;
}

function withoutComments(sql: string): string {
  let at = 0;
  for (;;) {
    const space = matchAt(SPACE, sql, at);
    const open = at + space.length;
    if (!sql.startsWith('/*', open) && !/^(?:--|#)/.test(sql.slice(open, open + 2))) return sql.slice(open, open + 200);
    const close = sql.startsWith('/*', open) ? sql.indexOf('*/', open + 2) + 2 : lineEnd(sql, open);
    if (close <= open + 1) return '';
    at = close;
  }
}

function cutOff(done: string): string {
  return `${done.trimEnd()} ...`;
}

function matchAt(sticky: RegExp, text: string, at: number): string {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0] ?? '';
}
