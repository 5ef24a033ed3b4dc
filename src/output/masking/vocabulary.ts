/**
 * What an operator reads in lines that are no call: the words of tracers, errors, logs and servers. No names of people,
 * places or things.
 */
const WORDS =
  'a about above abort aborted accept accepted access accessible across active actual add added address addresses ' +
  'admin after again age all alloc allocate allocated allowed ' +
  'already also alternate always an and another any api app application applications are arg args argument ' +
  'arguments array arrived as assertion async asyncio at attach ' +
  'attached attaching attempt attempting auto available awaiting away back backend background backlog bad balancer ' +
  'base basic batch be because been before begin behind being below ' +
  'between binary bind binding bits block blocked blocking body boot booted booting both boundary break broadcast ' +
  'broken buffer buffers build builtin bus busy but by byte bytes cache cached ' +
  'call called calling calls can cannot canceled cancelled capabilities capability caught cause caused change ' +
  'changed channel char character check checked checking child children class ' +
  'clean cleanup clear client clients clock clone close closed closing cluster code codec collect collection column ' +
  'comm command commands comment committed common compile compiled complete ' +
  'completed component compressed config configuration configured conflict connect connected connecting connection ' +
  'connections container content context continue continued continuing control ' +
  'controller copied copy core corrupt corrupted could count counter counts cpu crash crashed create created ' +
  'creating critical cross ctrl current cut daemon data database datagram date day ' +
  'days db deadlock debug decode decoded default defined delay delete deleted delivery denied dependency depth ' +
  'deprecated descriptor descriptors destination destroy detach detached device ' +
  'devices dial did different dir directories directory disabled disconnect disconnected disk dispatch do docker ' +
  'does domain done down dropped due dump dumped duration during each ' +
  'early either elapsed element else emergency empty enabled encoding end ended endpoint engine enter entry ' +
  'environment epoll err errno error errors establish established etc event events every ' +
  'exceeded except exception exchange exclusive exec executable execute executed executing execution exist existing ' +
  'exists exit exited exiting expected expired explicit expression extension ' +
  'extra fail failed failing failover failure failures false fatal fault fd fds fetch field file files filesystem ' +
  'filter finish finished first flag flags flush flushed follow following for forced ' +
  'fork forked forking format found fragment free frequently from full function functions future get gone got ' +
  'graceful gracefully group had half handle handled handler handlers handling handshake has hash have header ' +
  'headers ' +
  'healthy hello high histogram hit host hosts hour how http https id identifier identifiers idle if ignored ' +
  'ignoring illegal image import imported improper in inappropriate incoming incomplete index info ' +
  'init initial initialization initialize initialized initializing inode input insert inside install installed ' +
  'instance instead int internal interrupt interrupted interval into invalid ' +
  'invocation io ip is issue issues it item items iteration its job jobs join journal json keep kernel key keyerror ' +
  'kill killed killing kind known large last late later latency leader leaked least left length level levels ' +
  'library ' +
  'limit limits line lines link links list listen listener listening listens load loaded loader loading local ' +
  'localhost lock locked locking log logged logger logging long longer lookup loop lost low machine made main ' +
  'make manager manually many map mapping maps mark master max maximum may mean memory merge message messages ' +
  'metadata metrics microseconds millisecond milliseconds min minimum minute minutes mismatch missing mode module ' +
  'modules ' +
  'monitor more most mount mounted move moved much multihop multiple must mutex name named names namespace need ' +
  'needed negative network never new next nil no node nodes non none nonblock normal not ' +
  'nothing notice now null number numerical object objects of off offset ok old on once one only open opened ' +
  'opening operation operations option options or order os other out outgoing output over overflow owner package ' +
  'packages packet page paged ' +
  'parameter parent parse parsed parser parsing part partial path paths payload peer pending per performance ' +
  'permission permissions permitted pid pids ping pipe please pod point pointer policy poll polling pool port ' +
  'possible post ppid prepared ' +
  'present press previous print printed priority problem process processed processes processing profile program ' +
  'programs prompt properties protocol proxy published python query question queue queued quit quota range rate ' +
  'raw re reach reached ' +
  'read reader reading ready real reason receive received recent recognized recommended reconnect reconnecting ' +
  'record recorded recovered redirect reference refused region register registered rejected release released ' +
  'reload reloading remaining ' +
  'remote remove removed replied reply report request requested requests require required requires reset resolution ' +
  'resolve resolved resource resources respond response responses rest restart restarted restarting result ' +
  'results resume resumed retries retry retrying return ' +
  'returned returning returns role root round route row rows run running runs runtime safe same sampling scheduled ' +
  'scheduler script search sec second seconds see seek segment segmentation select selected self semaphore send ' +
  'sending sent sequence ' +
  'serial serve served server servers service services serving set setting settings setup several shared shell ' +
  'should show shut shutdown shutting signal signals since single size skip skipped sleep sleeping slow small so ' +
  'socket sockets ' +
  'software some soon source space spawn spawned specification specified stack stale standard start started ' +
  'starting starts startup stat state statement statistics status stdin stdout stderr still stop stopped stopping ' +
  'storage stored stream string strip structure stuck subprocess subsystem success ' +
  'successful successfully such sudo sum summary supervisor support supported switch symbol symbolic sync ' +
  'synchronous syntax syscall syscalls system table take taken target task tasks tcp temporarily temporary term ' +
  'terminal terminate terminated terminating test text than that the their them then there these they ' +
  'this thread threads threshold through tick time timed timeout timeouts timer times timestamp tls to too total ' +
  'trace traced traceback tracer traces tracing transaction transport trap tree tried true try trying two type ' +
  'udp unable unavailable unexpected unfinished unhandled unix unknown unlink ' +
  'unlock unmatched unreachable unrecognized unsupported until up update updated upgrade upstream uptime url usage ' +
  'use used user users using usr utf valid value values variable variables verbose verify version via virtual ' +
  'wait waited waiting wakeup wall want warn warning warnings was watch watching we web websocket were ' +
  'what when where which while who why will with within without work worker workers working world would write ' +
  'writing written wrong year yes yet you your zero';

