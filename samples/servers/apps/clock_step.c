/* The wall clock of the tracer, moved by CLOCK_STEP_SECONDS from CLOCK_STEP_AT (seconds since 1970) on, as an administrator or a hypervisor moves
   it: CLOCK_MONOTONIC goes on. For LD_PRELOAD into strace, never into a server. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = syscall(SYS_clock_gettime, clock, now);
  const char *at = getenv("CLOCK_STEP_AT"), *by = getenv("CLOCK_STEP_SECONDS");
  if (clock == CLOCK_REALTIME && at != NULL && by != NULL && now->tv_sec >= atol(at)) now->tv_sec += atol(by);
  return result;
}
