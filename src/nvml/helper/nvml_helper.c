// Asks NVML and prints what it says as one JSON object; nvml/answer.h reads it.
//
//     nvml_helper LIBRARY [BUS_ID...]
//
// A static program cannot load the driver's library, and must not go down with it, so this one does
// and runs confined (nvml/ask.cc). The GPUs are asked in the order of the arguments, and what
// is known is written before each of them: when one hangs, the reader sees which. An empty BUS_ID
// is the first of NVML's: a GPU in the same chip as the CPU, which may be on no bus.
//
// It runs with whatever C library the driver's root has, from glibc 2.17 on, so it uses five
// functions of it and no version of a symbol: the libraries that it is linked with (libc_stub.c,
// libdl_stub.c) have none, and the loader then takes whatever version there is. It has an entry
// point of its own for the same reason.
#include <stddef.h>

// In libdl.so.2 before glibc 2.34, in libc.so.6 since.
extern void* dlopen(const char* file, int mode);
extern void* dlsym(void* library, const char* name);
extern char* dlerror(void);
extern long write(int fd, const void* bytes, size_t count);
extern void _exit(int status) __attribute__((noreturn));

enum { rtld_now = 2 };  // <dlfcn.h>, the same on every architecture of glibc

// nvml.h: nvmlReturn_t.
enum {
  nvml_success = 0,
  nvml_invalid_argument = 2,
  nvml_not_supported = 3,
  nvml_not_found = 6,
  nvml_function_not_found = 13
};

enum { text_length = 96 };  // NVML_DEVICE_NAME_V2_BUFFER_SIZE, the longest of its texts

typedef void* Device;

// nvmlDeviceAddressingMode_v1_t.
struct AddressingMode {
  unsigned version;
  unsigned value;
};
enum { addressing_mode_version = 0x1000008 };

// Null for a function that this driver's library does not have.
static struct {
  int (*init)(void);
  int (*shutdown)(void);
  const char* (*error_string)(int);
  int (*cuda_version)(int*);
  int (*handle)(const char*, Device*);
  int (*handle_by_index)(unsigned, Device*);
  int (*uuid)(Device, char*, unsigned);
  int (*name)(Device, char*, unsigned);
  int (*brand)(Device, unsigned*);
  int (*compute_capability)(Device, int*, int*);
  int (*addressing_mode)(Device, struct AddressingMode*);
  int (*mig_mode)(Device, unsigned*, unsigned*);
  int (*most_mig_devices)(Device, unsigned*);
  int (*mig_handle)(Device, unsigned, Device*);
  int (*gpu_instance)(Device, unsigned*);
  int (*compute_instance)(Device, unsigned*);
} nvml;

static const struct {
  void* function;
  const char* name;
} functions[] = {
    {&nvml.init, "nvmlInit_v2"},
    {&nvml.shutdown, "nvmlShutdown"},
    {&nvml.error_string, "nvmlErrorString"},
    {&nvml.cuda_version, "nvmlSystemGetCudaDriverVersion"},
    {&nvml.handle, "nvmlDeviceGetHandleByPciBusId_v2"},
    {&nvml.handle_by_index, "nvmlDeviceGetHandleByIndex_v2"},
    {&nvml.uuid, "nvmlDeviceGetUUID"},
    {&nvml.name, "nvmlDeviceGetName"},
    {&nvml.brand, "nvmlDeviceGetBrand"},
    {&nvml.compute_capability, "nvmlDeviceGetCudaComputeCapability"},
    {&nvml.addressing_mode, "nvmlDeviceGetAddressingMode"},
    {&nvml.mig_mode, "nvmlDeviceGetMigMode"},
    {&nvml.most_mig_devices, "nvmlDeviceGetMaxMigDeviceCount"},
    {&nvml.mig_handle, "nvmlDeviceGetMigDeviceHandleByIndex"},
    {&nvml.gpu_instance, "nvmlDeviceGetGpuInstanceId"},
    {&nvml.compute_instance, "nvmlDeviceGetComputeInstanceId"},
};

// ---- output

static char buffer[4096];
static size_t used;

static void flush(void) {
  size_t written = 0;
  while (written < used) {
    const long count = write(1, buffer + written, used - written);
    if (count <= 0) _exit(1);
    written += (size_t)count;
  }
  used = 0;
}

