#include "sys/limits.h"

#include <gtest/gtest.h>

namespace nvbox::test {
namespace {

rlimit limit_of_descriptors() {
  rlimit out{};
  EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &out), 0);
  return out;
}

TEST(ManyDescriptors, are_allowed_while_it_lives_and_no_longer) {
  const rlimit before = limit_of_descriptors();
  if (before.rlim_max < 4096) GTEST_SKIP() << "this user may not have many";
  const rlimit few = {.rlim_cur = 64, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  {
    const sys::ManyDescriptors many;
    EXPECT_EQ(limit_of_descriptors().rlim_cur, 4096U);
    EXPECT_EQ(limit_of_descriptors().rlim_max, before.rlim_max);
  }
  EXPECT_EQ(limit_of_descriptors().rlim_cur, 64U);
  EXPECT_EQ(limit_of_descriptors().rlim_max, before.rlim_max);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(ManyDescriptors, are_no_fewer_than_there_were) {
  const rlimit before = limit_of_descriptors();
  if (before.rlim_max < 8192) GTEST_SKIP() << "this user may not have many";
  const rlimit more = {.rlim_cur = 8192, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &more), 0);
  {
    const sys::ManyDescriptors many;
    EXPECT_EQ(limit_of_descriptors().rlim_cur, 8192U);
  }
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace nvbox::test
