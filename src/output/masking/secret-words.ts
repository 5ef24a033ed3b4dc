/** Stands for a secret of any length. */
export const REMOVED = '<removed>';

/** Words that name a secret, as a regular expression: in `DB_PASSWORD`, `--api-key`, `access_token`, `sessionid`. */
export const SECRET_WORD =
  '(?:pass(?:word|wd|phrase|code)?s?(?![a-z])|pwd|passw|(?<![a-z])pw(?![a-z])|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key|secret[-_]?key|auth[-_]?key|account[-_]?key|' +
  'session[-_]?(?:id|key)|sess[-_]?id|sessid|(?<![a-z])sid(?![a-z])|signature|(?<![a-z])otp(?![a-z])|(?<![a-z])totp(?![a-z])|(?<![a-z])pin(?![a-z])|(?<![a-z])pat(?![a-z])|' +
  '(?<![a-z])jwt(?![a-z])|bearer|cookie|authorization|(?<![a-z])salt(?![a-z])|nonce|csrf|xsrf|(?<![a-z])dsn(?![a-z])|passin|passout|(?<![a-z])key(?![a-z]))';

const NAMES_SECRET = new RegExp(SECRET_WORD, 'i');
/** `SORT_KEY`, `KEYBOARD`, `token_count` name no secret. */
const NAMES_OTHER =
  /^(?:sort|primary|foreign|partition|cache|host|public|ssh[-_]?host|registry|hot|foo)[-_]?key$|_(?:type_id|fd|cnt|ifindex)$|(?:count|length|size|type|file|path|name|url|uri|expires|timeout|ttl|len|max|min)$/i;

/** Whether a name (of a variable, a flag, a field) says that its value is a secret. */
export function namesSecret(name: string): boolean {
  return NAMES_SECRET.test(name) && !NAMES_OTHER.test(name);
}