static void put(char character) {
  if (used == sizeof buffer) flush();
  buffer[used++] = character;
}

static void print(const char* text) {
  while (*text != '\0') put(*text++);
}

static void print_number(unsigned value) {
  char digits[10];
  int count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) put(digits[--count]);
}

// At most `limit` bytes. What is not printable ASCII is nothing that NVML says, and not worth a
// broken document.
static void print_string(const char* text, size_t limit) {
  put('"');
  for (size_t i = 0; i < limit && text[i] != '\0'; ++i) {
    const char character = text[i];
    if (character == '"' || character == '\\') put('\\');
    put(character >= ' ' && character <= '~' ? character : '?');
  }
  put('"');
}

// Whether the next member is the first of its object or list.
static int is_first;

static void separate(void) {
  if (!is_first) put(',');
  is_first = 0;
}

static void open_as(char bracket) {
  put(bracket);
  is_first = 1;
}

static void close_as(char bracket) {
  put(bracket);
  is_first = 0;
}

static void print_key(const char* key) {
  separate();
  put('"');
  print(key);
  print("\":");
}

static void print_text_member(const char* key, const char* text) {
  print_key(key);
  print_string(text, text_length);
}

static void print_number_member(const char* key, unsigned value) {
  print_key(key);
  print_number(value);
}

static void print_failure(const char* call, const char* text, unsigned code) {
  print_key("failure");
  open_as('{');
  print_text_member("call", call);
  print_key("text");
  print_string(text, 1024);
  print_number_member("code", code);
  close_as('}');
}

// ---- calls

// The first call that failed of the object that is being written; its others are tried all the
// same.
static const char* failed_call;
static int failed_code;

// Whether a call succeeded. That a GPU or a driver lacks something is no failure.
static int is_success(const char* call, int code) {
  if (code == nvml_success) return 1;
  if (code != nvml_not_supported && code != nvml_function_not_found && failed_call == NULL) {
    failed_call = call;
    failed_code = code;
  }
  return 0;
}

static void print_failed_call(void) {
  if (failed_call == NULL) return;
  const char* text = nvml.error_string != NULL ? nvml.error_string(failed_code) : NULL;
  print_failure(failed_call, text != NULL ? text : "NVML error", (unsigned)failed_code);
  failed_call = NULL;
}

static void print_uuid(Device device) {
  char text[text_length];
  if (nvml.uuid == NULL || !is_success("nvmlDeviceGetUUID", nvml.uuid(device, text, sizeof text))) {
    return;
  }
  print_text_member("uuid", text);
}

static void print_brand(Device device) {
  unsigned brand;
  if (nvml.brand == NULL || !is_success("nvmlDeviceGetBrand", nvml.brand(device, &brand))) return;
  print_number_member("brand", brand);
}

static void print_compute_capability(Device device) {
  int major;
  int minor;
  if (nvml.compute_capability == NULL ||
      !is_success("nvmlDeviceGetCudaComputeCapability",
                  nvml.compute_capability(device, &major, &minor))) {
    return;
  }
  print_key("computeCapability");
  open_as('[');
  separate();
  print_number((unsigned)major);
  separate();
  print_number((unsigned)minor);
  close_as(']');
}

static void print_addressing_mode(Device device) {
  struct AddressingMode mode = {addressing_mode_version, 0};
  if (nvml.addressing_mode == NULL ||
      !is_success("nvmlDeviceGetAddressingMode", nvml.addressing_mode(device, &mode))) {
    return;
  }
  print_number_member("addressingMode", mode.value);
}

static void print_mig_device(unsigned index, Device device) {
  unsigned gpu_instance;
  unsigned compute_instance;
  if (!is_success("nvmlDeviceGetGpuInstanceId", nvml.gpu_instance(device, &gpu_instance)) ||
      !is_success("nvmlDeviceGetComputeInstanceId",
                  nvml.compute_instance(device, &compute_instance))) {
    return;
  }
  separate();
  open_as('{');
  print_number_member("index", index);
  print_number_member("gpuInstance", gpu_instance);
  print_number_member("computeInstance", compute_instance);
  print_uuid(device);
  char name[text_length];
  if (nvml.name != NULL && is_success("nvmlDeviceGetName", nvml.name(device, name, sizeof name))) {
    print_text_member("name", name);
  }
  close_as('}');
}