/** strerror(3), signal(7) and what strace and bpftrace say of themselves, as far as not above. */
const TOOL_WORDS =
  'acceptable accessing advertise alarm assign assoc behalf bpf bpftrace bytecode cc child corrupted cprocess csi ' +
  'destination destroyed determined dgram disc elf exec export family filesystems float floating forms graph grab ' +
  'hangup hup identity insns invalid isn kretprobe kprobe kprobes ' +
  'uprobe usdt lib locks loc lseek mem meta multiplexed namelen network omitted operand overflowed pager perf ' +
  'personality pgrep please preemption probe probes ptrace quota rpc runq runqlen savedmodel scsi seccomp ' +
  'sendfile settimeofday shm srmount stopped straced streams strace strlen suppress symbol ' +
  'sysvipc tensorflow too toolarge tracepoint tracepoints tty uint verifier ustack waitpid xattr x32 x86 amd64 ' +
  'arm64 aarch64 linux gnu begin rsa ec dsa openssh pgp private public certificate syn sctp retval comm nsecs ts ' +
  'tid nr ret dur us ms ns lat ps awk grep head tail less cat nohup timeout ' +
  'backtrace backlog callback coroutine doesn didn couldn wasn hasn aren isn won don shouldn debugger dtrace eof ' +
  'fatal ioctl futex getaddrinfo gai keepalive keep-alive lineno mysqld nginx nobody noqueue nullpointer oom recv ' +
  'resolver schema select sigterm sigint sighup sigkill sigusr1 stdlib sysctl systemd ' +
  'teardown tmp traceback tracebacks unclosed uncaught unraisable venv wsgi asgi xid yield zombie x86-64 x86_64 srv ' +
  'wrkr tp bf reaper implemented resuming traceable determine help samples stalled patched exact herd tick turn ' +
  'deliver seen cost bio aof lazy jemalloc bg symbolic encountered enough driver avoided desired synchronized halted ' +
  'anode slot font severed communication attempted rfs specific unique section shared libraries directly ' +
  'multibyte wide references splice needs cleaning xenix semaphores medium revoked died recoverable rf-kill ' +
  'rf hardware instruction breakpoint urgent condition profiling window changed power most progress ' +
  'printing expects usecs usec func optional counting sampled tls stap inv iov len pos fds ep timerfd ' +
  'eventfd inotify signalfd sub sup threadpool panic undefined dereference filename dereferenced';

