// The part of libnvidia-ml.so that container stacks ask. Its answers are lines of a text file that
// ../README.md describes: a test changes the machine by editing it. Like every stub it needs no
// libc.
#include "syscall.h"
#include "text.h"

enum code {
  SUCCESS = 0,
  UNINITIALIZED = 1,
  INVALID_ARGUMENT = 2,
  NOT_SUPPORTED = 3,
  NO_PERMISSION = 4,
  NOT_FOUND = 6,
  INSUFFICIENT_SIZE = 7,
  DRIVER_NOT_LOADED = 9,
  FUNCTION_NOT_FOUND = 13,
  GPU_IS_LOST = 15,
  LIB_RM_VERSION_MISMATCH = 18,
  ARGUMENT_VERSION_MISMATCH = 25,
  UNKNOWN = 999
};

// As many slots as an A100 or H100 has room for 1g instances.
enum { mig_slots = 7 };

// ---- what goes wrong on request

static unsigned fail(const char* code) {
  return number(code);
}

__attribute__((noreturn)) static unsigned hang(const char* unused) {
  static const struct { long seconds, nanoseconds; } hour = {3600, 0};
  (void)unused;
  for (;;) syscall3(sys_nanosleep, (long)&hour, 0, 0);
}

__attribute__((noreturn)) static unsigned crash(const char* unused) {
  (void)unused;
  __builtin_trap();
}

__attribute__((noreturn)) static unsigned garbage(const char* unused) {
  static const char line[] = "}{ garbage \x01\n";
  (void)unused;
  syscall3(sys_write, 1, line, sizeof line - 1);
  for (;;) syscall3(sys_exit_group, 0, 0, 0);
}

__attribute__((noreturn)) static unsigned babble(const char* unused) {
  static const struct { long seconds, nanoseconds; } moment = {0, 100000000};
  (void)unused;
  for (;;) {
    syscall3(sys_write, 1, "\n", 1);
    syscall3(sys_nanosleep, (long)&moment, 0, 0);
  }
}

// "r PATH" or "w PATH".
__attribute__((noreturn)) static unsigned reach(const char* how) {
  enum { current_directory = -100, to_read = 0, to_write = 1 };
  static char answer[] = "refused 00\n";
  const long file =
      syscall3(sys_openat, current_directory, how + 2, *how == 'w' ? to_write : to_read);
  if (file >= 0) {
    syscall3(sys_write, 2, "opened\n", 7);
  } else {
    answer[8] = (char)('0' + -file / 10 % 10);
    answer[9] = (char)('0' + -file % 10);
    syscall3(sys_write, 2, answer, sizeof answer - 1);
  }
  for (;;) syscall3(sys_exit_group, 1, 0, 0);
}

// ---- the table

enum subject { DRIVER, CUDA, GPU, MIG_MODE, MIG, TROUBLE };

enum { most_words = 7, most_records = 1024 };
enum gpu_word { GPU_ADDRESS, GPU_MINOR, GPU_UUID, GPU_BRAND, GPU_ARCH, GPU_ADDRESSING, GPU_NAME };
enum mig_word { MIG_ADDRESS, MIG_SLOT, MIG_GI, MIG_CI, MIG_UUID, MIG_PROFILE };

static const struct form {
  char key[12];
  enum subject subject;
  // After the key. The last word extends to the end of the line.
  unsigned words;
  // So many of the words say what the line is about: a later line about the same replaces it.
  unsigned identity;
  unsigned (*happen)(const char*);
} forms[] = {
    {"driver", DRIVER, 1, 0, 0},
    {"cuda", CUDA, 1, 0, 0},
    {"gpu", GPU, 7, 1, 0},
    {"mig_mode", MIG_MODE, 2, 1, 0},
    {"mig", MIG, 6, 2, 0},
    {"fail", TROUBLE, 2, 1, fail},
    {"hang", TROUBLE, 1, 1, hang},
    {"crash", TROUBLE, 1, 1, crash},
    {"garbage", TROUBLE, 1, 1, garbage},
    {"babble", TROUBLE, 1, 1, babble},
    {"reach", TROUBLE, 2, 1, reach},
};

