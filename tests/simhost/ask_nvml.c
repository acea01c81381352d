// ask_nvml [ADDRESS|UUID...]: prints what NVML says of the machine, which GPU it finds at an
// address, and what a device with a UUID is. In place of what it refuses stands its text for the
// error.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static void* library;
static const char* (*error_text)(int);

typedef int (*function)();

static int missing() {
  return 13;
}

static function nvml(const char* name) {
  void* found = dlsym(library, name);
  return found ? (function)found : missing;
}

static const char* checked(int code, const char* answer) {
  return code == 0 ? answer : error_text(code);
}

static void print_number(int code, unsigned number) {
  char text[16];
  snprintf(text, sizeof text, "%u", number);
  printf(" [%s]", checked(code, text));
}

static void ask_text(const char* name, void* device) {
  char text[96];
  int code = nvml(name)(device, text, (unsigned)sizeof text);
  printf(" [%s]", checked(code, text));
}

static void ask_number(const char* name, void* device) {
  unsigned number = 0;
  int code = nvml(name)(device, &number);
  print_number(code, number);
}

static void ask_pair(const char* name, void* device) {
  unsigned a = 0, b = 0;
  char text[32];
  int code = nvml(name)(device, &a, &b);
  snprintf(text, sizeof text, "%u.%u", a, b);
  printf(" [%s]", checked(code, text));
}

static void ask_addressing(void* device) {
  unsigned mode[] = {0x1000008, 0};
  int code = nvml("nvmlDeviceGetAddressingMode")(device, mode);
  print_number(code, mode[1]);
}

// Ends a line about a device that a call with this code found.
static void ask_if(int code, void* device, void (*ask)(void*)) {
  if (code == 0) ask(device);
  printf("%s%s\n", code == 0 ? "" : ": ", checked(code, ""));
}

static void ask_mig(void* mig) {
  ask_number("nvmlDeviceGetGpuInstanceId", mig);
  ask_number("nvmlDeviceGetComputeInstanceId", mig);
  ask_number("nvmlDeviceGetIndex", mig);
  ask_text("nvmlDeviceGetUUID", mig);
  ask_text("nvmlDeviceGetName", mig);
}

static void ask_slots(void* gpu) {
  unsigned count = 0;
  nvml("nvmlDeviceGetMaxMigDeviceCount")(gpu, &count);
  for (unsigned slot = 0; slot < count; ++slot) {
    void* mig;
    int code = nvml("nvmlDeviceGetMigDeviceHandleByIndex")(gpu, slot, &mig);
    printf("slot %u", slot);
    ask_if(code, mig, ask_mig);
  }
}

static void ask_gpu(void* gpu) {
  ask_number("nvmlDeviceGetIndex", gpu);
  ask_number("nvmlDeviceGetMinorNumber", gpu);
  ask_text("nvmlDeviceGetUUID", gpu);
  ask_text("nvmlDeviceGetName", gpu);
  ask_number("nvmlDeviceGetBrand", gpu);
  ask_pair("nvmlDeviceGetCudaComputeCapability", gpu);
  ask_pair("nvmlDeviceGetMigMode", gpu);
  ask_addressing(gpu);
}

static void ask_index(unsigned index) {
  void* gpu;
  int code = nvml("nvmlDeviceGetHandleByIndex_v2")(index, &gpu);
  printf("gpu %u", index);
  ask_if(code, gpu, ask_gpu);
  if (code == 0) ask_slots(gpu);
}

static void ask_its_index(void* gpu) {
  ask_number("nvmlDeviceGetIndex", gpu);
}

static void ask_address(const char* address) {
  void* gpu;
  int code = nvml("nvmlDeviceGetHandleByPciBusId_v2")(address, &gpu);
  printf("%s", address);
  ask_if(code, gpu, ask_its_index);
}

// As nvml.h declares nvmlPciInfo_t.
struct pci_info {
  char short_address[16];
  unsigned domain, bus, device, device_id, subsystem_id;
  char address[32];
};

