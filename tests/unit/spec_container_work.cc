#include "spec/container_work.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace nvbox::spec {
namespace {

using Arguments = std::vector<std::string>;

std::string refusal(const Arguments& arguments) {
  const Result<ContainerWork> work = parse_arguments(arguments);
  return work ? "accepted" : work.error().message();
}

const ContainerWork everything = {
    .links = {{"libcuda.so.1", "/usr/lib/libcuda.so"}, {"../x", "/y z"}},
    .library_folders = {"/usr/lib64", "/opt/with,comma"},
    .cuda_compat_driver = "535.261.03",
    .cuda_compat_root = "/opt/compat",
    .mask_params = true,
    .application_profile = true,
};

TEST(ContainerWork, nothing_to_do_needs_no_arguments) {
  EXPECT_TRUE(ContainerWork{}.empty());
  EXPECT_EQ(to_arguments({}), Arguments{});
  EXPECT_EQ(*parse_arguments({}), ContainerWork{});
}

TEST(ContainerWork, everything_survives_the_way_through_the_command_line) {
  EXPECT_FALSE(everything.empty());
  EXPECT_EQ(*parse_arguments(to_arguments(everything)), everything);
}

TEST(ContainerWork, each_part_alone_is_not_nothing) {
  EXPECT_FALSE((ContainerWork{.links = {{"a", "/b"}}}.empty()));
  EXPECT_FALSE((ContainerWork{.library_folders = {"/l"}}.empty()));
  EXPECT_FALSE((ContainerWork{.cuda_compat_driver = "1"}.empty()));
  EXPECT_FALSE((ContainerWork{.mask_params = true}.empty()));
  EXPECT_FALSE((ContainerWork{.application_profile = true}.empty()));
}

TEST(ContainerWork, the_command_line_is_readable) {
  EXPECT_EQ(
      to_arguments(everything),
      (Arguments{"--link", "libcuda.so.1::/usr/lib/libcuda.so", "--link", "../x::/y z", "--folder",
                 "/usr/lib64", "--folder", "/opt/with,comma", "--cuda-compat-driver", "535.261.03",
                 "--cuda-compat-root", "/opt/compat", "--mask-params", "--application-profile"}));
}

TEST(ContainerWork, the_usual_compat_root_is_not_spelled_out) {
  EXPECT_EQ(to_arguments({.cuda_compat_driver = "1"}), (Arguments{"--cuda-compat-driver", "1"}));
}

TEST(ContainerWork, goes_by_the_cuda_version_of_a_host_without_a_version_of_its_driver) {
  ContainerWork work = {.cuda_compat_cuda = "12.6", .cuda_compat_root = "/c"};
  EXPECT_EQ(to_arguments(work),
            (Arguments{"--cuda-compat-cuda", "12.6", "--cuda-compat-root", "/c"}));
  EXPECT_EQ(*parse_arguments(to_arguments(work)), work);
  EXPECT_TRUE(has_cuda_compat(work));
  EXPECT_FALSE(add(work, {.cuda_compat_driver = "1"}));
  EXPECT_FALSE(add(work, {.cuda_compat_cuda = "12.6"})) << "of another folder";
  remove_cuda_compat(work);
  EXPECT_EQ(work, ContainerWork{});
}

TEST(ContainerWork, options_come_in_any_order) {
  EXPECT_EQ(*parse_arguments(
                Arguments{"--mask-params", "--folder", "/b", "--link", "t::/l", "--folder", "/a"}),
            (ContainerWork{
                .links = {{"t", "/l"}}, .library_folders = {"/b", "/a"}, .mask_params = true}));
}

TEST(ContainerWork, a_link_has_exactly_one_separator) {
  EXPECT_EQ(refusal({"--link", "target"}), R"(--link "target": expected TARGET::LINK)");
  EXPECT_EQ(refusal({"--link", "a::b::c"}), R"(--link "a::b::c": expected TARGET::LINK)");
  // NVIDIA's toolkit fails at these when it makes the link: symlink(2) gives ENOENT for an empty
  // text, and the container's root is no link.
  EXPECT_EQ(refusal({"--link", "::/b"}), R"(--link "::/b": expected TARGET::LINK)");
  EXPECT_EQ(refusal({"--link", "a::"}), R"(--link "a::": expected TARGET::LINK)");
}

TEST(ContainerWork, anything_else_is_named) {
  EXPECT_EQ(refusal({"--frob", "x"}), R"(unknown option "--frob")");
  EXPECT_EQ(refusal({"--folder"}), R"(option "--folder" is unknown or lacks its value)");
  EXPECT_EQ(refusal({"stray"}), R"(option "stray" is unknown or lacks its value)");
}

// As NVIDIA's toolkit 1.17 wrote them into config.json (tests/vectors, host t4x1), and 1.20 does
// with its own program for hooks.
TEST(ContainerWork, of_nvidia_s_hooks) {
  struct Row {
    Arguments call;
    ContainerWork work;
  };
  const Row rows[] = {
      {{"nvidia-ctk", "hook", "create-symlinks", "--link", "libcuda.so.1::/usr/lib/libcuda.so",
        "--link", "../card0::/dev/dri/by-path/pci-0000:3b:00.0-card"},
       {.links = {{"libcuda.so.1", "/usr/lib/libcuda.so"},
                  {"../card0", "/dev/dri/by-path/pci-0000:3b:00.0-card"}}}},
      {{"nvidia-ctk", "hook", "enable-cuda-compat", "--host-driver-version=535.261.03"},
       {.cuda_compat_driver = "535.261.03"}},
      {{"nvidia-cdi-hook", "enable-cuda-compat", "--host-driver-version=1",
        "--cuda-compat-container-root=/opt/compat"},
       {.cuda_compat_driver = "1", .cuda_compat_root = "/opt/compat"}},
      // On a Jetson (TestDeviceSpecGenerators of its pkg/nvcdi/lib-csv_test.go).
      {{"nvidia-cdi-hook", "enable-cuda-compat", "--host-cuda-version=13.1",
        "--cuda-compat-container-root=/usr/local/cuda/compat_orin"},
       {.cuda_compat_cuda = "13.1", .cuda_compat_root = "/usr/local/cuda/compat_orin"}},
      {{"nvidia-cdi-hook", "update-ldcache", "--ldconfig-path", "/sbin/ldconfig", "--folder", "/l",
        "--folder", "/l/vdpau"},
       {.library_folders = {"/l", "/l/vdpau"}}},
      {{"nvidia-cdi-hook", "disable-device-node-modification"}, {.mask_params = true}},
      {{"nvidia-ctk", "hook", "update-application-profile"}, {.application_profile = true}},
  };
  for (const Row& row : rows) {
    const auto work = work_of_cdi_hook(row.call);
    ASSERT_TRUE(work) << join(row.call, " ");
    EXPECT_EQ(*work, row.work) << join(row.call, " ");
  }
}

TEST(ContainerWork, of_other_calls_is_not_known) {
  const Arguments calls[] = {
      {},
      {"nvidia-cdi-hook"},
      {"nvidia-ctk", "hook"},
      {"nvidia-cdi-hook", "chmod", "--mode", "755", "--path", "/dev/dri"},
      {"nvidia-cdi-hook", "noop"},
      {"nvidia-cdi-hook", "create-symlinks"},
      {"nvidia-cdi-hook", "create-symlinks", "--link"},
      {"nvidia-cdi-hook", "create-symlinks", "--link", "no separator"},
      {"nvidia-cdi-hook", "create-symlinks", "--link", "a::/b", "--container-spec", "/state"},
      {"nvidia-cdi-hook", "update-ldcache", "--link", "a::/b"},
      {"nvidia-cdi-hook", "disable-device-node-modification", "", "x"},
      {"nvidia-cdi-hook", "--debug", "disable-device-node-modification"},
  };
  for (const Arguments& call : calls) EXPECT_FALSE(work_of_cdi_hook(call)) << join(call, " ");
}

TEST(ContainerWork, adds_up_but_for_two_drivers) {
  ContainerWork work = {.links = {{"a", "/a"}}, .cuda_compat_driver = "1"};
  EXPECT_TRUE(add(work, {.links = {{"b", "/b"}, {"a", "/a"}}, .library_folders = {"/l"}}));
  EXPECT_TRUE(add(work, {.cuda_compat_driver = "1", .mask_params = true}));
  // Each link in its place, because the last of a name counts.
  const ContainerWork sum = {.links = {{"a", "/a"}, {"b", "/b"}, {"a", "/a"}},
                             .library_folders = {"/l"},
                             .cuda_compat_driver = "1",
                             .mask_params = true};
  EXPECT_EQ(work, sum);
  EXPECT_FALSE(add(work, {.cuda_compat_driver = "2", .application_profile = true}));
  EXPECT_FALSE(add(work, {.cuda_compat_driver = "1", .cuda_compat_root = "/c"}));
  EXPECT_EQ(work, sum);
}

}  // namespace
}  // namespace nvbox::spec
