/** One way in which a secret gets into a capture. */
export interface Form {
  readonly name: string;
  /** Lines of a capture; `perf` and `printed` are whole captures of their own format. */
  readonly carrier: Carrier;
  /** The line or part of a line, made around a secret. */
  readonly with: (secret: string) => string;
  /** How the secret reads in the raw line; as it is unless the form encodes it. */
  readonly encoded?: (secret: string) => string;
}

/**
 * `call`: a call that takes 1.2 s. `request`: the target of a request or what a client sends. `query`: what is asked of
 * a database that answers late.
 */
export type Carrier = 'call' | 'request' | 'query' | 'foreign' | 'perf' | 'printed';

const hex = (secret: string): string => [...secret].map((character) => `\\x${code(character, 16)}`).join('');
const octal = (secret: string): string => [...secret].map((character) => `\\${code(character, 8)}`).join('');
const percent = (secret: string): string => [...secret].map((character) => `%${code(character, 16)}`).join('');
function code(character: string, base: number): string {
  return character
    .charCodeAt(0)
    .toString(base)
    .padStart(base === 16 ? 2 : 3, '0');
}

function forms(
  carrier: Carrier,
  list: Readonly<Record<string, (secret: string) => string>>,
  encoded?: Form['encoded'],
): readonly Form[] {
  return Object.entries(list).map(([name, make]) => ({
    name,
    carrier,
    with: make,
    ...(encoded === undefined ? {} : { encoded }),
  }));
}

/** `execve` of a program with these arguments. */
function run(path: string, ...args: readonly string[]): string {
  const list = args.map((argument) => `"${argument.replace(/["\\]/g, '\\$&')}"`).join(', ');
  return `execve("${path}", [${list}], 0x7f /* 3 vars */) = 0`;
}

