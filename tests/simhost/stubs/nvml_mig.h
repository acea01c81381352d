// What libnvidia-ml says of MIG: the last part of nvml.c.
#pragma once

int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  const char* mode = mig_mode(device);
  int code = begin(__func__, gpu_word(device, GPU_ADDRESS) && current && pending);
  if (code != SUCCESS) return code;
  if (!mode) return NOT_SUPPORTED;
  *current = *pending = number(mode);
  return SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(void* device, unsigned* count) {
  int code = begin(__func__, gpu_word(device, GPU_ADDRESS) && count);
  if (code == SUCCESS) *count = mig_mode(device) ? mig_slots : 0;
  return code;
}

static const struct record* find_slot(const char* address, unsigned slot) {
  const char name[] = {(char)('0' + slot), '\0'};
  return find(MIG, address, name);
}

int nvmlDeviceGetMigDeviceHandleByIndex(void* device, unsigned slot, void** mig) {
  const char* address = gpu_word(device, GPU_ADDRESS);
  int code = begin(__func__, address && slot < mig_slots && mig);
  if (code != SUCCESS) return code;
  if (!mig_mode(device)) return NOT_SUPPORTED;
  const struct record* found = find_slot(address, slot);
  if (!found) return NOT_FOUND;
  *mig = (void*)found;
  return SUCCESS;
}

int nvmlDeviceGetGpuInstanceId(void* device, unsigned* id) {
  return give_number(__func__, mig_word(device, MIG_GI), id);
}

int nvmlDeviceGetComputeInstanceId(void* device, unsigned* id) {
  return give_number(__func__, mig_word(device, MIG_CI), id);
}

int nvmlDeviceIsMigDeviceHandle(void* device, unsigned* is_mig) {
  const char* slot = mig_word(device, MIG_SLOT);
  int code = begin(__func__, (slot || gpu_word(device, GPU_ADDRESS)) && is_mig);
  if (code == SUCCESS) *is_mig = slot != 0;
  return code;
}

int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(void* mig, void** device) {
  int code = begin(__func__, mig_word(mig, MIG_SLOT) && device);
  if (code != SUCCESS) return code;
  *device = (void*)whole_gpu(mig);
  return *device ? SUCCESS : NOT_FOUND;
}

// ---- what an instance is: all that can be told from the profile, as in 1g.10gb

// NVML's numbers for the profiles of 1, 2, 3, 4 and 7 slices are 0 to 4, and for an A100 it calls
// them so.
static const struct mig_profile {
  unsigned slices;
  unsigned gpu_instance_id;
  unsigned compute_instance_id;
} mig_profiles[] = {{1, 19, 0}, {2, 14, 1}, {3, 9, 2}, {4, 5, 3}, {7, 0, 4}};

enum { mig_profile_count = sizeof mig_profiles / sizeof *mig_profiles };

static const struct mig_profile* profile_of(const void* mig) {
  const char* name = mig_word(mig, MIG_PROFILE);
  for (unsigned i = 0; name && i < mig_profile_count; ++i) {
    if (mig_profiles[i].slices == number(name)) return &mig_profiles[i];
  }
  return 0;
}

static unsigned long long mig_megabytes(const char* profile) {
  while (*profile != '\0' && *profile++ != '.') continue;
  return number(profile) * 1024ULL;
}

// A handle of an instance is that of the first MIG device in it.
static const struct record* find_instance(const char* address, unsigned gi, const unsigned* ci) {
  for (const struct record* at = records; at < records + record_count; ++at) {
    if (at->form->subject == MIG && same_thing(at->word[MIG_ADDRESS], address) &&
        number(at->word[MIG_GI]) == gi && (!ci || number(at->word[MIG_CI]) == *ci)) {
      return at;
    }
  }
  return 0;
}

static int give_instance(const char* function, const char* address, unsigned gi, const unsigned* ci,
                         void** out) {
  int code = begin(function, address && out);
  if (code != SUCCESS) return code;
  *out = (void*)find_instance(address, gi, ci);
  return *out ? SUCCESS : NOT_FOUND;
}

int nvmlDeviceGetGpuInstanceById(void* device, unsigned id, void** instance) {
  return give_instance(__func__, gpu_word(device, GPU_ADDRESS), id, 0, instance);
}