static struct record {
  const struct form* form;
  const char* word[most_words];
} records[most_records];

static unsigned record_count;
static char table[1 << 17];

static const struct form* form_of(const char* key) {
  for (unsigned i = 0; i < sizeof forms / sizeof *forms; ++i) {
    if (equal(forms[i].key, key)) return &forms[i];
  }
  return 0;
}

// The record with this subject, and these first words as far as they are given.
static struct record* find(enum subject subject, const char* first, const char* second) {
  for (struct record* at = records; at < records + record_count; ++at) {
    if (at->form->subject == subject && (!first || same_thing(at->word[0], first)) &&
        (!second || same_thing(at->word[1], second))) {
      return at;
    }
  }
  return 0;
}

static void add_record(const struct form* form, char* rest) {
  const char* word[most_words];
  for (unsigned i = 0; i < most_words; ++i) word[i] = i + 1 < form->words ? cut_word(&rest) : rest;
  struct record* record =
      find(form->subject, form->identity > 0 ? word[0] : 0, form->identity > 1 ? word[1] : 0);
  if (!record && record_count == most_records) return;
  if (!record) record = &records[record_count++];
  record->form = form;
  for (unsigned i = 0; i < most_words; ++i) record->word[i] = word[i];
}

static void parse(char* rest) {
  record_count = 0;
  while (*rest != '\0') {
    char* line = cut_line(&rest);
    const struct form* form = form_of(cut_word(&line));
    if (form) add_record(form, line);
  }
}

static long open_file(const char* path, long flags) {
  enum { at_fdcwd = -100, o_cloexec = 02000000 };
  return syscall3(sys_openat, at_fdcwd, path, flags | o_cloexec);
}

static int read_table(void) {
  long file = open_file("/etc/simhost/nvml", 0);
  if (file < 0) return 0;
  unsigned long length = 0;
  long got = 1;
  while (got > 0 && length < sizeof table - 1) {
    got = syscall3(sys_read, file, table + length, (long)(sizeof table - 1 - length));
    if (got > 0) length += (unsigned long)got;
  }
  syscall3(sys_close, file, 0, 0);
  table[length] = '\0';
  parse(table);
  return got >= 0;
}

// ---- devices: a handle is the address of a record

static const struct record* nth_gpu(unsigned index) {
  for (const struct record* at = records; at < records + record_count; ++at) {
    if (at->form->subject == GPU && index-- == 0) return at;
  }
  return 0;
}

static unsigned count_gpus(const struct record* end) {
  unsigned count = 0;
  for (const struct record* at = records; at < end; ++at) count += at->form->subject == GPU;
  return count;
}

// A word of the device's line; null when the handle is not of such a device.
static const char* word_of(const void* device, enum subject subject, unsigned word) {
  for (const struct record* at = records; at < records + record_count; ++at) {
    if (at == device) return at->form->subject == subject ? at->word[word] : 0;
  }
  return 0;
}

static const char* gpu_word(const void* device, enum gpu_word word) {
  return word_of(device, GPU, word);
}

static const char* mig_word(const void* device, enum mig_word word) {
  return word_of(device, MIG, word);
}

static const char* mig_mode(const void* device) {
  const char* address = gpu_word(device, GPU_ADDRESS);
  const struct record* mode = address ? find(MIG_MODE, address, 0) : 0;
  return mode ? mode->word[1] : 0;
}

// ---- what the functions have in common

static unsigned users;

static int trouble_with(const char* where) {
  const struct record* trouble = find(TROUBLE, where, 0);
  return trouble ? (int)trouble->form->happen(trouble->word[1]) : SUCCESS;
}

static int begin(const char* function, int valid) {
  if (users == 0) return UNINITIALIZED;
  int code = trouble_with(function);
  if (code != SUCCESS) return code;
  return valid ? SUCCESS : INVALID_ARGUMENT;
}

// Null for the answer says that there is none for such a device.
static int give_number(const char* function, const char* answer, unsigned* out) {
  int code = begin(function, answer && out);
  if (code == SUCCESS) *out = number(answer);
  return code;
}