const ARGUMENTS: Readonly<Record<string, (secret: string) => string>> = {
  'execve --password=': (s) => run('/bin/x', 'x', `--password=${s}`),
  'execve --password apart': (s) => run('/bin/x', 'x', '--password', s),
  'execve --api-key apart': (s) => run('/bin/x', 'x', '--api-key', s),
  'execve --token apart': (s) => run('/bin/x', 'x', '--token', s),
  'execve --db-password=': (s) => run('/bin/x', 'x', `--db-password=${s}`),
  'execve -password apart': (s) => run('/bin/x', 'x', '-password', s),
  'execve -p apart': (s) => run('/bin/x', 'x', '-p', s),
  'execve sshpass -p': (s) => run('/usr/bin/sshpass', 'sshpass', `-p${s}`, 'ssh', 'h'),
  'execve mysql -p': (s) => run('/usr/bin/mysql', 'mysql', '-u', 'root', `-p${s}`),
  'execve mysqldump -p': (s) => run('/usr/bin/mysqldump', 'mysqldump', `-p${s}`, 'shop'),
  'execve mysqladmin password': (s) => run('/usr/bin/mysqladmin', 'mysqladmin', 'password', s),
  'execve redis-cli -a': (s) => run('/usr/bin/redis-cli', 'redis-cli', '-a', s, 'ping'),
  'execve ldapsearch -w': (s) => run('/usr/bin/ldapsearch', 'ldapsearch', '-x', '-w', s),
  'execve curl -u': (s) => run('/usr/bin/curl', 'curl', '-u', `user:${s}`, 'https://h/'),
  'execve curl -uJoined': (s) => run('/usr/bin/curl', 'curl', `-uuser:${s}`),
  'execve curl --user=': (s) => run('/usr/bin/curl', 'curl', `--user=user:${s}`),
  'execve curl -H authorization': (s) => run('/usr/bin/curl', 'curl', '-H', `Authorization: Bearer ${s}`),
  'execve curl -H own header': (s) => run('/usr/bin/curl', 'curl', '-H', `X-Shop: ${s}`),
  'execve curl -b': (s) => run('/usr/bin/curl', 'curl', '-b', `sid=${s}`),
  'execve curl -d': (s) => run('/usr/bin/curl', 'curl', '-d', `{"pw":"${s}"}`),
  'execve curl --data-raw': (s) => run('/usr/bin/curl', 'curl', '--data-raw', `a=${s}`),
  'execve url with a query': (s) => run('/usr/bin/curl', 'curl', `https://h/?t=${s}`),
  'execve url with a user': (s) => run('/bin/x', 'x', `https://bob:${s}@h/a`),
  'execve redis url': (s) => run('/bin/x', 'x', `redis://:${s}@h/0`),
  'execve postgres url, @ in it': (s) => run('/bin/x', 'x', `postgres://bob:p@${s}@h/db`),
  'execve url behind a flag': (s) => run('/bin/x', 'x', `--broker=amqp://bob:${s}@mq:5672/`),
  'execve PGPASSWORD': (s) => run('/usr/bin/env', 'env', `PGPASSWORD=${s}`, 'psql'),
  'execve token=': (s) => run('/bin/x', 'x', `token=${s}`),
  'execve docker -e': (s) => run('/usr/bin/docker', 'docker', 'run', '-e', `STRIPE=${s}`, 'image'),
  'execve docker --env=': (s) => run('/usr/bin/docker', 'docker', 'run', `--env=STRIPE=${s}`),
  'execve psql conninfo': (s) => run('/usr/bin/psql', 'psql', `host=h user=bob password=${s}`),
  'execve sh -c mysql': (s) => run('/bin/sh', 'sh', '-c', `mysql -u x -p${s} -e 'SELECT 1'`),
  'execve sh -c quoted': (s) => run('/bin/sh', 'sh', '-c', `mysql -p'${s}' shop`),
  'execve sh -c assignment': (s) => run('/bin/sh', 'sh', '-c', `DB=${s} exec app`),
  'execve sh -c export': (s) => run('/bin/bash', 'bash', '-lc', `export STRIPE=${s}; app`),
  'execve sh -c echo': (s) => run('/bin/sh', 'sh', '-c', `echo ${s} | sudo -S id`),
  'execve sh -c curl': (s) => run('/bin/sh', 'sh', '-c', `cd /srv && curl -H "X-Key: ${s}" https://h/`),
  'execve sh -c flag apart': (s) => run('/bin/sh', 'sh', '-c', `app --secret ${s} --port 80`),
  'execve python -c': (s) => run('/usr/bin/python3', 'python3', '-c', `connect("${s}")`),
  'execve python -c single': (s) => run('/usr/bin/python3', 'python3', '-c', `connect(password='${s}')`),
  'execve node -e': (s) => run('/usr/bin/node', 'node', '-e', `login(\`${s}\`)`),
  'execve openssl pass:': (s) => run('/usr/bin/openssl', 'openssl', 'rsa', '-passin', `pass:${s}`),
  'execve htpasswd': (s) => run('/usr/bin/htpasswd', 'htpasswd', '-b', 'file', 'bob', s),
  'execve snmp community': (s) => run('/usr/bin/snmpwalk', 'snmpwalk', '-c', s, 'h'),
  'execve smb user%': (s) => run('/usr/bin/smbclient', 'smbclient', '-U', `bob%${s}`),
  'execve sudo mysql -p': (s) => run('/usr/bin/sudo', 'sudo', 'mysql', `-p${s}`),
  'execve environment': (s) => `execve("/bin/x", ["x"], ["PATH=/bin", "DB=${s}", "LANG=C"]) = 0`,
  'execve environment, harmless name': (s) => `execve("/bin/x", ["x"], ["HOME=/bin", "PWD=${s}"]) = 0`,
  'execve environment, bare': (s) => `execve("/bin/x", ["x"], ["${s}"]) = 0`,
  'execve environment, cut': (s) => `execve("/bin/x", ["x"], ["A=b", "DB=${s}"...]) = 0`,
  'execveat environment': (s) => `execveat(5</bin/x>, "", ["x"], ["DB=${s}"], AT_EMPTY_PATH) = 0`,
};

