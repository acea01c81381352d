#include "apply/to_oci.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_set>

#include "base/path.h"
#include "base/text.h"
#include "data/json.h"

namespace nvbox::apply {
namespace {

using data::Json;

// The member, made as an empty value of the type when it is absent or null.
Result<Json*> ensure(Json& parent, const std::string& name, Json::value_t type) {
  Json& member = data::member_of(parent, name);
  if (member.is_null()) member = Json(type);
  if (member.type() != type) {
    return Error(cat(name, ": expected ", Json(type).type_name(), ", found ", member.type_name()));
  }
  return &member;
}

Result<Json*> ensure_object(Json& parent, const std::string& name) {
  return ensure(parent, name, Json::value_t::object);
}

Result<Json*> ensure_array(Json& parent, const std::string& name) {
  return ensure(parent, name, Json::value_t::array);
}

std::string text_of(const Json& object, const std::string& name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void set_variable(Json& env, const std::string& entry) {
  const std::string name = entry.substr(0, entry.find('=') + 1);
  // gVisor's nvproxy and nested tools read what was asked for before this variable became "void":
  // the request stays in front of the new value, of which the container sees the last.
  if (name != "NVIDIA_VISIBLE_DEVICES=") {
    for (Json& known : env) {
      if (known.is_string() && known.get_ref<const std::string&>().starts_with(name)) {
        known = entry;
        return;
      }
    }
  }
  if (std::ranges::find(env, Json(entry)) == env.end()) env.push_back(entry);
}

Result<> add_env(Json& document, const std::vector<std::string>& entries) {
  if (entries.empty()) return {};
  Json& process = *NVBOX_TRY(ensure_object(document, "process"));
  Json& env = *NVBOX_TRY(ensure_array(process, "env"));
  for (const std::string& entry : entries) set_variable(env, entry);
  return {};
}

// process.user.uid or .gid when it is set and not root's.
std::optional<unsigned> user_id(const Json& document, const std::string& name) {
  const Json* at = &document;
  for (const std::string& member : {std::string("process"), std::string("user"), name}) {
    if (!at->is_object() || !at->contains(member)) return std::nullopt;
    at = &(*at)[member];
  }
  if (!at->is_number_unsigned() || at->get<unsigned>() == 0) return std::nullopt;
  return at->get<unsigned>();
}

// The objects below are made member by member: nlohmann's list form makes an array of each first,
// and a start makes a hundred of them.

// A node that does not say whose it is belongs to the user of the container.
struct NodeOwner {
  std::optional<unsigned> uid;
  std::optional<unsigned> gid;
};

Json to_json(const spec::DeviceNode& node, const NodeOwner& user) {
  Json::object_t out;
  out.reserve(7);
  out.emplace_back("path", node.path);
  out.emplace_back("type", std::string(1, node.type));
  if (node.type != 'p') {
    out.emplace_back("major", node.major);
    out.emplace_back("minor", node.minor);
  }
  if (node.file_mode != 0) out.emplace_back("fileMode", node.file_mode);
  const NodeOwner owner = {node.uid ? node.uid : user.uid, node.gid ? node.gid : user.gid};
  if (owner.uid) out.emplace_back("uid", *owner.uid);
  if (owner.gid) out.emplace_back("gid", *owner.gid);
  return out;
}

// What `permissions` means. "none" is a word of CDI's own library, for a node that the container
// sees but that its cgroup does not open.
std::string access(const spec::DeviceNode& node) {
  if (node.permissions.empty()) return "rwm";
  return node.permissions == "none" ? "" : node.permissions;
}

Json cgroup_rule(const spec::DeviceNode& node) {
  Json::object_t out;
  out.reserve(5);
  out.emplace_back("allow", true);
  out.emplace_back("type", std::string(1, node.type));
  out.emplace_back("major", node.major);
  out.emplace_back("minor", node.minor);
  out.emplace_back("access", access(node));
  return out;
}

// The cgroup's rules. Those of nodes are hundreds where a host has many MIG devices, so that only
// what was there before, which is little, is searched for each.
class NodeRules {
 public:
  explicit NodeRules(Json& rules) : rules_(rules), before_(std::ssize(rules)) {}

  void add(const spec::DeviceNode& node) {
    if (!added_.emplace(node.type, node.major, node.minor, access(node)).second) return;
    Json rule = cgroup_rule(node);
    const auto end = rules_.begin() + before_;
    if (std::find(rules_.begin(), end, rule) == end) rules_.push_back(std::move(rule));
  }

 private:
  using Rule = std::tuple<char, unsigned, unsigned, std::string>;

  Json& rules_;
  std::ptrdiff_t before_;
  std::set<Rule> added_{};
};

std::unordered_set<std::string> paths_of(const Json& devices) {
  std::unordered_set<std::string> paths;
  for (const Json& device : devices) paths.insert(text_of(device, "path"));
  return paths;
}

Result<> add_nodes(Json& document, const std::vector<spec::DeviceNode>& nodes) {
  if (nodes.empty()) return {};
  const NodeOwner user = {user_id(document, "uid"), user_id(document, "gid")};
  Json& linux_part = *NVBOX_TRY(ensure_object(document, "linux"));
  // An ordered object is a vector: a new member moves the others, so all exist before any is held.
  NVBOX_TRY(ensure_object(linux_part, "resources"));
  Json& devices = *NVBOX_TRY(ensure_array(linux_part, "devices"));
  NodeRules rules(*NVBOX_TRY(ensure_array(linux_part["resources"], "devices")));
  std::unordered_set<std::string> paths = paths_of(devices);
  for (const spec::DeviceNode& node : nodes) {
    if (node.type == '\0') return Error(cat("device node ", node.path, ": its type is not known"));
    if (!paths.insert(node.path).second) {
      std::erase_if(devices.get_ref<Json::array_t&>(),
                    [&](const Json& known) { return text_of(known, "path") == node.path; });
    }
    devices.push_back(to_json(node, user));
    if (node.type == 'c' || node.type == 'b') rules.add(node);
  }
  return {};
}

// There may be a thousand, so nobody looks whether a rule is there already: it does no harm twice.
Result<> allow(Json& document, const std::vector<spec::AllowedDevice>& devices) {
  if (devices.empty()) return {};
  Json& linux_part = *NVBOX_TRY(ensure_object(document, "linux"));
  Json& resources = *NVBOX_TRY(ensure_object(linux_part, "resources"));
  Json& rules = *NVBOX_TRY(ensure_array(resources, "devices"));
  for (const auto& [major, minor] : devices) {
    rules.push_back(cgroup_rule({.path = {}, .major = major, .minor = minor}));
  }
  return {};
}

Result<> add_net_devices(Json& document, const std::vector<spec::NetDevice>& devices) {
  if (devices.empty()) return {};
  Json& linux_part = *NVBOX_TRY(ensure_object(document, "linux"));
  Json& known = *NVBOX_TRY(ensure_object(linux_part, "netDevices"));
  for (const spec::NetDevice& device : devices) {
    known[device.host_interface_name] = {{"name", device.name}};
  }
  return {};
}

Json to_json(const spec::Mount& mount) {
  Json::object_t out;
  out.reserve(4);
  out.emplace_back("destination", mount.container_path);
  if (!mount.type.empty()) out.emplace_back("type", mount.type);
  out.emplace_back("source", mount.host_path);
  out.emplace_back("options", mount.options);
  return out;
}

// A mount with what orders it, so that paths are cleaned once and not at every comparison.
struct PlacedMount {
  std::string place;
  std::ptrdiff_t depth;
  Json mount;
};

PlacedMount placed(Json mount) {
  std::string place = path::clean(text_of(mount, "destination"));
  const std::ptrdiff_t depth = std::ranges::count(place, '/');
  return {std::move(place), depth, std::move(mount)};
}

// Runtimes mount in list order, so a mount below another one must come after it.
Result<> add_mounts(Json& document, const std::vector<spec::Mount>& mounts) {
  if (mounts.empty()) return {};
  auto& list = (*NVBOX_TRY(ensure_array(document, "mounts"))).get_ref<Json::array_t&>();
  std::vector<PlacedMount> all;
  all.reserve(list.size() + mounts.size());
  for (Json& mount : list) all.push_back(placed(std::move(mount)));
  for (const spec::Mount& mount : mounts) {
    PlacedMount added = placed(to_json(mount));
    const auto same = std::ranges::find(all, added.place, &PlacedMount::place);
    if (same != all.end()) all.erase(same);
    all.push_back(std::move(added));
  }
  std::ranges::stable_sort(all, {}, &PlacedMount::depth);
  list.clear();
  for (PlacedMount& mount : all) list.push_back(std::move(mount.mount));
  return {};
}

Json to_json(const spec::Hook& hook) {
  Json out = {{"path", hook.path}};
  if (!hook.args.empty()) out["args"] = hook.args;
  if (!hook.env.empty()) out["env"] = hook.env;
  if (hook.timeout) out["timeout"] = *hook.timeout;
  return out;
}

Result<> add_hooks(Json& document, const std::vector<spec::Hook>& hooks) {
  if (hooks.empty()) return {};
  Json& stages = *NVBOX_TRY(ensure_object(document, "hooks"));
  for (const spec::Hook& hook : hooks) {
    Json& stage = *NVBOX_TRY(ensure_array(stages, hook.stage).in("hooks"));
    stage.push_back(to_json(hook));
  }
  return {};
}

// A container is in one class of service, so what was said before is replaced.
Result<> set_intel_rdt(Json& document, const std::optional<spec::IntelRdt>& rdt) {
  if (!rdt) return {};
  Json out = Json::object();
  if (!rdt->clos_id.empty()) out["closID"] = rdt->clos_id;
  if (!rdt->schemata.empty()) out["schemata"] = rdt->schemata;
  if (!rdt->l3_cache_schema.empty()) out["l3CacheSchema"] = rdt->l3_cache_schema;
  if (!rdt->mem_bw_schema.empty()) out["memBwSchema"] = rdt->mem_bw_schema;
  if (rdt->enable_monitoring) out["enableMonitoring"] = true;
  (*NVBOX_TRY(ensure_object(document, "linux")))["intelRdt"] = std::move(out);
  return {};
}

// Group 0 gives no access that a container would be meant to have by a device node.
Result<> add_gids(Json& document, const std::vector<gid_t>& gids) {
  if (std::ranges::all_of(gids, [](gid_t gid) { return gid == 0; })) return {};
  Json& process = *NVBOX_TRY(ensure_object(document, "process"));
  Json& user = *NVBOX_TRY(ensure_object(process, "user"));
  Json& known = *NVBOX_TRY(ensure_array(user, "additionalGids"));
  for (const gid_t gid : gids) {
    if (gid != 0 && std::ranges::find(known, Json(gid)) == known.end()) known.push_back(gid);
  }
  return {};
}

bool injects_gpus(const Json& hook) {
  const std::string path = text_of(hook, "path");
  const std::string_view name = path::base_name(path);
  return name == "nvidia-container-runtime-hook" || name == "nvidia-container-toolkit";
}

}  // namespace

Result<> add_edits(spec::OciSpec& spec, const spec::ContainerEdits& edits) {
  Json& document = spec.document();
  NVBOX_TRY(add_env(document, edits.env));
  NVBOX_TRY(add_nodes(document, edits.nodes));
  NVBOX_TRY(allow(document, edits.allowed));
  NVBOX_TRY(add_net_devices(document, edits.net_devices));
  NVBOX_TRY(add_mounts(document, edits.mounts));
  NVBOX_TRY(add_hooks(document, edits.hooks));
  NVBOX_TRY(set_intel_rdt(document, edits.intel_rdt));
  return add_gids(document, edits.additional_gids);
}

Result<bool> has_nvidia_hook(const spec::OciSpec& spec) {
  const data::JsonPlace document(spec.document());
  const std::optional<data::JsonPlace> stages = NVBOX_TRY(document.member("hooks"));
  if (!stages) return false;
  const std::vector<data::JsonPlace> prestart = NVBOX_TRY(stages->elements("prestart"));
  return std::ranges::any_of(prestart, [](const auto& hook) { return injects_gpus(hook.value()); });
}

Result<size_t> remove_nvidia_hooks(spec::OciSpec& spec) {
  Json& document = spec.document();
  if (!document.contains("hooks") || document["hooks"].is_null()) return size_t{0};
  Json& stages = *NVBOX_TRY(ensure_object(document, "hooks"));
  if (!stages.contains("prestart") || stages["prestart"].is_null()) return size_t{0};
  auto& prestart = (*NVBOX_TRY(ensure_array(stages, "prestart"))).get_ref<Json::array_t&>();
  const size_t removed = std::erase_if(prestart, injects_gpus);
  if (prestart.empty()) stages.erase("prestart");
  return removed;
}

}  // namespace nvbox::apply