static int join(char* out, unsigned long size, const char* a, const char* b, const char* c) {
  struct buffer buffer = {out, size};
  if (size == 0 || !append(&buffer, a) || !append(&buffer, b) || !append(&buffer, c)) {
    return INSUFFICIENT_SIZE;
  }
  *buffer.next = '\0';
  return SUCCESS;
}

static int give_text(const char* function, const char* answer, char* out, unsigned size) {
  int code = begin(function, answer && out);
  return code == SUCCESS ? join(out, size, answer, "", "") : code;
}

static void wake(const char* node) {
  enum { o_rdwr = 2 };
  long file = open_file(node, o_rdwr);
  if (file >= 0) syscall3(sys_close, file, 0, 0);
}

static int give_gpu(const struct record* gpu, void** out) {
  char node[32];
  if (join(node, sizeof node, "/dev/nvidia", gpu->word[GPU_MINOR], "") == SUCCESS) wake(node);
  int code = trouble_with(gpu->word[GPU_ADDRESS]);
  if (code == SUCCESS) *out = (void*)gpu;
  return code;
}

// ---- NVML

const char* nvmlErrorString(int code) {
  static const struct {
    int code;
    const char* text;
  } texts[] = {
      {SUCCESS, "Success"},
      {UNINITIALIZED, "Uninitialized"},
      {INVALID_ARGUMENT, "Invalid Argument"},
      {NOT_SUPPORTED, "Not Supported"},
      {NO_PERMISSION, "Insufficient Permissions"},
      {NOT_FOUND, "Not Found"},
      {INSUFFICIENT_SIZE, "Insufficient Size"},
      {DRIVER_NOT_LOADED, "Driver Not Loaded"},
      {FUNCTION_NOT_FOUND, "Function Not Found"},
      {GPU_IS_LOST, "GPU is lost"},
      {LIB_RM_VERSION_MISMATCH, "Driver/library version mismatch"},
  };
  for (unsigned i = 0; i < sizeof texts / sizeof *texts; ++i) {
    if (texts[i].code == code) return texts[i].text;
  }
  return "Unknown Error";
}

// Handles stay valid while anybody uses the library, so only the first user has the table read.
int nvmlInit_v2(void) {
  if (users == 0) {
    wake("/dev/nvidiactl");
    if (!read_table()) return DRIVER_NOT_LOADED;
  }
  int code = trouble_with("init");
  if (code == SUCCESS) code = trouble_with(__func__);
  if (code == SUCCESS) ++users;
  return code;
}

int nvmlShutdown(void) {
  int code = begin(__func__, 1);
  if (code == SUCCESS) --users;
  return code;
}

int nvmlSystemGetDriverVersion(char* version, unsigned length) {
  const struct record* line = find(DRIVER, 0, 0);
  return give_text(__func__, line ? line->word[0] : "", version, length);
}

int nvmlSystemGetCudaDriverVersion(int* version) {
  const struct record* line = find(CUDA, 0, 0);
  return give_number(__func__, line ? line->word[0] : "", (unsigned*)version);
}

int nvmlDeviceGetCount_v2(unsigned* count) {
  int code = begin(__func__, count != 0);
  if (code == SUCCESS) *count = count_gpus(records + record_count);
  return code;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  const struct record* gpu = nth_gpu(index);
  int code = begin(__func__, gpu && device);
  return code == SUCCESS ? give_gpu(gpu, device) : code;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char* address, void** device) {
  int code = begin(__func__, address && device);
  if (code != SUCCESS) return code;
  const struct record* gpu = find(GPU, address, 0);
  return gpu ? give_gpu(gpu, device) : NOT_FOUND;
}

// The GPU of a MIG device, and any other device itself.
static const struct record* whole_gpu(const struct record* device) {
  return device->form->subject == MIG ? find(GPU, device->word[MIG_ADDRESS], 0) : device;
}

int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  int code = begin(__func__, uuid && device);
  if (code != SUCCESS) return code;
  for (const struct record* at = records; at < records + record_count; ++at) {
    const char* own = at->form->subject == MIG ? at->word[MIG_UUID] : gpu_word(at, GPU_UUID);
    if (!own || !equal(own, uuid)) continue;
    const struct record* gpu = whole_gpu(at);
    code = gpu ? give_gpu(gpu, device) : NOT_FOUND;
    if (code == SUCCESS) *device = (void*)at;
    return code;
  }
  return NOT_FOUND;
}