const CALLS: Readonly<Record<string, (secret: string) => string>> = {
  'write a string': (s) => `write(11<socket:[555]>, "${s}", 9) = 9`,
  'write a cut string': (s) => `write(11<socket:[555]>, "ab ${s}"..., 900) = 900`,
  'writev two strings': (s) =>
    `writev(11<socket:[555]>, [{iov_base="ab", iov_len=2}, {iov_base="${s}", iov_len=9}], 2) = 11`,
  'write with quotes in it': (s) => `write(11<socket:[555]>, "{\\"a\\": \\"${s}\\"}", 19) = 19`,
  'read a request with an odd method': (s) => `read(11<socket:[555]>, "FROB ${s} HTTP/1.1\\r\\n", 9) = 9`,
  'read a command': (s) =>
    `recvmsg(11<socket:[555]>, {msg_name=NULL, msg_iov=[{iov_base="AUTH ${s}\\r\\n", iov_len=9}], msg_iovlen=1}, 0) = 9`,
  'abstract socket with blanks': (s) =>
    `connect(11<socket:[555]>, {sa_family=AF_UNIX, sun_path=@"worker ${s} a"}, 110) = 0`,
  'path with blanks': (s) => `flock(12</var/cache/token=a ${s}>, LOCK_EX) = 0`,
  setxattr: (s) => `setxattr("/srv/a", "user.k", "${s}", 9, 0) = 0`,
  add_key: (s) => `add_key("user", "k", "${s}", 9, KEY_SPEC_SESSION_KEYRING) = 77`,
  keyctl: (s) => `keyctl(KEYCTL_UPDATE, 77, "${s}", 9) = 0`,
  fsconfig: (s) => `fsconfig(7, FSCONFIG_SET_STRING, "password", "${s}", 0) = 0`,
  sethostname: (s) => `sethostname("${s}", 9) = 0`,
  'mount options': (s) => `mount("//h/s", "/m", "cifs", 0, "username=u,password=${s}") = 0`,
  'mount option of an unknown name': (s) => `mount("//h/s", "/m", "cifs", 0, "rw,x=${s}") = 0`,
  'mount source with a user': (s) => `mount("//u:${s}@h/s", "/m", "cifs", 0, NULL) = 0`,
  'mount data without names': (s) => `mount("a", "/m", "fuse", 0, "${s}!") = 0`,
  'prctl name': (s) => `prctl(PR_SET_NAME, "${s}") = 0`,
  'memfd name': (s) => `memfd_create("${s}", 0) = 7`,
  'memfd in a descriptor': (s) => `ftruncate(7</memfd:${s} (deleted)>, 9) = 0`,
  'abstract socket': (s) => `connect(11<socket:[555]>, {sa_family=AF_UNIX, sun_path=@"${s}"}, 110) = 0`,
  'abstract socket with a token': (s) =>
    `connect(11<socket:[555]>, {sa_family=AF_UNIX, sun_path=@"token=${s}"}, 110) = 0`,
  'abstract socket of a descriptor': (s) => `connect(11<UNIX-STREAM:[555->556,@"${s}"]>, NULL, 0) = 0`,
  'raw address': (s) => `connect(11<socket:[555]>, {sa_family=AF_UNSPEC, sa_data="${s}"}, 16) = 0`,
  'hash of a crypto socket': (s) =>
    `bind(11<socket:[555]>, {sa_family=AF_ALG, salg_type="hash", salg_name="${s}"}, 88) = 0`,
  'readlink of a word': (s) => `readlink("/x/lock", "${s}", 128) = 9`,
  'readlink of user@host': (s) => `readlink("/x/lock", "bob@h:${s}", 128) = 9`,
  'symlink of a word': (s) => `symlink("${s}", "/x/lock") = 0`,
  'symlinkat of a word': (s) => `symlinkat("u@h:${s}", AT_FDCWD, "/x/lock") = 0`,
  'file handle': (s) =>
    `name_to_handle_at(AT_FDCWD, "/a", {handle_bytes=8, handle_type=1, f_handle="${s}"}, [7], 0) = 0`,
  'path with a query': (s) => `openat(AT_FDCWD</srv>, "/srv/x?token=${s}", O_RDONLY) = 12</srv/x?token=${s}>`,
  'path with any query': (s) =>
    `openat(AT_FDCWD</srv>, "/srv/x?a=${s}&b", O_RDONLY) = -1 ENOENT (No such file or directory)`,
  'path with token=': (s) => `flock(12</var/cache/token=${s}>, LOCK_EX) = 0`,
  'path with apikey:': (s) => `unlink("/srv/apikey:${s}/x") = 0`,
  'php session': (s) => `flock(12</var/lib/php/sess_${s}>, LOCK_EX) = 0`,
  'ruby session': (s) => `flock(12</tmp/ruby_sess.${s}>, LOCK_EX) = 0`,
  'cgi session': (s) => `flock(12</tmp/cgisess_${s}>, LOCK_EX) = 0`,
  'django session': (s) => `openat(AT_FDCWD, "/tmp/sessionid_${s}", O_RDWR) = 12</tmp/sessionid_${s}>`,
  session_ID: (s) => `flock(12</var/lib/sessions/session_${s}>, LOCK_EX) = 0`,
  'file in a folder of sessions': (s) =>
    `openat(AT_FDCWD, "/srv/sessions/${s}.json", O_RDWR) = 12</srv/sessions/${s}.json>`,
  'folder of tokens': (s) => `stat("/srv/tokens/${s}", {st_mode=S_IFREG|0600, st_size=8, ...}) = 0`,
  'jwt in a path': (s) => `stat("/srv/a/eyJhbGciOi${s}.eyJzdWIi.x", 0x7ffd) = -1 ENOENT (No such file or directory)`,
  'unquoted word': (s) => `read(11<socket:[555]>, ${s}) = 9`,
  'single quotes': (s) => `read(11<socket:[555]>, '${s}', 9) = 9`,
  'struct field': (s) => `ioctl(11<socket:[555]>, SIOCSIFNAME, {ifr_name=${s}, n=1}) = 0`,
  comment: (s) => `ioctl(11<socket:[555]>, 0x5413 /* ${s} */, 1) = 0`,
  'error in words': (s) => `read(11<socket:[555]>, 0x7f, 9) = -1 EIO (${s})`,
  'a call nobody knows': (s) => `frobnicate("${s}", ${s}) = 0`,
  'two lines run into each other': (s) => `openat(AT_FDCWD, "/a", O_RDONLY) = 3write(3, "${s}", 9) = 9`,
  'escaped session': (s) => `flock(12</var/lib/php\\040x/sess_${s}>, LOCK_EX) = 0`,
};

