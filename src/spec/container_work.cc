#include "spec/container_work.h"

#include "base/text.h"

namespace nvbox::spec {
namespace {

constexpr std::string_view link_option = "--link";
constexpr std::string_view folder_option = "--folder";
constexpr std::string_view driver_option = "--cuda-compat-driver";
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

std::vector<std::string> to_arguments(const ContainerWork& work) {
  std::vector<std::string> out;
  const auto add = [&out](std::string_view option, std::string value) {
    out.emplace_back(option);
    out.push_back(std::move(value));
  };
  for (const Link& link : work.links) add(link_option, cat(link.target, "::", link.link));
  for (const std::string& folder : work.library_folders) add(folder_option, folder);
  if (!work.cuda_compat_driver.empty()) add(driver_option, work.cuda_compat_driver);
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

}  // namespace nvbox::spec
