// The functions of nvc.h: what they are given is checked, what is done is the modules' work, and
// what went wrong is kept for nvc_error.
#include <nvc.h>

#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <new>
#include <span>
#include <string>
#include <utility>

#include "base/text.h"
#include "host/environment.h"
#include "libnvidia_container/changes.h"
#include "libnvidia_container/info.h"
#include "libnvidia_container/session.h"
#include "machine/modules.h"
#include "machine/nodes.h"
#include "machine/survey.h"
#include "sys/log_sinks.h"
#include "sys/process.h"

using namespace nvbox;
using libnvidia_container::Session;

namespace {

constexpr struct nvc_version library_version = {NVC_MAJOR, NVC_MINOR, NVC_PATCH,
                                                NVC_VERSION "+nvbox"};

// The driver's helper is a process of ours, and whoever starts one needs SIGCHLD at its default.
class SignalOfChildren {
 public:
  SignalOfChildren() { sigaction(SIGCHLD, nullptr, &former_); }
  SignalOfChildren(const SignalOfChildren&) = delete;
  SignalOfChildren& operator=(const SignalOfChildren&) = delete;
  ~SignalOfChildren() { sigaction(SIGCHLD, &former_, nullptr); }

 private:
  struct sigaction former_ {};
};

// -1, and the text for nvc_error, with the errno's text in small letters as NVIDIA's library has
// it.
int fail(nvc_context* context, const Error& error) {
  std::string text = error.full_message();
  const std::string_view reason = error.code() == 0 ? "" : errno_text(error.code());
  if (const size_t at = text.find(reason); at != std::string::npos) {
    for (char& letter : std::span(text).subspan(at, reason.size())) {
      if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    }
  }
  context->error = std::move(text);
  return -1;
}

int finish(nvc_context* context, const Result<>& result) {
  if (!result) return fail(context, result.error());
  context->error.reset();
  return 0;
}

template <typename Type>
Type* finish(nvc_context* context, const Result<Type*>& result) {
  if (!result) {
    fail(context, result.error());
    return nullptr;
  }
  context->error.reset();
  return *result;
}

// A context that is at work, and arguments that are there.
bool is_ready(nvc_context* context, bool has_arguments) {
  if (context == nullptr) return false;
  if (!context->session) {
    fail(context, Error("context uninitialized"));
  } else if (!has_arguments) {
    fail(context, Error("invalid argument"));
  }
  return context->session && has_arguments;
}

bool is_empty(const char* text) {
  return text != nullptr && *text == '\0';
}

std::string text_of(const char* text) {
  return text == nullptr ? "" : text;
}

// NVC_DEBUG_FILE is where NVIDIA's library writes its log to; not for programs with more rights
// than their user.
Log open_log() {
  Log log;
  if (const char* const path = secure_getenv("NVC_DEBUG_FILE")) {
    log.set_level(Level::debug);
    log.add(LogFormat::text, sys::log_file(path, [](const Error&) {}));
  }
  return log;
}

std::vector<unsigned> channels_of(const nvc_imex_info& info) {
  std::vector<unsigned> channels;
  for (size_t i = 0; i < info.nchans; ++i) {
    if (info.chans[i].id >= 0) channels.push_back(static_cast<unsigned>(info.chans[i].id));
  }
  return channels;
}

Result<> load_modules(const Session& session, const std::vector<unsigned>& channels) {
  return sys::in_child([&]() -> Result<> {
    machine::load_modules(session.place.roots(), machine::CapabilityNodes::make, session.log);
    machine::make_imex_channels(session.place.roots(), channels, session.log);
    return {};
  });
}

Result<Session> open_session(const nvc_config& config, const char* words) {
  const auto options = NVBOX_TRY(libnvidia_container::init_options(words));
  if (is_empty(config.root) || is_empty(config.ldcache)) return Error("invalid argument");
  const std::string root = text_of(config.root);
  const host::Environment environment(environ);
  Session session = {.place = NVBOX_TRY(machine::Place::open(
                         {.host = "/", .driver = root, .driver_setting = "change root failed"},
                         environment, nvml::AskSettings().timeout_s)),
                     .log = open_log()};
  session.place.search.ld_cache = text_of(config.ldcache);
  if (options.load_kmods) {
    NVBOX_TRY(load_modules(session, options.no_create_imex_channels ? std::vector<unsigned>()
                                                                    : channels_of(config.imex)));
  }
  NVBOX_TRY(machine::discover(session.place, {.gpus = false, .files = driver::Capabilities::none}));
  return session;
}

Result<nvc_container*> make_container(const nvc_container_config& config, const char* words) {
  const auto options = NVBOX_TRY(libnvidia_container::container_options(words));
  const std::string rootfs = text_of(config.rootfs);
  const bool has_empty = is_empty(config.bins_dir) || is_empty(config.libs_dir) ||
                         is_empty(config.libs32_dir) || is_empty(config.cudart_dir) ||
                         is_empty(config.ldconfig);
  if (config.pid <= 0 || !rootfs.starts_with('/') || has_empty) return Error("invalid argument");
  if (options.supervised && kill(config.pid, 0) != 0 && errno == ESRCH) {
    return Error(cat("open failed: /proc/", config.pid, "/root/"), ENOENT);
  }
  return new (std::nothrow) nvc_container{config.pid, rootfs, options};
}

// What changes a container: checked, done, and its error kept.
template <typename Item, typename Change>
int change(nvc_context* context, const nvc_container* container, const Item* item, Change mount) {
  if (!is_ready(context, container != nullptr && item != nullptr)) return -1;
  return finish(context, mount(*context->session, *container, *item));
}

}  // namespace

