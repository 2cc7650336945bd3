/* A disk that fails and a clock that steps when they are told to: loaded before the C library (LD_PRELOAD), it stands between the
 * program, SQLite in it, and the kernel.
 *
 * While the file named by FAULTY_DISK exists, calls on files whose path contains PART fail. The file holds one line:
 *     CALL WHAT SKIP PART
 * CALL: write, read, sync, open (for writing). SKIP: so many matching calls are let through first.
 * WHAT: ENOSPC, EIO, EROFS: the call fails so, and every one after it.
 *       half: the write puts half of its bytes down; the next one finds the disk full.
 *       kill: half of the bytes are put down, and the process is gone (SIGKILL).
 *
 * Or it holds
 *     clock step SECONDS -
 * and the machine's wall clock is by so many seconds (negative: behind) beside the true one. What only grows goes on as it was. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum what { NOTHING, FAIL, HALF, KILL };

static long matched;

static long wish(char *line, long room) {
    const char *file = getenv("FAULTY_DISK");
    if (file == NULL) return 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return 0;
    long got = syscall(SYS_read, fd, line, room - 1);
    syscall(SYS_close, fd);
    if (got <= 0) return 0;
    line[got] = 0;
    return got;
}

/* What is to happen to this call on this path; sets errno where it is to fail. */
static enum what asked(const char *call, const char *path) {
    char line[512], wanted[16], what[16], part[256];
    long skip;
    if (!wish(line, sizeof line)) return NOTHING;
    if (sscanf(line, "%15s %15s %ld %255s", wanted, what, &skip, part) != 4) return NOTHING;
    if (strcmp(wanted, call) != 0 || strstr(path, part) == NULL) return NOTHING;
    if (__sync_fetch_and_add(&matched, 1) < skip) return NOTHING;
    if (strcmp(what, "kill") == 0) return KILL;
    if (strcmp(what, "half") == 0) {
        errno = ENOSPC;
        return matched == skip + 1 ? HALF : FAIL;
    }
    errno = strcmp(what, "EIO") == 0 ? EIO : strcmp(what, "EROFS") == 0 ? EROFS : ENOSPC;
    return FAIL;
}

static enum what asked_of(const char *call, int fd) {
    char link[64], path[1024];
    if (getenv("FAULTY_DISK") == NULL) return NOTHING;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length <= 0) return NOTHING;
    path[length] = 0;
    return asked(call, path);
}

__attribute__((noreturn)) static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

static ssize_t put(int fd, const void *bytes, size_t count, off_t at, int placed) {
    return placed ? syscall(SYS_pwrite64, fd, bytes, count, at) : syscall(SYS_write, fd, bytes, count);
}

static ssize_t written(int fd, const void *bytes, size_t count, off_t at, int placed) {
    switch (asked_of("write", fd)) {
    case FAIL: return -1;
    case HALF: return put(fd, bytes, count / 2, at, placed);
    case KILL: put(fd, bytes, count / 2, at, placed); die();
    default: return put(fd, bytes, count, at, placed);
    }
}

ssize_t write(int fd, const void *bytes, size_t count) { return written(fd, bytes, count, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return written(fd, bytes, count, at, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) { return written(fd, bytes, count, at, 1); }

ssize_t read(int fd, void *bytes, size_t count) {
    return asked_of("read", fd) == FAIL ? -1 : syscall(SYS_read, fd, bytes, count);
}
ssize_t pread(int fd, void *bytes, size_t count, off_t at) {
    return asked_of("read", fd) == FAIL ? -1 : syscall(SYS_pread64, fd, bytes, count, at);
}
ssize_t pread64(int fd, void *bytes, size_t count, off_t at) { return pread(fd, bytes, count, at); }

int ftruncate(int fd, off_t size) { return asked_of("write", fd) == FAIL ? -1 : syscall(SYS_ftruncate, fd, size); }
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

int fsync(int fd) { return asked_of("sync", fd) == FAIL ? -1 : syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return asked_of("sync", fd) == FAIL ? -1 : syscall(SYS_fdatasync, fd); }

static int opened(const char *path, int flags, mode_t mode) {
    if ((flags & (O_WRONLY | O_RDWR)) && asked("open", path) == FAIL) return -1;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static mode_t mode_of(int flags, va_list rest) {
    return (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return opened(path, flags | O_LARGEFILE, mode);
}

/* By how many seconds the wall clock has been stepped. */
static long stepped(void) {
    char line[512];
    long seconds = 0;
    int before = errno;
    if (!wish(line, sizeof line) || sscanf(line, "clock step %ld", &seconds) != 1) seconds = 0;
    errno = before;
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int told = (int)syscall(SYS_clock_gettime, clock, now);
    if (told == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += stepped();
    return told;
}

int gettimeofday(struct timeval *now, void *zone) {
    (void)zone;
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *told) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    if (told != NULL) *told = now.tv_sec;
    return now.tv_sec;
}
