// System calls that Swift cannot express: variadic ones, and those its Glibc module leaves out. One call a function;
// refuses to hold state.
#define _GNU_SOURCE
#include "CHost.h"

#include <errno.h>
#include <malloc.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int chost_set_parent_death_signal(int signal) {
    return prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0UL, 0UL, 0UL) == 0 ? 0 : errno;
}

int chost_pidfd_open(pid_t pid) {
    long fd = syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : (int)fd;
}

int chost_eventfd(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int chost_keep_large_blocks(void) {
    const int mapped = mallopt(M_MMAP_THRESHOLD, 32 << 20);
    const int trimmed = mallopt(M_TRIM_THRESHOLD, 512 << 20);
    return mapped == 1 && trimmed == 1 ? 0 : -1;
}
