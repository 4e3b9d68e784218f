/* The wall clock of a process and its children, moved by CLOCK_MOVED_BY seconds; preloaded into each of them.
   With CLOCK_MOVED_IN it is moved, and steps, by what is written in that file meanwhile: eight bytes of this machine's.

   The monotonic clock is left alone: what waits waits as long as ever. (libfaketime 0.9.10 moves both or breaks
   the sleep of Python 3.11.) */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static int (*real_clock)(clockid_t, struct timespec *);
static int64_t at_start;
static volatile int64_t *moved_by = &at_start;

__attribute__((constructor)) static void look_up(void)
{
    const char *seconds = getenv("CLOCK_MOVED_BY"), *file = getenv("CLOCK_MOVED_IN");
    at_start = seconds ? strtoll(seconds, NULL, 10) : 0;
    int opened = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = opened < 0 ? MAP_FAILED : mmap(NULL, sizeof *moved_by, PROT_READ, MAP_SHARED, opened, 0);
    if (mapped != MAP_FAILED)
        moved_by = mapped;
    real_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (!real_clock)
        look_up();
    int failed = real_clock(clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += *moved_by;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec moment;
    clock_gettime(CLOCK_REALTIME, &moment);
    now->tv_sec = moment.tv_sec;
    now->tv_usec = moment.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now)
{
    struct timespec moment;
    clock_gettime(CLOCK_REALTIME, &moment);
    if (now)
        *now = moment.tv_sec;
    return moment.tv_sec;
}

int timespec_get(struct timespec *now, int base)
{
    if (base != TIME_UTC)
        return 0;
    clock_gettime(CLOCK_REALTIME, now);
    return base;
}