const REQUESTS: Readonly<Record<string, (secret: string) => string>> = {
  query: (s) => `GET /b?token=${s} HTTP/1.1\\r\\n\\r\\n`,
  'query, %3F': (s) => `GET /b%3Ftoken=${s} HTTP/1.1\\r\\n\\r\\n`,
  'query, %253f': (s) => `GET /b%253ftoken=${s} HTTP/1.1\\r\\n\\r\\n`,
  'query without a mark': (s) => `GET /b&token=${s} HTTP/1.1\\r\\n\\r\\n`,
  'query without a mark, any name': (s) => `GET /b&x=${s} HTTP/1.1\\r\\n\\r\\n`,
  fragment: (s) => `GET /b#${s} HTTP/1.1\\r\\n\\r\\n`,
  'session behind ;': (s) => `GET /b;jsessionid=${s} HTTP/1.1\\r\\n\\r\\n`,
  'session behind %3B': (s) => `GET /b%3Bsid=${s} HTTP/1.1\\r\\n\\r\\n`,
  'pair in the path': (s) => `GET /b/token=${s}/x HTTP/1.1\\r\\n\\r\\n`,
  'pair in the path, %3D': (s) => `GET /b/token%3D${s}/x HTTP/1.1\\r\\n\\r\\n`,
  'pair in the path, encoded name': (s) => `GET /b/%74oken=${s}/x HTTP/1.1\\r\\n\\r\\n`,
  reset: (s) => `GET /reset/${s} HTTP/1.1\\r\\n\\r\\n`,
  'password reset': (s) => `GET /account/password-reset/${s}/done HTTP/1.1\\r\\n\\r\\n`,
  invite: (s) => `GET /invites/${s} HTTP/1.1\\r\\n\\r\\n`,
  'verify, slash at the end': (s) => `POST /verify/${s}/ HTTP/1.1\\r\\n\\r\\n`,
  'verify, encoded': (s) => `GET /ver%69fy/${s} HTTP/1.1\\r\\n\\r\\n`,
  sessions: (s) => `DELETE /api/sessions/${s} HTTP/1.1\\r\\n\\r\\n`,
  'user of //': (s) => `GET //u:${s}@evil/ HTTP/1.1\\r\\n\\r\\n`,
  'user of http://': (s) => `GET http://u:${s}@h/b HTTP/1.1\\r\\n\\r\\n`,
  'user of http://, slash in it': (s) => `GET http://user:ab/${s}@h/b HTTP/1.1\\r\\n\\r\\n`,
  'user of a tunnel': (s) => `CONNECT user:${s}@h:443 HTTP/1.1\\r\\n\\r\\n`,
  'known key in the path': (s) => `GET /b/ghp_${s}AbCd HTTP/1.1\\r\\n\\r\\n`,
  cookie: (s) => `GET /b HTTP/1.1\\r\\nCookie: sid=${s}\\r\\n\\r\\n`,
  authorization: (s) => `GET /b HTTP/1.1\\r\\nAuthorization: Basic ${s}\\r\\n\\r\\n`,
  body: (s) => `POST /b HTTP/1.1\\r\\nContent-Length: 9\\r\\n\\r\\na=${s}`,
};

