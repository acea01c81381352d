#include "spec/container_work.h"

#include <algorithm>
#include <iterator>

#include "base/list.h"
#include "base/text.h"

namespace nvbox::spec {
namespace {

constexpr std::string_view link_option = "--link";
constexpr std::string_view folder_option = "--folder";
constexpr std::string_view driver_option = "--cuda-compat-driver";
constexpr std::string_view cuda_option = "--cuda-compat-cuda";
constexpr std::string_view compat_root_option = "--cuda-compat-root";
constexpr std::string_view params_option = "--mask-params";
constexpr std::string_view profile_option = "--application-profile";

Result<> take_value(ContainerWork& work, std::string_view option, const std::string& value) {
  if (option == link_option) {
    work.links.push_back(NVBOX_TRY(parse_link(value)));
  } else if (option == folder_option) {
    work.library_folders.push_back(value);
  } else if (option == driver_option) {
    work.cuda_compat_driver = value;
  } else if (option == cuda_option) {
    work.cuda_compat_cuda = value;
  } else if (option == compat_root_option) {
    work.cuda_compat_root = value;
  } else {
    return Error(cat("unknown option ", quote(option)));
  }
  return {};
}

}  // namespace

Result<Link> parse_link(std::string_view text) {
  const size_t at = text.find("::");
  const bool is_pair = at != std::string_view::npos && at > 0 && at + 2 < text.size() &&
                       text.find("::", at + 2) == std::string_view::npos;
  if (!is_pair) {
    return Error(cat(link_option, " ", quote(text), ": expected TARGET::LINK"));
  }
  return Link{std::string(text.substr(0, at)), std::string(text.substr(at + 2))};
}

bool has_cuda_compat(const ContainerWork& work) {
  return !work.cuda_compat_driver.empty() || !work.cuda_compat_cuda.empty();
}

void remove_cuda_compat(ContainerWork& work) {
  const ContainerWork none;
  work.cuda_compat_driver.clear();
  work.cuda_compat_cuda.clear();
  work.cuda_compat_root = none.cuda_compat_root;
}

bool add(ContainerWork& work, const ContainerWork& more) {
  if (has_cuda_compat(more)) {
    const bool is_same = work.cuda_compat_driver == more.cuda_compat_driver &&
                         work.cuda_compat_cuda == more.cuda_compat_cuda &&
                         work.cuda_compat_root == more.cuda_compat_root;
    if (has_cuda_compat(work) && !is_same) return false;
    work.cuda_compat_driver = more.cuda_compat_driver;
    work.cuda_compat_cuda = more.cuda_compat_cuda;
    work.cuda_compat_root = more.cuda_compat_root;
  }
  work.links.insert(work.links.end(), more.links.begin(), more.links.end());
  for (const std::string& folder : more.library_folders) add_once(work.library_folders, folder);
  work.mask_params |= more.mask_params;
  work.application_profile |= more.application_profile;
  return true;
}

std::vector<std::string> to_arguments(const ContainerWork& work) {
  std::vector<std::string> out;
  const auto add = [&out](std::string_view option, std::string value) {
    out.emplace_back(option);
    out.push_back(std::move(value));
  };
  for (const Link& link : work.links) add(link_option, cat(link.target, "::", link.link));
  for (const std::string& folder : work.library_folders) add(folder_option, folder);
  if (!work.cuda_compat_driver.empty()) add(driver_option, work.cuda_compat_driver);
  if (!work.cuda_compat_cuda.empty()) add(cuda_option, work.cuda_compat_cuda);
  if (work.cuda_compat_root != ContainerWork{}.cuda_compat_root) {
    add(compat_root_option, work.cuda_compat_root);
  }
  if (work.mask_params) out.emplace_back(params_option);
  if (work.application_profile) out.emplace_back(profile_option);
  return out;
}

Result<ContainerWork> parse_arguments(std::span<const std::string> arguments) {
  ContainerWork work;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& option = arguments[i];
    if (option == params_option) {
      work.mask_params = true;
    } else if (option == profile_option) {
      work.application_profile = true;
    } else if (i + 1 < arguments.size()) {
      NVBOX_TRY(take_value(work, option, arguments[++i]));
    } else {
      return Error(cat("option ", quote(option), " is unknown or lacks its value"));
    }
  }
  return work;
}

namespace {

// What NVIDIA's hooks are told, and the option that tells ours. Without one of ours it is nothing
// that ours needs to know; a hook that needs no telling has an empty option.
struct CdiOption {
  std::string_view hook;
  std::string_view theirs;
  std::string_view ours;
};

constexpr CdiOption cdi_options[] = {
    {"create-symlinks", "--link", link_option},
    {"update-ldcache", "--folder", folder_option},
    {"update-ldcache", "--ldconfig-path", ""},
    {"enable-cuda-compat", "--host-driver-version", driver_option},
    {"enable-cuda-compat", "--host-cuda-version", cuda_option},
    {"enable-cuda-compat", "--cuda-compat-container-root", compat_root_option},
    {"disable-device-node-modification", "", params_option},
    {"update-application-profile", "", profile_option},
};

const CdiOption* find_cdi_option(std::string_view hook, std::string_view theirs) {
  const auto* const found = std::ranges::find_if(
      cdi_options, [&](const CdiOption& row) { return row.hook == hook && row.theirs == theirs; });
  return found == std::end(cdi_options) ? nullptr : found;
}

}  // namespace

std::optional<ContainerWork> work_of_cdi_hook(std::span<const std::string> arguments) {
  if (!arguments.empty() && arguments[0] == work_hook_name) {
    const Result<ContainerWork> work = parse_arguments(arguments.subspan(1));
    return work ? std::optional(*work) : std::nullopt;
  }
  const size_t name_at = arguments.size() > 1 && arguments[1] == "hook" ? 2 : 1;
  if (arguments.size() <= name_at) return std::nullopt;
  const std::string& hook = arguments[name_at];
  std::vector<std::string> ours;
  if (const CdiOption* const whole = find_cdi_option(hook, "")) ours.emplace_back(whole->ours);
  for (size_t i = name_at + 1; i < arguments.size(); ++i) {
    const size_t equals = arguments[i].find('=');
    const CdiOption* const option = find_cdi_option(hook, arguments[i].substr(0, equals));
    const bool has_value = equals != std::string::npos || i + 1 < arguments.size();
    if (option == nullptr || option->theirs.empty() || !has_value) return std::nullopt;
    std::string value =
        equals == std::string::npos ? arguments[++i] : arguments[i].substr(equals + 1);
    if (option->ours.empty()) continue;
    ours.emplace_back(option->ours);
    ours.push_back(std::move(value));
  }
  const Result<ContainerWork> work = parse_arguments(ours);
  return work && !work->empty() ? std::optional(*work) : std::nullopt;
}

}  // namespace nvbox::spec
