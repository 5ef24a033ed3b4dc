import { namesSecret, REMOVED } from './secret-words.ts';
import { maskSecrets, sizeOf } from './shapes.ts';
import { isHarmlessName } from './vocabulary.ts';

/** Flags, by program, behind which a secret stands; those with a `=` also hold it in the same word (`-psesame`). */
const SECRET_FLAGS: readonly (readonly [programs: RegExp, apart: string, joined: string])[] = [
  [
    /^(?:mysql|mariadb|mysqladmin|mysqldump|mysqlimport|mysqlcheck|mysqlshow|mysqlsh|mariadb-\w+|mytop|percona\S*)$/,
    '',
    '-p',
  ],
  [
    /^(?:mongo|mongosh|mongodump|mongorestore|sshpass|docker|podman|helm|rabbitmqadmin|clickhouse(?:-client)?|cqlsh|influx|plink|pscp)$/,
    '-p',
    '-p',
  ],
  [/^(?:redis-cli|valkey-cli|keydb-cli)$/, '-a', '-a'],
  [/^(?:sqlcmd|bcp|isql|tsql|ipmitool|unzip|zip)$/, '-P', '-P'],
  [/^(?:7z|7za|7zr|rar|unrar)$/, '', '-p'],
  [/^(?:ldap(?:search|modify|add|delete|passwd|whoami|compare))$/, '-w', '-w'],
  [/^(?:snmp\w+)$/, '-c -A -X', ''],
  [
    /^(?:curl|wget|http|https|xh)$/,
    '-b -d -F --cookie --data --data-raw --data-binary --data-urlencode --data-ascii --form --form-string --json ' +
      '--post-data --body-data --oauth2-bearer -E --cert',
    '-d -b -F',
  ],
  [/^(?:openssl)$/, '-k -K -pass -passin -passout', ''],
  [/^(?:echo|printf)$/, '*', ''],
  [/^(?:htpasswd|chpasswd|passwd|mkpasswd)$/, '*', ''],
];
/** Flags behind which a user and, after a colon or a percent sign, a password stands. */
const USER_FLAGS = /^(?:-[a-zA-Z]{0,5}[uU]|--user|--proxy-user|--userpwd|--auth|-a)$/;
const HEADER_FLAGS = /^(?:-[a-zA-Z]{0,5}H|--header|--proxy-header)$/;
const PLAIN_HEADER =
  /^(?:accept|accept-encoding|accept-language|cache-control|connection|content-length|content-type|host|user-agent)$/i;
/** Flags behind which program text stands. */
const SCRIPT_FLAG = /^-[a-zA-Z]{0,4}[cer]$/;
const SHELL = /^(?:sh|bash|dash|ash|zsh|ksh|busybox|su|sudo|runuser|ssh|xargs|env|timeout|nohup|setsid)$/;
const INTERPRETER =
  /^(?:python[\d.]*|pypi?[\d.]*|perl[\d.]*|ruby[\d.]*|node|nodejs|php[\d.]*|lua[\d.]*|bun|deno|psql|mysql|mariadb|mongo|mongosh|redis-cli|sqlite3|sqlcmd)$/;
const SQL_FLAG = /^(?:-c|-e|-Q|-q|--command|--execute|--eval|--query)$/;
/** Variables that hold no secret as a rule: they are looked at like any other word. */
const PLAIN_VARIABLE =
  /^(?:PATH|HOME|LANG|LC_\w+|TZ|TERM|SHELL|USER|LOGNAME|PWD|PORT|HOST|HOSTNAME|PYTHON(?:PATH|UNBUFFERED|HOME)|NODE_ENV|RAILS_ENV|RACK_ENV|DEBUG|LOG_LEVEL|WEB_CONCURRENCY|WORKERS|THREADS|MALLOC_ARENA_MAX)$/;
const ASSIGNMENT = /^(--?[\w-]{0,40}[=:])?([A-Za-z_][\w.-]{0,80})=([^]*)$/;
const WORD_OF_SHELL = /(?:"(?:\\[^]|[^"\\])*"?|'[^']*'?|[^\s"'|;&()<>])+/g;