const QUERIES: Readonly<Record<string, (secret: string) => string>> = {
  'single quotes': (s) => `SELECT '${s}'`,
  'double quotes': (s) => `SELECT \\"${s}\\" FROM t`,
  'doubled quotes': (s) => `SELECT 'it''s ${s}' FROM t`,
  'backslash in front of a quote': (s) => `SELECT 'a\\\\' , '${s}'`,
  'escaped quote': (s) => `SELECT 'a\\\\'${s}'`,
  'escape string': (s) => `SELECT E'a\\\\'${s}' FROM t`,
  'not closed': (s) => `SELECT 'a ${s}`,
  'odd apostrophe': (s) => `SELECT 'a' ' ${s} FROM t`,
  comment: (s) => `SELECT 1 /* ${s} */ FROM t`,
  'comment not closed': (s) => `SELECT 1 /* ${s}`,
  'nested comment': (s) => `SELECT 1 /* a /* b */ ${s} */ FROM t`,
  'comment to the end of the line': (s) => `SELECT 1 -- ${s}\\nFROM t`,
  'minus signs': (s) => `SELECT 1--'a\\n${s}'`,
  'dollar quotes': (s) => `SELECT $$${s}$$`,
  'tagged dollar quotes': (s) => `SELECT $tag$a ${s} b$tag$ FROM t`,
  'dollar quotes not closed': (s) => `SELECT $a$ ${s}`,
  'unicode string': (s) => `SELECT U&'${s}' FROM t`,
  'national string': (s) => `SELECT N'${s}' FROM t`,
  'password without quotes': (s) => `ALTER USER bob PASSWORD ${s}`,
  'password with quotes': (s) => `ALTER USER bob WITH PASSWORD '${s}'`,
  'identified by': (s) => `CREATE USER bob IDENTIFIED BY ${s}`,
  'set password': (s) => `SET PASSWORD FOR bob = ${s}`,
  'assigned without quotes': (s) => `UPDATE t SET token = ${s} WHERE a = 1`,
  'not SQL': (s) => `${s} FROM t`,
  'backquotes with blanks': (s) => `SELECT \`a\`\` ${s}\` FROM t`,
};
const MYSQL_ONLY: Readonly<Record<string, (secret: string) => string>> = {
  'number sign': (s) => `SELECT 1 # ${s}\\nFROM t`,
  'charset string': (s) => `SELECT _utf8'${s}' FROM t`,
};

