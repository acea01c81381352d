#include "sys/dbus.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <cerrno>

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "support/manager.h"
#include "sys/unit_devices.h"

namespace nvbox::sys {
namespace {

using test::bytes;
using test::Manager;

// What busctl of systemd 252 sends for
//   busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1
//     org.freedesktop.systemd1.Manager SetUnitProperties 'sba(sv)' docker-4a.scope true 1
//     DeviceAllow 'a(ss)' 2 /dev/char/195:0 rw /dev/char/510:1 rw
// but for the flag in the third byte (4), which allows to ask somebody for a password.
constexpr std::string_view set_properties =
    "6c0100017b00000002000000ad00000001016f00190000002f6f72672f667265656465736b746f702f73797374656d"
    "6431000000000000000301730011000000536574556e697450726f7065727469657300000000000000020173002000"
    "00"
    "006f72672e667265656465736b746f702e73797374656d64312e4d616e616765720000000000000000060173001800"
    "00"
    "006f72672e667265656465736b746f702e73797374656d643100000000000000000801670007736261287376290000"
    "00"
    "000f000000646f636b65722d34612e73636f706500010000005b000000000000000b000000446576696365416c6c6f"
    "77"
    "0005612873732900003b000000000000000f0000002f6465762f636861722f3139353a300002000000727700000000"
    "00"
    "000f0000002f6465762f636861722f3531303a310002000000727700";

// The same of: busctl call org.freedesktop.systemd1
//   /org/freedesktop/systemd1/unit/docker_2d4a_2escope org.freedesktop.DBus.Properties Get ss
//   org.freedesktop.systemd1.Scope DeviceAllow
constexpr std::string_view get_property =
    "6c0100013400000002000000a800000001016f00320000002f6f72672f667265656465736b746f702f73797374656d"
    "64"
    "312f756e69742f646f636b65725f326434615f326573636f7065000000000000030173000300000047657400000000"
    "00"
    "020173001f0000006f72672e667265656465736b746f702e444275732e50726f706572746965730006017300180000"
    "00"
    "6f72672e667265656465736b746f702e73797374656d6431000000000000000008016700027373001e0000006f7267"
    "2e"
    "667265656465736b746f702e73797374656d64312e53636f706500000b000000446576696365416c6c6f7700";

// What systemd 257 (Debian 13) answered on /run/systemd/private about the scope of a container that
// runc had made: to the authentication, to Get BPFProgram and DevicePolicy, and to
// SetUnitProperties.
constexpr std::string_view accepted = "OK 3084af61e608453cb9e939168ce808ec\r\n";
constexpr std::string_view no_programs =
    "6c020101100000000100000037000000050175000100000007017300180000006f72672e667265656465736b746f70"
    "2e"
    "73797374656d64310000000000000000080167000176000005612873732900000000000000000000";
constexpr std::string_view policy_strict =
    "6c0201010f0000000200000037000000050175000200000007017300180000006f72672e667265656465736b746f70"
    "2e"
    "73797374656d643100000000000000000801670001760000017300000600000073747269637400";
constexpr std::string_view done =
    "6c020101000000000300000029000000050175000300000007017300180000006f72672e667265656465736b746f70"
    "2e"
    "73797374656d64310000000000000000";

const std::vector<DeviceRule> rules = {{.major = 195, .minor = 0}, {.major = 510, .minor = 1}};

TEST(DBus, a_call_is_what_busctl_sends) {
  dbus::Writer body;
  body.string("org.freedesktop.systemd1.Scope");
  body.string("DeviceAllow");
  EXPECT_EQ(dbus::encode({.destination = "org.freedesktop.systemd1",
                          .path = "/org/freedesktop/systemd1/unit/docker_2d4a_2escope",
                          .interface = "org.freedesktop.DBus.Properties",
                          .member = "Get",
                          .signature = "ss",
                          .body = body.bytes()},
                         2),
            bytes(get_property));
}

// sd_bus_path_encode(3): "Characters not in [A-Za-z0-9] are escaped as _ and two hexadecimal
// digits", and so is a digit that comes first; the empty name is "_".
TEST(DBus, a_name_becomes_an_element_of_a_path) {
  EXPECT_EQ(dbus::path_element("docker-4a.scope"), "docker_2d4a_2escope");
  EXPECT_EQ(dbus::path_element("4a"), "_34a");
  EXPECT_EQ(dbus::path_element(""), "_");
}

TEST(DBus, answers_of_another_form_are_errors) {
  EXPECT_FALSE(dbus::string_in_variant(""));
  EXPECT_FALSE(dbus::string_in_variant(std::string("\1u\0\0\5\0\0\0", 8)));
  // A string of nine bytes of which three are there.
  EXPECT_FALSE(dbus::string_in_variant(std::string("\1s\0\0\11\0\0\0abc", 11)));
  EXPECT_EQ(*dbus::string_in_variant(std::string("\1s\0\0\3\0\0\0abc\0", 12)), "abc");
  // An array that is longer than the message.
  EXPECT_FALSE(dbus::pairs_in_variant(std::string("\5a(ss)\0\0\0\377\0\0\0\0\0\0\0", 17)));
}

TEST(UnitDevices, a_scope_with_a_list_gets_the_devices) {
  Manager manager({std::string(accepted), bytes(no_programs), bytes(policy_strict), bytes(done)});
  const Result<> kept = keep_devices("docker-4a.scope", rules, manager.path());
  ASSERT_TRUE(kept) << kept.error().full_message();
  const std::vector<std::string> heard = manager.heard();
  ASSERT_EQ(heard.size(), 4U);
  // Specification, "Authentication Protocol": user 0 is "30".
  if (geteuid() == 0) {
    EXPECT_EQ(heard[0], std::string("\0AUTH EXTERNAL 30\r\nBEGIN\r\n", 26));
  }
  std::string expected = bytes(set_properties);
  expected[8] = 3;  // the serial number: the third call
  EXPECT_EQ(heard[3], expected);
}

// systemd.resource-control(5), DeviceAllow=: "If an empty string is assigned" the list is reset,
// and over D-Bus an empty array does so.
TEST(UnitDevices, a_list_gets_nothing_where_no_rule_has_a_number) {
  Manager manager({std::string(accepted), bytes(no_programs), bytes(policy_strict)});
  EXPECT_TRUE(
      keep_devices("docker-4a.scope", std::vector<DeviceRule>{{.major = 195}}, manager.path()));
  EXPECT_EQ(manager.heard().size(), 3U);
}

TEST(UnitDevices, without_systemd_nothing_is_kept) {
  EXPECT_TRUE(keep_devices("docker-4a.scope", rules, "/nowhere/private"));
}

TEST(UnitDevices, who_is_refused_or_gets_no_answer_is_told) {
  {
    Manager manager({"REJECTED\r\n"});
    EXPECT_TRUE(
        keep_devices("a.scope", rules, manager.path()).error().message().contains("refused"));
  }
  {
    Manager manager({std::string(accepted), "GET / HTTP/1.1\r\n\r\n"});
    EXPECT_TRUE(
        keep_devices("a.scope", rules, manager.path()).error().message().contains("no message"));
  }
}

TEST(UnitDevices, a_manager_that_is_silent_is_an_error_within_seconds) {
  Manager manager({std::string(accepted), ""});
  const Result<> kept = keep_devices("a.scope", rules, manager.path());
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code(), ETIMEDOUT);
}

// systemd.unit(5) and what dockerd 26, Podman 5 and the kubelet name their scopes.
TEST(UnitDevices, the_scope_is_that_of_the_system_manager) {
  const std::pair<std::string, std::optional<std::string>> rows[] = {
      {"/system.slice/docker-4a.scope", "docker-4a.scope"},
      {"/machine.slice/libpod-4a.scope/container", "libpod-4a.scope"},
      {"/kubepods.slice/kubepods-pod1.slice/cri-containerd-4a.scope", "cri-containerd-4a.scope"},
      {"/docker/4a", std::nullopt},
      {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-4a.scope", std::nullopt},
  };
  for (const auto& [path, scope] : rows) EXPECT_EQ(scope_of({.path = path}), scope) << path;
}

// systemd.resource-control(5), DeviceAllow=: "a path to a device node such as /dev/null ...
// followed by a combination of r, w, m"; /dev/char/MAJOR:MINOR is understood without a node
// (systemd 240).
TEST(UnitDevices, an_entry_names_the_device_by_its_number) {
  using Entry = std::pair<std::string, std::string>;
  EXPECT_EQ(device_allow_of({.major = 195, .minor = 255}), Entry("/dev/char/195:255", "rw"));
  EXPECT_EQ(device_allow_of(
                {.type = DeviceType::block, .major = 8, .minor = 0, .access = DeviceAccess::all}),
            Entry("/dev/block/8:0", "rwm"));
  EXPECT_EQ(device_allow_of({.major = 195}), std::nullopt);
  EXPECT_EQ(device_allow_of({.major = 195, .minor = 0, .verdict = Verdict::deny}), std::nullopt);
}

}  // namespace
}  // namespace nvbox::sys