extern "C" {

const struct nvc_version* nvc_version(void) {
  return &library_version;
}

nvc_context* nvc_context_new(void) {
  auto* const context = new (std::nothrow) nvc_context;
  if (context == nullptr) errno = ENOMEM;
  return context;
}

void nvc_context_free(nvc_context* context) {
  delete context;
}

nvc_config* nvc_config_new(void) {
  auto* const config = static_cast<nvc_config*>(std::calloc(1, sizeof(nvc_config)));
  if (config == nullptr) return nullptr;
  config->uid = static_cast<uid_t>(-1);
  config->gid = static_cast<gid_t>(-1);
  return config;
}

void nvc_config_free(nvc_config* config) {
  std::free(config);
}

int nvc_init(nvc_context* context, const nvc_config* config, const char* opts) {
  if (context == nullptr) return -1;
  if (context->session) return 0;
  const SignalOfChildren kept;
  const nvc_config usual{};
  Result<Session> session = open_session(config == nullptr ? usual : *config, opts);
  if (!session) return fail(context, session.error());
  context->session.emplace(std::move(session).value());
  context->error.reset();
  return 0;
}

int nvc_shutdown(nvc_context* context) {
  if (context == nullptr) return -1;
  context->session.reset();
  return 0;
}

nvc_container_config* nvc_container_config_new(pid_t pid, const char* rootfs) {
  auto* const config =
      static_cast<nvc_container_config*>(std::calloc(1, sizeof(nvc_container_config)));
  if (config == nullptr) return nullptr;
  config->pid = pid;
  config->rootfs = const_cast<char*>(rootfs);
  return config;
}

void nvc_container_config_free(nvc_container_config* config) {
  std::free(config);
}

nvc_container* nvc_container_new(nvc_context* context, const nvc_container_config* config,
                                 const char* opts) {
  if (!is_ready(context, config != nullptr)) return nullptr;
  return finish(context, make_container(*config, opts));
}

void nvc_container_free(nvc_container* container) {
  delete container;
}

nvc_driver_info* nvc_driver_info_new(nvc_context* context, const char* opts) {
  if (!is_ready(context, true)) return nullptr;
  const auto options = libnvidia_container::driver_options(opts);
  if (!options) return finish(context, Result<nvc_driver_info*>(options.error()));
  return finish(context, libnvidia_container::driver_info(*context->session, *options));
}

void nvc_driver_info_free(nvc_driver_info* info) {
  libnvidia_container::free_info(info);
}

nvc_device_info* nvc_device_info_new(nvc_context* context, const char* /*opts*/) {
  if (!is_ready(context, true)) return nullptr;
  const SignalOfChildren kept;
  return finish(context, libnvidia_container::device_info(*context->session));
}

void nvc_device_info_free(nvc_device_info* info) {
  libnvidia_container::free_info(info);
}

int nvc_nvcaps_style(void) {
  const Result<int> style = libnvidia_container::capability_style();
  return style ? *style : NVC_NVCAPS_STYLE_NONE;
}

int nvc_nvcaps_device_from_proc_path(nvc_context* context, const char* path,
                                     nvc_device_node* node) {
  if (!is_ready(context, path != nullptr && node != nullptr)) return -1;
  const auto found = libnvidia_container::node_of_capability(*context->session, path);
  if (!found) return fail(context, found.error());
  *node = *found;
  context->error.reset();
  return 0;
}

int nvc_driver_mount(nvc_context* context, const nvc_container* container,
                     const nvc_driver_info* info) {
  return change(context, container, info, libnvidia_container::mount_driver);
}

int nvc_device_mount(nvc_context* context, const nvc_container* container,
                     const nvc_device* device) {
  return change(context, container, device, libnvidia_container::mount_device);
}

int nvc_mig_device_access_caps_mount(nvc_context* context, const nvc_container* container,
                                     const nvc_mig_device* device) {
  return change(context, container, device, libnvidia_container::mount_mig_device);
}

int nvc_mig_config_global_caps_mount(nvc_context* context, const nvc_container* container) {
  return change(context, container, "config", [](const auto& session, const auto& in, const auto&) {
    return libnvidia_container::mount_mig_right(session, in, "config");
  });
}

int nvc_mig_monitor_global_caps_mount(nvc_context* context, const nvc_container* container) {
  return change(context, container, "monitor",
                [](const auto& session, const auto& in, const auto&) {
                  return libnvidia_container::mount_mig_right(session, in, "monitor");
                });
}

int nvc_device_mig_caps_mount(nvc_context* context, const nvc_container* container,
                              const nvc_device* device) {
  return change(context, container, device, libnvidia_container::mount_mig_of_device);
}

int nvc_imex_channel_mount(nvc_context* context, const nvc_container* container,
                           const nvc_imex_channel* channel) {
  return change(context, container, channel,
                [](const auto& session, const auto& in, const nvc_imex_channel& one) {
                  return libnvidia_container::mount_imex_channel(session, in, one.id);
                });
}

int nvc_ldcache_update(nvc_context* context, const nvc_container* container) {
  return change(context, container, container,
                [](const auto& session, const auto& in, const auto&) {
                  return libnvidia_container::update_loader_cache(session, in);
                });
}

const char* nvc_error(nvc_context* context) {
  return context == nullptr || !context->error ? nullptr : context->error->c_str();
}

}  // extern "C"