static void ask_pci(const char* name, void* gpu) {
  struct pci_info pci;
  memset(&pci, '?', sizeof pci);
  pci.address[1] = '\0';
  int code = nvml(name)(gpu, &pci);
  char text[96];
  snprintf(text, sizeof text, "%s %x %x %x %s", pci.short_address, pci.domain, pci.bus, pci.device,
           pci.address);
  printf(" [%s]", checked(code, text));
}

// What nvmlGpuInstanceProfileInfo_t and its like have first is the profile's number, which the
// instance says in the second number after the handles.
static void ask_profile(void* gpu, void* mig) {
  unsigned gi = 0, ci = 0, found[32] = {0};
  void *gpu_instance = 0, *compute_instance = 0;
  struct {
    void* handle[2];
    unsigned id, profile, more[4];
  } info = {0};
  nvml("nvmlDeviceGetGpuInstanceId")(mig, &gi);
  nvml("nvmlDeviceGetComputeInstanceId")(mig, &ci);
  print_number(nvml("nvmlDeviceGetGpuInstanceById")(gpu, gi, &gpu_instance), gi);
  print_number(nvml("nvmlGpuInstanceGetComputeInstanceById")(gpu_instance, ci, &compute_instance),
               ci);
  int code = nvml("nvmlComputeInstanceGetInfo_v2")(compute_instance, &info);
  print_number(code, info.profile);
  for (unsigned profile = 0; profile < 5; ++profile) {
    code = nvml("nvmlDeviceGetGpuInstanceProfileInfo")(gpu, profile, found);
    print_number(code, found[0]);
    code = nvml("nvmlGpuInstanceGetComputeInstanceProfileInfo")(gpu_instance, profile, 0, found);
    print_number(code, found[0]);
  }
}

static void ask_known(void* device) {
  unsigned is_mig = 0;
  unsigned long long attributes[5] = {0}, memory[3] = {0};
  void* gpu = device;
  int code = nvml("nvmlDeviceIsMigDeviceHandle")(device, &is_mig);
  print_number(code, is_mig);
  code = nvml("nvmlDeviceGetDeviceHandleFromMigDeviceHandle")(device, &gpu);
  print_number(code, 0);
  ask_number("nvmlDeviceGetIndex", gpu);
  ask_pci("nvmlDeviceGetPciInfo", gpu);
  ask_pci("nvmlDeviceGetPciInfo_v3", gpu);
  code = nvml("nvmlDeviceGetAttributes_v2")(device, attributes);
  print_number(code, (unsigned)attributes[4]);
  code = nvml("nvmlDeviceGetMemoryInfo")(gpu, memory);
  print_number(code, (unsigned)(memory[0] >> 30));
  if (is_mig) ask_profile(gpu, device);
}

static void ask_uuid(const char* uuid) {
  void* device;
  int code = nvml("nvmlDeviceGetHandleByUUID")(uuid, &device);
  printf("%s", uuid);
  ask_if(code, device, ask_known);
}

static void ask_system(void) {
  const char* (*stub_name)(void) = (const char* (*)(void))dlsym(library, "nvbox_stub_name");
  char version[80];
  int code = nvml("nvmlSystemGetDriverVersion")(version, (unsigned)sizeof version);
  printf("%s [%s]", stub_name ? stub_name() : "no stub", checked(code, version));
  unsigned cuda = 0;
  code = nvml("nvmlSystemGetCudaDriverVersion")(&cuda);
  print_number(code, cuda);
  printf("\n");
}

int main(int argc, char** argv) {
  library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return 2;
  }
  error_text = (const char* (*)(int))dlsym(library, "nvmlErrorString");
  unsigned count = 0;
  int code = nvml("nvmlDeviceGetCount_v2")(&count);
  if (code != 1) printf("a count before nvmlInit: %d\n", code);
  code = nvml("nvmlInit_v2")();
  if (code != 0) {
    printf("init: %s\n", error_text(code));
    return 1;
  }
  ask_system();
  nvml("nvmlDeviceGetCount_v2")(&count);
  for (unsigned index = 0; index < count; ++index) ask_index(index);
  for (int i = 1; i < argc; ++i) {
    if (strchr(argv[i], '-')) {
      ask_uuid(argv[i]);
    } else {
      ask_address(argv[i]);
    }
  }
  return nvml("nvmlShutdown")();
}
