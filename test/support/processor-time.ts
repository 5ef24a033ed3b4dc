/** Milliseconds of a processor that this process took so far: what else runs on the machine does not count. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
