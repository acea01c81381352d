// The machine that a case sees: a GPU host on a tmpfs that is the root directory of a mount and PID
// namespace, so that even a program that follows every link reaches nothing real.
#pragma once

#include <string>

#include "matrix_tables.h"

namespace nvbox::test::matrix {

// What is tried: a program that takes the name of one of ours as its first argument.
struct Subject {
  std::string file;  // on the real machine
  // It may open whatever it finds: /proc/kmsg is covered with a file of proc that can be read
  // without taking the kernel's messages away from whoever they are for.
  bool is_careless = false;
};

// Makes the host below `scratch`, an empty directory, in this process's own mount and PID
// namespace, and moves into it.
void enter_host(const std::string& scratch, const Subject& subject);

// Mounts a new file system at /rootfs, with an image and the trap of the case, and the volumes
// beside it. In a mount namespace of the case's own.
void make_container(const Case& item);

// What the container's runtime mounts: /proc, and in it the driver's files.
void mount_proc(const Case& item, const Subject& subject);

// The bundle whose config.json says what the container of a setting is.
std::string bundle_of(const Setting& setting);

// The state that an OCI runtime gives to hooks.
std::string state_of(const Setting& setting, pid_t pid);

// Throws what failed, with errno.
void require(bool is_done, std::string_view what);

}  // namespace nvbox::test::matrix