/** Masks the arguments of one program, in their order; what was said by a flag holds for the next. */
export class ArgumentMasker {
  #program = '';
  #previous = '';
  #index = 0;

  /**
   * The next argument without credentials: passwords and tokens behind flags, in assignments and URLs; of a script, in
   * its words.
   */
  next(argument: string): string {
    const previous = this.#previous;
    this.#previous = argument;
    if (this.#index++ === 0) {
      this.#program = baseName(argument);
      return maskSecrets(argument);
    }
    if (argument === '' || argument.includes(REMOVED) || /^<[\d,]+ bytes?>$/.test(argument)) return argument;
    return this.#behind(previous, argument) ?? this.#own(argument);
  }

  /** What an argument becomes because of the one in front of it; null: nothing. */
  #behind(previous: string, argument: string): string | null {
    if (isSecretFlag(previous) && !/^-{1,2}[a-z]/i.test(argument)) return REMOVED;
    for (const [programs, apart] of SECRET_FLAGS) {
      if (!programs.test(this.#program) || apart === '') continue;
      if (apart === '*' ? !argument.startsWith('-') : apart.split(' ').includes(previous)) return REMOVED;
    }
    if (previous === '-p' && !/^(?:\d{1,7}(?:[:,/-]\d{1,7})*(?:\/\w{3})?|[./~][^]*|-[^]*)$/.test(argument))
      return isHarmlessName(argument) ? argument : REMOVED;
    if (USER_FLAGS.test(previous))
      return argument.replace(/^([^:%]*[:%])[^]+$/, `$1${REMOVED}`).replace(/^([^:%\s]{33,})$/, REMOVED);
    if (HEADER_FLAGS.test(previous)) return headerShown(argument);
    if (SCRIPT_FLAG.test(previous) || SQL_FLAG.test(previous)) {
      if (INTERPRETER.test(this.#program)) return codeShown(argument);
      if (SHELL.test(this.#program) || /[\s;|&]/.test(argument)) return scriptShown(argument);
    }
    return null;
  }

  #own(argument: string): string {
    for (const [programs, , joined] of SECRET_FLAGS) {
      if (joined === '' || !programs.test(this.#program)) continue;
      const flag = joined.split(' ').find((own) => argument.startsWith(own) && argument.length > own.length);
      if (flag !== undefined && !argument.startsWith('--')) return `${flag}${REMOVED}`;
    }
    const long = /^(--[\w-]{1,40}=)[^]/.exec(argument)?.[1];
    if (
      long !== undefined &&
      SECRET_FLAGS.some(
        ([programs, apart]) => programs.test(this.#program) && apart.split(' ').includes(long.slice(0, -1)),
      )
    )
      return `${long}${REMOVED}`;
    const literal = /^(--(?:from-literal|set|set-string|extra-vars|build-arg|env|var)=[\w.-]{0,80}=)[^]/.exec(argument);
    if (literal !== null) return `${literal[1]}${REMOVED}`;
    const header = /^(--(?:proxy-)?header=|-H)([^]*)$/.exec(argument);
    if (header !== null) return `${header[1]}${headerShown(header[2] ?? '')}`;
    const user = /^(--(?:proxy-)?user=|-[uU])([^:%\s]*[:%])[^]+$/.exec(argument);
    if (user !== null) return `${user[1]}${user[2]}${REMOVED}`;
    if (/^(?:pass|env|fd|file):[^]+$/.test(argument) && this.#program === 'openssl')
      return argument.replace(/^(pass:)[^]+$/, `$1${REMOVED}`);
    const assigned = ASSIGNMENT.exec(argument);
    if (assigned !== null) return assignmentShown(assigned[1] ?? '', assigned[2] ?? '', assigned[3] ?? '');
    // A command of its own begins here (`sudo mysql`, `env A=b redis-cli`, `timeout 5 curl`).
    if (
      SHELL.test(this.#program) &&
      /^[\w./-]+$/.test(argument) &&
      SECRET_FLAGS.some(([programs]) => programs.test(baseName(argument)))
    )
      this.#program = baseName(argument);
    return /[\s;|&]/.test(argument) && SHELL.test(this.#program) ? scriptShown(argument) : maskSecrets(argument);
  }
}

/** A variable of an environment: its name. */
export function maskVariable(variable: string): string {
  const equals = variable.indexOf('=');
  if (equals < 0) return variable === '' ? '' : sizeOf(variable);
  const name = variable.slice(0, equals);
  return /^[\w.-]{1,80}(?:\(\)|%%)*$/.test(name) ? `${name}=${REMOVED}` : sizeOf(variable);
}

/** The options of a mount: names, numbers and harmless words. */
export function maskOptions(options: string): string {
  return options
    .split(',')
    .map((option) => {
      const [, name = '', value] = /^([\w.-]{1,40})(?:=([^]*))?$/.exec(option) ?? [];
      if (name === '' || namesSecret(name))
        return name === '' ? (option === '' ? '' : sizeOf(option)) : `${name}=${REMOVED}`;
      if (value === undefined) return option;
      return value === REMOVED || /^\d{1,12}[kmg]?$/i.test(value) || isHarmlessName(value) || /^\/[^]*$/.test(value)
        ? `${name}=${maskSecrets(value)}`
        : `${name}=${REMOVED}`;
    })
    .join(',');
}

/** Words of a shell's script, each as an argument of the command it belongs to. */
function scriptShown(script: string): string {
  let masker = new ArgumentMasker();
  let end = 0;
  let isFirst = true;
  const document = script.search(/<<(?!<)/);
  const commands = document < 0 ? script : `${script.slice(0, document)}<<${REMOVED}`;
  return maskSecrets(
    commands.replace(WORD_OF_SHELL, (word, at: number) => {
      const gap = commands.slice(end, at);
      if (/[|;&()\n]/.test(gap)) isFirst = true;
      end = at + word.length;
      if (gap.includes('<<<')) return REMOVED;
      const bare = word.replace(/["']/g, '');
      const assigned = isFirst ? /^([A-Za-z_]\w{0,80})=([^]*)$/.exec(bare) : null;
      if (assigned !== null) return assignmentShown('', assigned[1] ?? '', assigned[2] ?? '');
      if (
        isFirst &&
        /^(?:export|declare|local|readonly|set|exec|env|sudo|nohup|time|setsid|then|do|else|if|while)$/.test(bare)
      )
        return word;
      if (isFirst) masker = new ArgumentMasker();
      isFirst = false;
      const masked = masker.next(bare);
      return masked === bare ? word : masked;
    }),
  );
}

function isSecretFlag(word: string): boolean {
  if (/^--?[A-Za-z][\w-]*$/.test(word)) return word.length > 2 && namesSecret(word);
  // `mysqladmin password NEW`, `aws configure set aws_secret_access_key NEW`: the word itself.
  return /^(?:password|passwd|token|secret)$/i.test(word) || (/^[a-z]+(?:_[a-z]+)+$/i.test(word) && namesSecret(word));
}

function assignmentShown(flag: string, name: string, value: string): string {
  const head = `${flag}${name}=`;
  if (value === '') return head;
  const isVariable = /^[A-Z_][A-Z0-9_]*$/.test(name);
  if (namesSecret(name) || (isVariable && !PLAIN_VARIABLE.test(name)))
    return /^\d{1,3}$/.test(value) && !namesSecret(name) ? head + value : head + REMOVED;
  return maskSecrets(head + value);
}

function headerShown(header: string): string {
  const colon = header.indexOf(':');
  if (colon < 0) return maskSecrets(header);
  const name = header.slice(0, colon);
  return PLAIN_HEADER.test(name) ? maskSecrets(header) : `${name}: ${REMOVED}`;
}

/** Program text without its strings: they are its data. */
function codeShown(code: string): string {
  return maskSecrets(
    code
      .replace(
        /\b(q[qwx]?|%[qQwW]?)([{(<|!])[^})>|!]*/g,
        (_, operator: string, open: string) => `${operator}${open}${REMOVED}`,
      )
      .replace(/(["'`])((?:\\[^]|(?!\1)[^\\])*)(\1?)/g, (whole, quote: string, content: string, close: string) =>
        isHarmlessName(content) || content === '' ? whole : `${quote}${sizeOf(content)}${close}`,
      ),
  );
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
