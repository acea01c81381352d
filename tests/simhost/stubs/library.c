// A driver library as far as a loader can tell. It needs no libc, so glibc's and musl's loader both
// take it.
extern const char nvbox_stub_file[] __attribute__((visibility("hidden")));

// The name of the file that was really loaded, version and all.
const char* nvbox_stub_name(void) {
  return nvbox_stub_file;
}

#ifdef WITH_CUDA
int cuInit(unsigned flags) {
  (void)flags;
  return 0;
}
#endif
