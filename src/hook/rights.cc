#include "hook/rights.h"

#include <sys/syscall.h>

namespace nvbox::hook {
namespace {

// Where there is an older call for the same thing, only some architectures have it.
constexpr int calls[] = {
    // Looking at files.
    SYS_openat,
    SYS_openat2,
    SYS_close,
    SYS_read,
    SYS_pread64,
    SYS_readv,
    SYS_lseek,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_statfs,
    SYS_fstatfs,
    SYS_readlinkat,
    SYS_getdents64,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_fcntl,
    SYS_dup,
    SYS_dup3,
    // Changing them.
    SYS_write,
    SYS_pwrite64,
    SYS_writev,
    SYS_ftruncate,
    SYS_fsync,
    SYS_mkdirat,
    SYS_symlinkat,
    SYS_linkat,
    SYS_renameat2,
    SYS_unlinkat,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_umask,
    // Mounts.
    SYS_open_tree,
    SYS_move_mount,
    SYS_mount_setattr,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_mount,
    SYS_umount2,
    // The process itself; capset can only give up and take back what is permitted.
    SYS_brk,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_madvise,
    SYS_futex,
    SYS_capget,
    SYS_capset,
    SYS_getpid,
    SYS_gettid,
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sched_yield,
    SYS_uname,
    SYS_exit,
    SYS_exit_group,
    // Time, and names that nobody guesses.
    SYS_clock_gettime,
    SYS_gettimeofday,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_restart_syscall,
    SYS_getrandom,
#ifdef SYS_open
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_readlink,
    SYS_access,
    SYS_dup2,
    SYS_mkdir,
    SYS_symlink,
    SYS_link,
    SYS_rename,
    SYS_unlink,
    SYS_rmdir,
    SYS_chmod,
    SYS_chown,
    SYS_time,
#endif
#ifdef SYS_renameat
    SYS_renameat,
#endif
};

}  // namespace

std::span<const int> system_calls() {
  return calls;
}

}  // namespace nvbox::hook
