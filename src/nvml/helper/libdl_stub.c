// What nvml_helper.c uses of libdl.so.2, without versions; never loaded.
void* dlopen(void) {
  return 0;
}

void* dlsym(void) {
  return 0;
}

char* dlerror(void) {
  return 0;
}
