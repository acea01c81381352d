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

TEST(AppletTable, finds_exact_names_only) {
  ASSERT_NE(find_applet("nvidia-container-runtime"), nullptr);
  EXPECT_EQ(find_applet("nvidia-container-runtime")->name, "nvidia-container-runtime");
  EXPECT_EQ(find_applet("nvidia-container-runtim"), nullptr);
  EXPECT_EQ(find_applet(""), nullptr);
}

}  // namespace
}  // namespace nvbox::applets