const FOREIGN: Readonly<Record<string, (secret: string) => string>> = {
  'bare word': (s) => s,
  'password: X': (s) => `password: ${s}`,
  'the password is X': (s) => `the password is ${s}`,
  'password of words': (s) => `password: open the ${s} door`,
  'SECRET_KEY_BASE=': (s) => `SECRET_KEY_BASE=${s}`,
  'STRIPE_KEY=': (s) => `STRIPE_KEY=${s}`,
  'any variable': (s) => `SHOP=${s}`,
  export: (s) => `export GITHUB_PAT=${s}`,
  JSON: (s) => `{"password": "${s}"}`,
  'JSON, message': (s) => `{"level": "info", "msg": "token ${s}"}`,
  'JSON, nested': (s) => `{"a": [{"b": {"c": "${s}"}}]}`,
  'JSON, a key': (s) => `{"a": {"${s} x": 1}}`,
  'JSON in single quotes': (s) => `{'password': '${s}'}`,
  'JSON, cut': (s) => `{"level": "info", "msg": "${s}`,
  bearer: (s) => `bearer ${s}`,
  header: (s) => `Authorization: Basic ${s}`,
  exception: (s) => `KeyError: ${s}`,
  traceback: (s) => `Traceback: KeyError ${s}`,
  'line of a traceback': (s) => `    connect("h", password="${s}")`,
  url: (s) => `connecting to postgres://u:${s}@h/db`,
  'url, @ in it': (s) => `connecting to postgres://u:p@${s}@h/db`,
  'url, query': (s) => `GET https://h/a?key=${s} failed`,
  prompt: (s) => `root@h:~# mysql -p${s}`,
  'prompt, strace': (s) => `root@h:~# DB=${s} strace -p 5 -E TOKEN=${s}`,
  'prompt, echo': (s) => `$ echo ${s} | sudo -S id`,
  'message of strace': (s) => `strace: exec: ${s}`,
  quotes: (s) => `INFO login "${s}" done`,
  'quotes, odd': (s) => `INFO login ${s}" done`,
  'single quotes': (s) => `INFO login '${s}' done`,
  backquotes: (s) => `INFO login \`${s}\` done`,
  brackets: (s) => `INFO [${s}] (${s}) <${s}> {${s}}`,
  'glued to a word': (s) => `INFO open,${s};close!${s}`,
  'call without its end': (s) => `7 1795189522.000099 read(11<socket:[555]>, ${s} oops`,
  'call and output': (s) => `7 1795189522.000099 read(11<socket:[555]>, a=${s} ${s}, "${s}`,
  table: (s) => `| bob | ${s} | 17 |`,
  yaml: (s) => `  db_pass: ${s}`,
  ini: (s) => `password = ${s}`,
  xml: (s) => `<password>${s}</password>`,
  'e-mail': (s) => `mail to bob+${s}@shop.example`,
  'perf without its head': (s) => `write(fd: 8, buf: ${s}, count: 20) = 20`,
  'map of a bpftrace program': (s) => `@seen[${s}]: 3`,
  'foreign key=value': (s) => `time=1 user=bob str=${s} n=3`,
  'sentence of a foreign program': (s) => `gunicorn[1404] login(user=${s}) = 0 after 1001112 us`,
};

const PERF: Readonly<Record<string, (secret: string) => string>> = {
  buffer: (s) => `write(fd: 8</srv/x.log>, buf: password ${s}\\10, count: 20) = 20`,
  'buffer, sendto': (s) => `sendto(fd: 9<socket:[100]>, buff: Set-Cookie sid ${s}, len: 20, flags: NOSIGNAL) = 20`,
  'buffer with commas': (s) => `write(fd: 8, buf: open, ${s}, count: 9, x ${s}, count: 20) = 20`,
  'buffer with an argument in it': (s) => `write(fd: 8, buf: a, flags: ${s}, count: 7, b, count: 20) = 20`,
  'buffer that begins with a quote': (s) => `write(fd: 8, buf: "a ${s}", count: 20) = 20`,
  'buffer that ends a bracket': (s) => `write(fd: 8, buf: a) = 3 ${s}, count: 20) = 20`,
  'buffer, call failed': (s) => `write(fd: 8, buf: ${s}, count: 20) = -1 EPIPE (Broken pipe)`,
  'other argument': (s) => `setxattr(pathname: "/a", name: "user.a", value: ${s}, size: 9) = 0`,
  'argument nobody knows': (s) => `keyctl(option: 2, arg2: ${s}, arg3: 9) = 0`,
};

