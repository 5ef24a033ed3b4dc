/** Lines that only bpftrace prints: its messages, its maps, its JSON, drover's own lines. */
const OWN = /^(?:ts=\d+ dur=\d+ |event=(?:start|fd|exit|signal|deliver|tcp|reset|tick|turn|fail) )/;
const JSON_RECORD =
  /^\s*\{"type": ?"(?:attached_probes|printf|map|hist|stats|time|value|lost_events|tseries|join|cat|syscall|helper_error|runtime_error)".*\}$/;
const MESSAGE = /^Attach(?:ing|ed) \d+ probes?(?:\.\.\.)?$|^Lost \d+ events$/;
const MAP = /^@\w*(?:\[.*\])?: ?(?:-?\d|\(|count |$)|^@\w*\[[^\]]*$|^[[(][^|]{1,60}[\])]\s+\d+ \|@*\s*\|$/;
/** Of `key=value` lines of others: time, thread, call and result must be there. */
const PRINTED = /^(?=.*\b(?:ts|ts_ns|ts_us|nsecs)=\d)(?=.*\b(?:pid|tid)=\d)(?=.*\b(?:call|syscall|nr)=)/;
const LOOKED_AT = 200;

/** How sure the head is output of bpftrace: the share of its lines that only bpftrace prints. */
export function sniffBpftrace(head: Buffer): number {
  const lines = head
    .toString('latin1')
    .split('\n', LOOKED_AT)
    .map((line) => line.slice(0, 1_000).trimEnd())
    .filter((line) => line !== '' && line !== '^C');
  if (lines.length === 0) return 0;
  let own = 0;
  let told = false;
  for (const line of lines) {
    if (OWN.test(line) || JSON_RECORD.test(line)) own++;
    else if (MESSAGE.test(line)) {
      own++;
      told = true;
    } else if (MAP.test(line) || PRINTED.test(line)) own++;
  }
  // Programs print what they like; bpftrace's own first line vouches for it.
  return Math.max(own / lines.length, told && own > 0 ? 0.5 : 0);
}