// Slots between devices may be empty: an instance that was destroyed leaves one.
static void print_mig_devices(Device gpu) {
  if (nvml.most_mig_devices == NULL || nvml.mig_handle == NULL || nvml.gpu_instance == NULL ||
      nvml.compute_instance == NULL) {
    return;
  }
  unsigned count;
  if (!is_success("nvmlDeviceGetMaxMigDeviceCount", nvml.most_mig_devices(gpu, &count))) return;
  print_key("mig");
  open_as('[');
  for (unsigned index = 0; index < count; ++index) {
    Device device;
    const int code = nvml.mig_handle(gpu, index, &device);
    if (code == nvml_not_found || code == nvml_invalid_argument) continue;
    if (is_success("nvmlDeviceGetMigDeviceHandleByIndex", code)) print_mig_device(index, device);
  }
  close_as(']');
}

static void print_mig(Device device) {
  unsigned current;
  unsigned pending;
  if (nvml.mig_mode == NULL ||
      !is_success("nvmlDeviceGetMigMode", nvml.mig_mode(device, &current, &pending))) {
    return;
  }
  if (current == 1) print_mig_devices(device);
}

static int find_gpu(const char* bus_id, Device* device) {
  if (*bus_id != '\0') {
    return is_success("nvmlDeviceGetHandleByPciBusId", nvml.handle(bus_id, device));
  }
  if (nvml.handle_by_index == NULL) return 0;
  return is_success("nvmlDeviceGetHandleByIndex", nvml.handle_by_index(0, device));
}

static void print_gpu(const char* bus_id) {
  separate();
  open_as('{');
  print_text_member("busId", bus_id);
  flush();
  Device device;
  if (find_gpu(bus_id, &device)) {
    print_uuid(device);
    print_brand(device);
    print_compute_capability(device);
    print_addressing_mode(device);
    print_mig(device);
  }
  print_failed_call();
  close_as('}');
}

static void print_cuda_version(void) {
  int cuda;
  if (nvml.cuda_version != NULL &&
      is_success("nvmlSystemGetCudaDriverVersion", nvml.cuda_version(&cuda))) {
    print_number_member("cudaVersion", (unsigned)cuda);
  }
}

static void print_answer(char** bus_ids) {
  if (!is_success("nvmlInit", nvml.init())) return;
  print_cuda_version();
  print_failed_call();
  print_key("gpus");
  open_as('[');
  for (; *bus_ids != NULL; ++bus_ids) print_gpu(*bus_ids);
  close_as(']');
  if (nvml.shutdown != NULL) nvml.shutdown();
}

// The address of a function and of data differ in type only.
static void find_functions(void* library) {
  for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) {
    *(void**)functions[i].function = dlsym(library, functions[i].name);
  }
}

// `stack` is what the kernel left there: argc, then argv up to a null.
__attribute__((used, noreturn)) void nvml_helper_main(long* stack) {
  char** arguments = (char**)(stack + 1);
  open_as('{');
  void* library = stack[0] > 1 ? dlopen(arguments[1], rtld_now) : NULL;
  if (library == NULL) {
    const char* text = stack[0] > 1 ? dlerror() : "usage: nvml_helper LIBRARY [BUS_ID...]";
    print_failure("dlopen", text != NULL ? text : "unknown error", 0);
  } else {
    find_functions(library);
    if (nvml.init == NULL || nvml.handle == NULL) {
      print_failure("dlsym", "it has not even the functions of driver 340", 0);
    } else {
      print_answer(arguments + 2);
      print_failed_call();
    }
  }
  close_as('}');
  flush();
  _exit(0);
}

// The loader enters with its arguments on the stack and no frame above.
#if defined(__x86_64__)
__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xorl %ebp, %ebp\n"
    "  movq %rsp, %rdi\n"
    "  andq $-16, %rsp\n"
    "  call nvml_helper_main\n");
#elif defined(__aarch64__)
__asm__(
    ".globl _start\n"
    "_start:\n"
    "  mov x29, xzr\n"
    "  mov x30, xzr\n"
    "  mov x0, sp\n"
    "  bl nvml_helper_main\n");
#else
#error "no entry point for this architecture yet"
#endif
