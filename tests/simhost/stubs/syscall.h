// System calls for stubs, which must run below any libc or none.
#pragma once

#if defined(__x86_64__)
enum {
  sys_read = 0,
  sys_write = 1,
  sys_close = 3,
  sys_nanosleep = 35,
  sys_exit_group = 231,
  sys_openat = 257
};

static inline long syscall3(long number, long a, const void* b, long c) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
enum {
  sys_openat = 56,
  sys_close = 57,
  sys_read = 63,
  sys_write = 64,
  sys_exit_group = 94,
  sys_nanosleep = 101
};

static inline long syscall3(long number, long a, const void* b, long c) {
  register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x2 __asm__("x2") = c;
  register const void* x1 __asm__("x1") = b;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}
#else
#error "no system calls for this machine yet"
#endif
