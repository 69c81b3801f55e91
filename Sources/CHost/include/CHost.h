// What Swift cannot reach on Linux: variadic system calls, and headers that its Glibc module leaves out.
#ifndef UNDERSTUDY_CHOST_H
#define UNDERSTUDY_CHOST_H

#include <stddef.h>
#include <sys/types.h>

/// prctl(PR_SET_PDEATHSIG, signal): the calling process gets `signal` when the thread that spawned it ends.
/// Returns 0, or the errno.
int chost_set_parent_death_signal(int signal);

/// pidfd_open(2): a descriptor that becomes readable when process `pid` ends. Returns it, or -errno.
int chost_pidfd_open(pid_t pid);

/// eventfd(2), close-on-exec and non-blocking, counting from 0. Returns the descriptor, or -errno.
int chost_eventfd(void);

/// mallopt(3): blocks of up to 32 MiB come from the heap, and up to 512 MiB of free heap are kept, so that receiving
/// large messages does not map, clear and unmap pages for each one. Returns 0, or -1 when the C library refuses.
int chost_keep_large_blocks(void);

#endif
