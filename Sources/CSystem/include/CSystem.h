// What Swift cannot reach on Linux: variadic system calls and callbacks that run on another library's thread.
#ifndef UNDERSTUDY_CSYSTEM_H
#define UNDERSTUDY_CSYSTEM_H

#include <stddef.h>
#include <sys/types.h>

/// prctl(PR_SET_PDEATHSIG, signal): the calling process gets `signal` when the thread that spawned it ends.
/// Returns 0, or the errno.
int csystem_set_parent_death_signal(int signal);

/// pidfd_open(2): a descriptor that becomes readable when process `pid` ends. Returns it, or -errno.
int csystem_pidfd_open(pid_t pid);

/// A free function for zmq_msg_init_data that frees nothing: the sender owns the bytes for longer than any message.
void csystem_keep(void *data, void *hint);

#endif
