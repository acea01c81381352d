// What readers of CDI specifications refuse (CDI's own library, cdi/container-edits.go,
// cdi/device.go, parser/parser.go). Places are written like data::JsonPlace writes them.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/text.h"
#include "spec/cdi.h"
#include "spec/cdi_versions.h"

namespace nvbox::spec {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_alphanumeric(char c) {
  return is_letter(c) || is_digit(c);
}

// A part of a qualified name: first and last characters are narrower than those between. A single
// character has to satisfy both ends.
struct NamePart {
  bool (*is_first)(char);
  std::string_view between;  // besides letters and digits
  std::string_view rule;
};

constexpr NamePart vendor_or_class = {is_letter, "_-.",
                                      "must begin with a letter, end with a letter or digit, and "
                                      "have only these, _, - and . between"};
constexpr NamePart device_name = {
    is_alphanumeric, "_-.:",
    "must begin and end with a letter or digit, and have only these, _, -, . and : between"};

bool is_valid(std::string_view text, const NamePart& part) {
  if (text.empty() || !part.is_first(text.front()) || !is_alphanumeric(text.back())) return false;
  return std::ranges::all_of(
      text, [&](char c) { return is_alphanumeric(c) || part.between.contains(c); });
}

Error fail(std::string_view place, std::string_view reason) {
  return Error(cat(place, ": ", reason));
}

Result<> check_not_empty(std::string_view place, std::string_view text) {
  return text.empty() ? Result<>(fail(place, "is empty")) : Result<>();
}

Result<> check_env(const std::string& place, const std::vector<std::string>& env) {
  for (size_t i = 0; i < env.size(); ++i) {
    const size_t equals = env[i].find('=');
    if (equals != std::string::npos && equals > 0) continue;
    return fail(cat(place, "[", i, "]"), cat(excerpt(env[i]), " is not NAME=value"));
  }
  return {};
}

Result<> check(const std::string& place, const DeviceNode& node) {
  NVBOX_TRY(check_not_empty(cat(place, ".path"), node.path));
  if (!std::string_view("\0bcup", 5).contains(node.type)) {
    return fail(cat(place, ".type"), cat("unknown type ", excerpt(std::string(1, node.type))))
        .hint("it is b, c, u or p");
  }
  const bool is_subset = node.permissions.find_first_not_of("rwm") == std::string::npos;
  if (is_subset || node.permissions == "none") return {};
  return fail(cat(place, ".permissions"), cat("unknown permissions ", excerpt(node.permissions)))
      .hint("they are letters of rwm, or none");
}

Result<> check(const std::string& place, const Mount& mount) {
  NVBOX_TRY(check_not_empty(cat(place, ".hostPath"), mount.host_path));
  return check_not_empty(cat(place, ".containerPath"), mount.container_path);
}

// The distance to a long word takes long to find.
constexpr size_t longest_word = 64;

constexpr std::string_view hook_names[] = {"prestart",       "createRuntime", "createContainer",
                                           "startContainer", "poststart",     "poststop"};

Result<> check(const std::string& place, const Hook& hook) {
  if (std::ranges::find(hook_names, hook.stage) == std::end(hook_names)) {
    Error error = fail(cat(place, ".hookName"), cat("unknown hook ", excerpt(hook.stage)));
    const auto meant =
        did_you_mean(std::string_view(hook.stage).substr(0, longest_word), hook_names);
    if (!meant) return error;
    return std::move(error).hint(cat("did you mean ", quote(*meant), "?"));
  }
  NVBOX_TRY(check_not_empty(cat(place, ".path"), hook.path));
  return check_env(cat(place, ".env"), hook.env);
}

Result<> check(const std::string& place, const NetDevice& device) {
  NVBOX_TRY(check_not_empty(cat(place, ".hostInterfaceName"), device.host_interface_name));
  return check_not_empty(cat(place, ".name"), device.name);
}

// NAME_MAX would be 255, but CDI's own library says this.
constexpr size_t longest_clos_id = 4095;

// The name of a directory of the resctrl file system, or its root.
Result<> check(const std::string& place, const IntelRdt& rdt) {
  const std::string& id = rdt.clos_id;
  if (id == "/") return {};
  const bool is_file_name = id.size() <= longest_clos_id && id != "." && id != ".." &&
                            id.find_first_of("/\n") == std::string::npos;
  if (is_file_name) return {};
  return fail(cat(place, ".closID"), cat(excerpt(id), " is neither a file name nor /"));
}

template <typename Entry>
Result<> check_each(const std::string& place, const std::vector<Entry>& entries) {
  for (size_t i = 0; i < entries.size(); ++i) NVBOX_TRY(check(cat(place, "[", i, "]"), entries[i]));
  return {};
}

// Two with the same name would be one in config.json, or in the container.
Result<> check_unique(const std::string& place, const std::vector<NetDevice>& devices,
                      std::string_view member, std::string NetDevice::*field) {
  std::set<std::string_view> seen;
  for (size_t i = 0; i < devices.size(); ++i) {
    if (seen.insert(devices[i].*field).second) continue;
    return fail(cat(place, "[", i, "].", member),
                cat(excerpt(devices[i].*field), " is given twice"));
  }
  return {};
}

Result<> check(const std::string& place, const ContainerEdits& edits) {
  NVBOX_TRY(check_env(cat(place, ".env"), edits.env));
  NVBOX_TRY(check_each(cat(place, ".deviceNodes"), edits.nodes));
  NVBOX_TRY(check_each(cat(place, ".hooks"), edits.hooks));
  NVBOX_TRY(check_each(cat(place, ".mounts"), edits.mounts));
  if (edits.intel_rdt) NVBOX_TRY(check(cat(place, ".intelRdt"), *edits.intel_rdt));
  const std::string net_devices = cat(place, ".netDevices");
  NVBOX_TRY(check_each(net_devices, edits.net_devices));
  NVBOX_TRY(check_unique(net_devices, edits.net_devices, "hostInterfaceName",
                         &NetDevice::host_interface_name));
  return check_unique(net_devices, edits.net_devices, "name", &NetDevice::name);
}

Result<> check_version(const CdiSpec& spec) {
  const std::optional<size_t> index = cdi_version_index(spec.version);
  if (!index) {
    return fail("cdiVersion", cat("unknown version ", excerpt(spec.version)))
        .hint(cat("the newest known one is ", *std::rbegin(cdi_versions)));
  }
  const std::string minimum = minimum_cdi_version(spec);
  if (*index >= *cdi_version_index(minimum)) return {};
  return fail("cdiVersion", cat(spec.version, " is too old for what the specification uses"))
      .hint(cat("set it to ", minimum));
}

Result<> check_kind(std::string_view kind) {
  const size_t slash = kind.find('/');
  if (slash == std::string_view::npos) {
    return fail("kind", cat(excerpt(kind), " is not a vendor, a slash and a class"));
  }
  const std::string_view vendor = kind.substr(0, slash);
  const std::string_view device_class = kind.substr(slash + 1);
  if (!is_valid(vendor, vendor_or_class)) {
    return fail("kind", cat("the vendor ", excerpt(vendor), " ", vendor_or_class.rule));
  }
  if (is_valid(device_class, vendor_or_class)) return {};
  return fail("kind", cat("the class ", excerpt(device_class), " ", vendor_or_class.rule));
}

Result<> check_devices(const std::vector<CdiDevice>& devices) {
  if (devices.empty()) return fail("devices", "there are none");
  std::map<std::string_view, size_t> seen;
  for (size_t i = 0; i < devices.size(); ++i) {
    const CdiDevice& device = devices[i];
    const std::string place = cat("devices[", i, "]");
    if (!is_valid(device.name, device_name)) {
      return fail(cat(place, ".name"), cat(excerpt(device.name), " ", device_name.rule));
    }
    const auto [first, is_new] = seen.emplace(device.name, i);
    if (!is_new) {
      return fail(cat(place, ".name"), cat(excerpt(device.name), " is the name of devices[",
                                           first->second, "] already"));
    }
    if (device.edits == ContainerEdits{}) return fail(cat(place, ".containerEdits"), "is empty");
    NVBOX_TRY(check(cat(place, ".containerEdits"), device.edits));
  }
  return {};
}

}  // namespace

Result<> validate_cdi(const CdiSpec& spec) {
  NVBOX_TRY(check_version(spec));
  NVBOX_TRY(check_kind(spec.kind));
  NVBOX_TRY(check("containerEdits", spec.edits));
  return check_devices(spec.devices);
}

bool is_qualified_name(std::string_view name) {
  const size_t equals = name.find('=');
  const size_t slash = name.substr(0, equals).find('/');
  if (equals == std::string_view::npos || slash == std::string_view::npos) return false;
  return is_valid(name.substr(0, slash), vendor_or_class) &&
         is_valid(name.substr(slash + 1, equals - slash - 1), vendor_or_class) &&
         is_valid(name.substr(equals + 1), device_name);
}

}  // namespace nvbox::spec
