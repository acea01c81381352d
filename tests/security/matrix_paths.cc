// The programs that work in a container, as engines and administrators call them, and kinds of
// containers.
#include "base/path.h"
#include "base/text.h"
#include "matrix_tables.h"

namespace nvbox::test::matrix {
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view library_folder = "/usr/lib/x86_64-linux-gnu";

// A link in the place itself, or in the directory that is there.
std::string link_at(const Place& place) {
  return cat(place.path, place.kind == Kind::directory ? "/link" : "");
}

// And one that leaves what is in the place to the rest of the work.
std::string link_beside(const Place& place) {
  return place.kind == Kind::directory ? link_at(place) : cat(path::parent(place.path), "/link");
}

Words combined_hook(const Place& place, pid_t) {
  return {"nvbox-hook",
          "--link",
          cat("libcuda.so.535.1::", library_folder, "/libcuda.so.1"),
          "--link",
          cat("target::", link_beside(place)),
          "--folder",
          std::string(library_folder),
          "--folder",
          std::string(path::parent(place.path)),
          "--cuda-compat-driver",
          "535.1",
          "--mask-params",
          "--application-profile"};
}

Words prestart(const Place&, pid_t) {
  return {"nvidia-container-runtime-hook", "prestart"};
}

Words configure(std::string_view compat_mode, pid_t pid) {
  return {"nvidia-container-cli",
          "--root=/driver",
          "configure",
          "--no-cgroups",
          "--device=all",
          "--compute",
          "--utility",
          "--graphics",
          "--video",
          "--display",
          "--ngx",
          "--compat32",
          cat("--pid=", pid),
          cat("--cuda-compat-mode=", compat_mode),
          std::string(rootfs)};
}

Words configure_mount(const Place&, pid_t pid) {
  return configure("mount", pid);
}

Words configure_ldconfig(const Place&, pid_t pid) {
  return configure("ldconfig", pid);
}

Words update_ldcache(const Place& place, pid_t) {
  return {"nvidia-cdi-hook", "update-ldcache", cat("--folder=", library_folder),
          cat("--folder=", place.path), cat("--folder=", path::parent(place.path))};
}

Words create_symlinks(const Place& place, pid_t) {
  return {"nvidia-cdi-hook", "create-symlinks", cat("--link=target::", link_at(place)),
          cat("--link=../../../../canary/x::", path::parent(place.path), "/below/link"),
          cat("--link=libcuda.so.535.1::", library_folder, "/libcuda.so.1")};
}

// CVE-2024-0134: what a specification says climbs out by itself.
Words create_climbing_symlinks(const Place& place, pid_t) {
  return {"nvidia-cdi-hook", "create-symlinks", cat("--link=target::/../..", link_at(place)),
          cat("--link=../../../../canary/x::../../..", link_at(place), "-too")};
}

Words change_modes(const Place& place, pid_t) {
  return {"nvidia-cdi-hook", "chmod", "--mode=711", "--path=/opt/lib", cat("--path=", place.path)};
}

Words change_climbing_modes(const Place& place, pid_t) {
  return {"nvidia-cdi-hook", "chmod", "--mode=711", cat("--path=/../..", canary, place.path),
          cat("--path=/../..", place.path)};
}

Words enable_cuda_compat(const Place&, pid_t) {
  return {"nvidia-cdi-hook", "enable-cuda-compat", "--host-driver-version=535.1"};
}

Words disable_device_node_modification(const Place&, pid_t) {
  return {"nvidia-cdi-hook", "disable-device-node-modification"};
}

Words update_application_profile(const Place&, pid_t) {
  return {"nvidia-cdi-hook", "update-application-profile"};
}

// An image that is being built: its directory is the root of the installation.
Words install(const Place&, pid_t) {
  return {"nvbox", "install", cat("--root=", rootfs), "--prefix-links=/usr/bin", "--with-units"};
}

constexpr Path path_table[] = {
    {"createContainer hook", Role::hook, combined_hook},
    {"legacy hook", Role::configurer, prestart},
    {"configure", Role::configurer, configure_mount},
    {"configure, compat by ldconfig", Role::configurer, configure_ldconfig},
    {"update-ldcache", Role::hook, update_ldcache},
    {"create-symlinks", Role::hook, create_symlinks},
    {"create-symlinks, climbing", Role::hook, create_climbing_symlinks, true},
    {"chmod", Role::hook, change_modes},
    {"chmod, climbing", Role::hook, change_climbing_modes, true},
    {"enable-cuda-compat", Role::hook, enable_cuda_compat},
    {"disable-device-node-modification", Role::hook, disable_device_node_modification},
    {"update-application-profile", Role::hook, update_application_profile},
    {"install --root", Role::builder, install},
};

constexpr Setting setting_table[] = {
    {.name = "root"},
    {.name = "user namespace", .has_user_namespace = true, .uid = 100000},
    {.name = "host's processes", .shares_host_pids = true},
    {.name = "uid 1000", .uid = 1000},
};

}  // namespace

std::span<const Path> paths() {
  return path_table;
}

std::span<const Setting> settings() {
  return setting_table;
}

}  // namespace nvbox::test::matrix