int nvmlDeviceGetIndex(void* device, unsigned* index) {
  const char* slot = mig_word(device, MIG_SLOT);
  if (slot) return give_number(__func__, slot, index);
  int code = begin(__func__, gpu_word(device, GPU_ADDRESS) && index);
  if (code == SUCCESS) *index = count_gpus(device);
  return code;
}

struct pci_info {
  char short_address[16];
  unsigned domain;
  unsigned bus;
  unsigned device;
  unsigned device_id;
  unsigned subsystem_id;
  char address[32];
};

static void write_address(char* out, const struct pci_info* pci, unsigned domain_digits) {
  struct buffer to = {out, sizeof pci->address};
  append_hex(&to, pci->domain, domain_digits);
  append(&to, ":");
  append_hex(&to, pci->bus, 2);
  append(&to, ":");
  append_hex(&to, pci->device, 2);
  append(&to, ".0");
  *to.next = '\0';
}

// The oldest form ends before the long address. The table does not know a GPU's model by number:
// ids are 0.
static int give_pci_info(const char* function, const void* device, struct pci_info* pci) {
  const char* address = gpu_word(device, GPU_ADDRESS);
  int code = begin(function, address && pci);
  if (code != SUCCESS) return code;
  if (equal(address, "-")) return NOT_SUPPORTED;
  pci->domain = cut_hex(&address);
  pci->bus = cut_hex(&address);
  pci->device = cut_hex(&address);
  pci->device_id = pci->subsystem_id = 0;
  write_address(pci->short_address, pci, 4);
  return SUCCESS;
}

int nvmlDeviceGetPciInfo(void* device, struct pci_info* pci) {
  return give_pci_info(__func__, device, pci);
}

int nvmlDeviceGetPciInfo_v3(void* device, struct pci_info* pci) {
  int code = give_pci_info(__func__, device, pci);
  if (code == SUCCESS) write_address(pci->address, pci, 8);
  return code;
}

int nvmlDeviceGetName(void* device, char* name, unsigned length) {
  const char* profile = mig_word(device, MIG_PROFILE);
  const void* gpu = profile ? find(GPU, mig_word(device, MIG_ADDRESS), 0) : device;
  const char* model = gpu_word(gpu, GPU_NAME);
  int code = begin(__func__, model && name);
  if (code != SUCCESS) return code;
  return join(name, length, model, profile ? " MIG " : "", profile ? profile : "");
}

int nvmlDeviceGetUUID(void* device, char* uuid, unsigned length) {
  const char* of_mig = mig_word(device, MIG_UUID);
  return give_text(__func__, of_mig ? of_mig : gpu_word(device, GPU_UUID), uuid, length);
}

int nvmlDeviceGetMinorNumber(void* device, unsigned* minor) {
  return give_number(__func__, gpu_word(device, GPU_MINOR), minor);
}

int nvmlDeviceGetBrand(void* device, unsigned* brand) {
  return give_number(__func__, gpu_word(device, GPU_BRAND), brand);
}

int nvmlDeviceGetCudaComputeCapability(void* device, int* major, int* minor) {
  const char* arch = gpu_word(device, GPU_ARCH);
  int code = begin(__func__, arch && major && minor);
  if (code != SUCCESS) return code;
  *major = (int)number(arch);
  while (*arch != '\0' && *arch++ != '.') continue;
  *minor = (int)number(arch);
  return SUCCESS;
}

struct addressing_mode {
  unsigned version;
  unsigned value;
};

int nvmlDeviceGetAddressingMode(void* device, struct addressing_mode* mode) {
  enum { version_1 = 0x1000008 };
  const char* answer = gpu_word(device, GPU_ADDRESSING);
  int code = begin(__func__, answer && mode);
  if (code != SUCCESS) return code;
  if (mode->version != version_1) return ARGUMENT_VERSION_MISMATCH;
  if (equal(answer, "-")) return NOT_SUPPORTED;
  mode->value = number(answer);
  return SUCCESS;
}

#include "nvml_mig.h"