/** Keys that drover does not know (`str=`, `path=`) are in no view: such a line is shown as the call that it tells. */
export const UNKNOWN_KEYS: readonly ((secret: string) => string)[] = [
  (s) => `str=${s} data=x`,
  (s) => `path="${s}" data=x`,
  (s) => `note='${s}' data=x`,
];

const PRINTED: Readonly<Record<string, (secret: string) => string>> = {
  data: (s) => `data=AUTH ${s}`,
  'data of a request': (s) => `data=GET /b?t=${s} HTTP/1.1\\x0d\\x0a`,
  'data with quotes': (s) => `data={"pw": "${s}"}`,
  arguments: (s) => `args=5, "${s}", 9`,
};

/** Every form: shape, carrier, encoding. */
export const FORMS: readonly Form[] = [
  ...forms('call', ARGUMENTS),
  ...forms('call', CALLS),
  ...forms('request', REQUESTS),
  ...forms(
    'query',
    Object.fromEntries(
      Object.entries({ ...QUERIES, ...MYSQL_ONLY }).map(([name, make]) => [
        `MySQL: ${name}`,
        (s: string) => `\\x2a\\0\\0\\0\\x03${make(s)}`,
      ]),
    ),
  ),
  ...forms(
    'query',
    Object.fromEntries(
      Object.entries(QUERIES).map(([name, make]) => [
        `PostgreSQL: ${name}`,
        (s: string) => `Q\\0\\0\\0\\x2a${make(s)}\\0`,
      ]),
    ),
  ),
  ...forms('foreign', FOREIGN),
  ...forms('perf', PERF),
  ...forms('printed', PRINTED),
  ...[hex, octal].flatMap((encode, index) => {
    const name = index === 0 ? 'hexadecimal' : 'octal';
    return [
      ...forms('call', { [`write, ${name}`]: (s) => `write(11<socket:[555]>, "${encode(s)}", 9) = 9` }, encode),
      ...forms(
        'call',
        {
          [`execve, ${name}`]: (s) =>
            `execve("/bin/x", ["x", "${encode(`--password=${s}`)}"], ["${encode(`A=${s}`)}"]) = 0`,
        },
        encode,
      ),
      ...forms(
        'call',
        { [`session, ${name}`]: (s) => `openat(AT_FDCWD, "${encode(`/tmp/sess_${s}`)}", O_RDWR) = 12` },
        encode,
      ),
      ...forms('request', { [`reset, ${name}`]: (s) => encode(`GET /reset/${s} HTTP/1.1\r\n\r\n`) }, encode),
      ...forms('request', { [`query, ${name}`]: (s) => encode(`GET /b?t=${s} HTTP/1.1\r\n\r\n`) }, encode),
      ...forms('query', { [`dollar quotes, ${name}`]: (s) => encode(`Q\0\0\0\x2aSELECT $$${s}$$\0`) }, encode),
      ...forms('printed', { [`data, ${name}`]: (s) => `data=AUTH ${encode(s)}` }, encode),
    ];
  }),
  ...forms(
    'request',
    {
      'reset, percent': (s) => `GET /reset/${percent(s)} HTTP/1.1\\r\\n\\r\\n`,
      'query, percent': (s) => `GET /b?t=${percent(s)} HTTP/1.1\\r\\n\\r\\n`,
    },
    percent,
  ),
];

/** Secrets of different looks: a key, a word, capitals, letters and digits. Each can be told from every other text. */
export const SECRETS: readonly string[] = ['Zq7MARK9x', 'zqmarkx', 'ZQMARKX', 'ZqMARKx', '9zq4mark77x'];
