#include "table.h"

#include <gtest/gtest.h>

namespace nvbox::applets {
namespace {

TEST(AppletName, is_the_base_name_without_what_installers_add) {
  const std::pair<const char*, const char*> cases[] = {
      {"/usr/bin/nvidia-container-runtime", "nvidia-container-runtime"},
      {"nvidia-container-runtime.real", "nvidia-container-runtime"},
      {"nvidia-container-runtime.cdi.real", "nvidia-container-runtime.cdi"},
      {"nvidia-container-runtime.real.real", "nvidia-container-runtime.real"},
      {"/opt/nvidia-container-runtime-hook-1.14.5", "nvidia-container-runtime-hook"},
      {"/nix/store/x/bin/.nvidia-ctk-wrapped", "nvidia-ctk"},
      {"nvbox-hook", "nvbox-hook"},
      {"", ""},
  };
  for (const auto& [program, name] : cases) EXPECT_EQ(applet_name(program), name) << program;
}

// execve(2): argv[0] is the caller's to choose; the OCI runtime specification has "args" beside the
// "path" of a hook for it ("same semantics as IEEE Std 1003.1-2008 execv's argv").
TEST(AppletTable, chooses_by_the_executed_file_where_argv_0_names_none) {
  struct Row {
    std::string_view called;
    std::string_view executed;
    std::vector<std::string_view> arguments;
    std::string_view name;
    size_t left;
  };
  const Row rows[] = {
      {"x",
       "/usr/bin/nvidia-container-runtime-hook",
       {"prestart"},
       "nvidia-container-runtime-hook",
       1},
      {"", "./nvidia-ctk", {"cdi", "list"}, "nvidia-ctk", 2},
      {"nvidia-ctk", "/usr/bin/nvidia-container-runtime", {"cdi"}, "nvidia-ctk", 1},
      {"nvbox", "/usr/bin/nvidia-ctk", {"nvidia-cdi-hook", "x"}, "nvidia-cdi-hook", 1},
      {"nvbox", "/usr/bin/nvbox", {"--list"}, "nvbox", 1},
      {"nvbox-1.2", "/opt/nvbox-1.2", {"nvidia-ctk", "cdi"}, "nvidia-ctk", 1},
      {"nvbox.new", "/opt/nvbox.new", {"nvidia-ctk"}, "nvidia-ctk", 0},
      {"x", "/dev/fd/5", {"nvidia-ctk"}, "nvidia-ctk", 0},
      {"x", "", {}, "nvbox", 0},
  };
  for (const Row& row : rows) {
    std::vector<std::string_view> arguments = row.arguments;
    EXPECT_EQ(choose_applet(row.called, row.executed, arguments).name, row.name) << row.called;
    EXPECT_EQ(arguments.size(), row.left) << row.called;
  }
}

TEST(AppletTable, finds_exact_names_only) {
  ASSERT_NE(find_applet("nvidia-container-runtime"), nullptr);
  EXPECT_EQ(find_applet("nvidia-container-runtime")->name, "nvidia-container-runtime");
  EXPECT_EQ(find_applet("nvidia-container-runtim"), nullptr);
  EXPECT_EQ(find_applet(""), nullptr);
}

}  // namespace
}  // namespace nvbox::applets