/** Servers, languages, libraries and programs whose names are no secret. */
const PROGRAMS =
  'cat cp cut df diff du egrep fgrep free gzip hostname id ifconfig kill less ls lsof man mkdir mount mpstat mv ' +
  'netstat numactl pgrep pidstat pkill ps pwd rm sed sleep snmpd sort ss stat strace tar tee top touch tr uname ' +
  'uniq uptime vim vmstat watch wc which who xz zcat zstd ' +
  'aiohttp airflow ansible apache apache2 ash asyncpg awscli bash boto3 bun bundle busybox caddy cassandra celery ' +
  'celerybeat cherrypy chrome clickhouse composer consul containerd cowboy cpython cron curl daphne dash deno ' +
  'django dnsmasq docker dockerd drover elasticsearch ' +
  'elixir env envoy erlang etcd eventlet express fastapi fastcgi find firefox flask fleetspeakd flush fpm gdb ' +
  'gearman gearmand gevent git gitlab go golang gradle grafana granian greenlet gthread gunicorn haproxy hog htop ' +
  'httpd httpx hypercorn hypnotoad influxd iptables ' +
  'java jetty journald jq jruby kafka keepalived kubelet kubectl ldap ldapsearch lighttpd logger lua mariadb ' +
  'mariadbd maven memcached meinheld mongod mongo mongodb mongosh mosquitto mysql mysqladmin mysqldump ' +
  'mysqlclient nc netcat nextcloud node nodejs npm npx odoo openresty openssl ' +
  'passenger perl pgbouncer php php-fpm pip pm2 podman postfix postgres postgresql prometheus proxysql psql psycopg ' +
  'psycopg2 puma pymysql pypy python2 python3 rabbitmq rails rake redis redis-cli redis-server requests resque ' +
  'rsync rsyslogd ruby runc rust sanic scp sh sidekiq smtp spring ssh sshd sshpass ' +
  'starman statsd stunnel supervisord swoole syslog syslogd tini tokio tomcat tornado traefik twisted unicorn unitd ' +
  'uvicorn uvloop uwsgi valkey varnish varnishd vault wget wine xargs yarn zabbix zookeeper zsh kworker ksoftirqd ' +
  'kswapd rcu migration libuv v8 jit gc compiler signal-handler dispatcher pool-thread herd reactor executor';

/** Directories, files and steps of a site that stand behind a word like `reset` or `session` and are no token. */
const ROUTES =
  'apple azure digest facebook github google master private public realm realms sandbox account accounts activate ' +
  'activation auth authorize authorized callback cancel change check complete confirm confirmation create cron ' +
  'current delete dist done edit email enable expired expires ' +
  'forgot form forms generate html images index introspect invalid js css keys last list login logout me mfa new ' +
  'oauth oauth2 password passwords phone profile refresh register renew reset resend revoke rotate saml scripts ' +
  'send sessions session sign signin signout signup sms sso ' +
  'static store submit success token tokens totp unlock update user userinfo users v1 v2 v3 validate verify view ' +
  'webhooks well-known handler middleware model models serializer views base backends cookie manager storage util ' +
  'utils helper redis sqlite sql py';

const HARMLESS: ReadonlySet<string> = new Set(`${WORDS} ${TOOL_WORDS} ${PROGRAMS} ${ROUTES}`.split(' '));

/** Whether a word, of whatever case, is one that operators read every day and no secret. */
export function isHarmlessWord(word: string): boolean {
  return HARMLESS.has(word) || HARMLESS.has(word.toLowerCase());
}

/**
 * Whether a name is made of harmless words and short numbers: `worker-1`, `ThreadPool_0`, `python3.11`. `isCut`: the
 * last may be the beginning of a word, as in the names of threads, which have room for 15 letters.
 */
export function isHarmlessName(name: string, isCut = false): boolean {
  if (isHarmlessWord(name)) return true;
  if (name.length > 64 || /\s/.test(name)) return false;
  const parts = name
    .split(/[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])/)
    .filter((part) => part !== '');
  let words = 0;
  let odd = 0;
  for (const [index, part] of parts.entries()) {
    if (part.length > 1 && isHarmlessWord(part)) words++;
    else if (/^\d{1,5}$/.test(part) || part.length === 1) odd++;
    else if (!isCut || index < 1 || index < parts.length - 1 || !beginsHarmless(part)) return false;
  }
  // Single letters and digits alone can spell anything.
  return words > 0 ? odd <= words + 2 : parts.length > 0 && name.length <= 3;
}

function beginsHarmless(part: string): boolean {
  const start = part.toLowerCase();
  return start.length >= 3 && [...HARMLESS].some((word) => word.startsWith(start));
}