int nvmlGpuInstanceGetComputeInstanceById(void* gpu_instance, unsigned id, void** instance) {
  const char* gi = mig_word(gpu_instance, MIG_GI);
  return give_instance(__func__, mig_word(gpu_instance, MIG_ADDRESS), gi ? number(gi) : 0, &id,
                       instance);
}

struct placement {
  unsigned start;
  unsigned size;
};

struct gpu_instance_info {
  const void* device;
  unsigned id;
  unsigned profile_id;
  struct placement placement;
};

int nvmlGpuInstanceGetInfo(void* instance, struct gpu_instance_info* info) {
  const struct mig_profile* profile = profile_of(instance);
  int code = begin(__func__, profile && info);
  if (code != SUCCESS) return code;
  *info = (struct gpu_instance_info){whole_gpu(instance),
                                     number(mig_word(instance, MIG_GI)),
                                     profile->gpu_instance_id,
                                     {0, profile->slices}};
  return SUCCESS;
}

struct compute_instance_info {
  const void* device;
  const void* gpu_instance;
  unsigned id;
  unsigned profile_id;
  struct placement placement;
};

// The only one in its GPU instance, as far as its profile says.
int nvmlComputeInstanceGetInfo_v2(void* instance, struct compute_instance_info* info) {
  const struct mig_profile* profile = profile_of(instance);
  int code = begin(__func__, profile && info);
  if (code != SUCCESS) return code;
  *info = (struct compute_instance_info){whole_gpu(instance),
                                         instance,
                                         number(mig_word(instance, MIG_CI)),
                                         profile->compute_instance_id,
                                         {0, profile->slices}};
  return SUCCESS;
}

struct gpu_instance_profile {
  unsigned id;
  unsigned p2p;
  unsigned slices;
  unsigned instances;
  unsigned engines[6];
  unsigned long long megabytes;
};

int nvmlDeviceGetGpuInstanceProfileInfo(void* device, unsigned profile,
                                        struct gpu_instance_profile* info) {
  int code = begin(__func__, gpu_word(device, GPU_ADDRESS) && info);
  if (code != SUCCESS) return code;
  if (profile >= mig_profile_count || !mig_mode(device)) return NOT_SUPPORTED;
  const struct mig_profile* found = &mig_profiles[profile];
  *info = (struct gpu_instance_profile){found->gpu_instance_id,    0,   found->slices,
                                        mig_slots / found->slices, {0}, 0};
  return SUCCESS;
}

struct compute_instance_profile {
  unsigned id;
  unsigned slices;
  unsigned instances;
  unsigned engines[6];
};

int nvmlGpuInstanceGetComputeInstanceProfileInfo(void* instance, unsigned profile, unsigned engines,
                                                 struct compute_instance_profile* info) {
  const struct mig_profile* own = profile_of(instance);
  int code = begin(__func__, own && engines == 0 && info);
  if (code != SUCCESS) return code;
  if (profile >= mig_profile_count || mig_profiles[profile].slices > own->slices)
    return NOT_SUPPORTED;
  const struct mig_profile* found = &mig_profiles[profile];
  *info = (struct compute_instance_profile){
      found->compute_instance_id, found->slices, own->slices / found->slices, {0}};
  return SUCCESS;
}

struct attributes {
  unsigned engines[6];
  unsigned gpu_instance_slices;
  unsigned compute_instance_slices;
  unsigned long long megabytes;
};

int nvmlDeviceGetAttributes_v2(void* mig, struct attributes* attributes) {
  const struct mig_profile* profile = profile_of(mig);
  int code = begin(__func__, profile && attributes);
  if (code != SUCCESS) return code;
  *attributes = (struct attributes){
      {0}, profile->slices, profile->slices, mig_megabytes(mig_word(mig, MIG_PROFILE))};
  return SUCCESS;
}

struct memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

// The table does not say how much there is: that of an A100.
int nvmlDeviceGetMemoryInfo(void* device, struct memory* memory) {
  enum { gibibytes = 80 };
  int code = begin(__func__, gpu_word(device, GPU_ADDRESS) && memory);
  if (code == SUCCESS)
    *memory = (struct memory){(unsigned long long)gibibytes << 30,
                              (unsigned long long)gibibytes << 30, 0};
  return code;
}
