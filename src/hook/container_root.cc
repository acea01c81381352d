#include "hook/container_root.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <cerrno>
#include <string>

#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "spec/oci.h"
#include "sys/file.h"
#include "sys/writable_view.h"

namespace nvbox::hook {
namespace {

Result<std::string> configured_root(const std::string& bundle) {
  const std::string config = path::join(bundle, "config.json");
  // O_NONBLOCK: a FIFO in the place of the file must not hang the container's start.
  const sys::Fd file = NVBOX_TRY(sys::open_path(config, O_RDONLY | O_NONBLOCK));
  const std::string text =
      NVBOX_TRY(sys::read_all(file.get(), data::JsonLimits{}.bytes).in(config));
  const spec::OciSpec spec = NVBOX_TRY(spec::OciSpec::parse(text).in(config));
  return spec.root_directory(bundle).in(config);
}

Result<std::string> root_path(const spec::OciState& state) {
  if (state.root.starts_with('/')) return state.root;
  if (state.bundle.empty()) return Error("the container state names no bundle");
  if (!state.root.empty()) return path::join(state.bundle, state.root);
  std::string root = NVBOX_TRY(configured_root(state.bundle));
  if (root.empty())
    return Error(cat("the container of bundle ", state.bundle, " has no root.path"));
  return root;
}

Result<bool> is_root_of_host(const host::Root& root) {
  struct stat ours {};
  struct stat theirs {};
  if (stat("/", &ours) != 0) return Error("stat /", errno);
  if (fstat(root.fd(), &theirs) != 0) return Error(cat("stat ", root.path()), errno);
  return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

}  // namespace

Result<spec::OciState> read_state(int fd) {
  const std::string text =
      NVBOX_TRY(sys::read_all(fd, spec::oci_state_limit).in("container state"));
  return spec::parse_oci_state(text);
}

Result<host::Root> open_container_root(const spec::OciState& state) {
  const std::string path = NVBOX_TRY(root_path(state));
  host::Root root = NVBOX_TRY(host::Root::open_container(path).in("the container's root"));
  if (NVBOX_TRY(is_root_of_host(root))) {
    return Error(cat("the container's root ", path, " is the host's root directory"));
  }
  return root;
}

Result<WritableRoot> WritableRoot::open(const host::Root& container) {
  WritableRoot writable(container);
  writable.view_fd_ = sys::writable_view(container.fd());
  if (!writable.view_fd_) return writable;
  writable.view_ = NVBOX_TRY(host::Root::open_container(sys::proc_path(writable.view_fd_->get())));
  return writable;
}

}  // namespace nvbox::hook
