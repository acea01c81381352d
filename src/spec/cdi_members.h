// The members of every object in a CDI specification under their names, in the order in which
// NVIDIA's toolkit writes them. Reading and writing both walk these lists.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include "spec/cdi.h"

namespace nvbox::spec {

template <typename Object, typename Type>
struct CdiMember {
  std::string_view name;
  Type Object::*field;
};
// clang deduces aggregates from version 17 on.
template <typename Object, typename Type>
CdiMember(std::string_view, Type Object::*) -> CdiMember<Object, Type>;

template <typename Object>
struct CdiMembers;

template <>
struct CdiMembers<CdiSpec> {
  static constexpr std::tuple list = {
      CdiMember{"cdiVersion", &CdiSpec::version},      CdiMember{"kind", &CdiSpec::kind},
      CdiMember{"annotations", &CdiSpec::annotations}, CdiMember{"devices", &CdiSpec::devices},
      CdiMember{"containerEdits", &CdiSpec::edits},
  };
};

template <>
struct CdiMembers<CdiDevice> {
  static constexpr std::tuple list = {
      CdiMember{"name", &CdiDevice::name},
      CdiMember{"annotations", &CdiDevice::annotations},
      CdiMember{"containerEdits", &CdiDevice::edits},
  };
};

template <>
struct CdiMembers<ContainerEdits> {
  static constexpr std::tuple list = {
      CdiMember{"env", &ContainerEdits::env},
      CdiMember{"deviceNodes", &ContainerEdits::nodes},
      CdiMember{"netDevices", &ContainerEdits::net_devices},
      CdiMember{"hooks", &ContainerEdits::hooks},
      CdiMember{"mounts", &ContainerEdits::mounts},
      CdiMember{"intelRdt", &ContainerEdits::intel_rdt},
      CdiMember{"additionalGids", &ContainerEdits::additional_gids},
  };
};

template <>
struct CdiMembers<DeviceNode> {
  static constexpr std::tuple list = {
      CdiMember{"path", &DeviceNode::path},
      CdiMember{"hostPath", &DeviceNode::host_path},
      CdiMember{"type", &DeviceNode::type},
      CdiMember{"major", &DeviceNode::major},
      CdiMember{"minor", &DeviceNode::minor},
      CdiMember{"fileMode", &DeviceNode::file_mode},
      CdiMember{"permissions", &DeviceNode::permissions},
      CdiMember{"uid", &DeviceNode::uid},
      CdiMember{"gid", &DeviceNode::gid},
  };
};

template <>
struct CdiMembers<NetDevice> {
  static constexpr std::tuple list = {
      CdiMember{"hostInterfaceName", &NetDevice::host_interface_name},
      CdiMember{"name", &NetDevice::name},
  };
};

template <>
struct CdiMembers<Hook> {
  static constexpr std::tuple list = {
      CdiMember{"hookName", &Hook::stage},  CdiMember{"path", &Hook::path},
      CdiMember{"args", &Hook::args},       CdiMember{"env", &Hook::env},
      CdiMember{"timeout", &Hook::timeout},
  };
};

template <>
struct CdiMembers<Mount> {
  static constexpr std::tuple list = {
      CdiMember{"hostPath", &Mount::host_path},
      CdiMember{"containerPath", &Mount::container_path},
      CdiMember{"options", &Mount::options},
      CdiMember{"type", &Mount::type},
  };
};

template <>
struct CdiMembers<IntelRdt> {
  static constexpr std::tuple list = {
      CdiMember{"closID", &IntelRdt::clos_id},
      CdiMember{"l3CacheSchema", &IntelRdt::l3_cache_schema},
      CdiMember{"memBwSchema", &IntelRdt::mem_bw_schema},
      CdiMember{"schemata", &IntelRdt::schemata},
      CdiMember{"enableMonitoring", &IntelRdt::enable_monitoring},
  };
};

// Calls `visit(member)` for each member of the object's type.
template <typename Object, typename Visit>
void for_each_member(const Visit& visit) {
  std::apply([&](const auto&... member) { (visit(member), ...); }, CdiMembers<Object>::list);
}

// The names of the object's members, in their order.
template <typename Object>
constexpr auto member_names() {
  return std::apply([](const auto&... member) { return std::array{member.name...}; },
                    CdiMembers<Object>::list);
}

}  // namespace nvbox::spec
