// Capabilities of real processes, as root of the machine or of a user namespace.
#include "sys/capabilities.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include <cerrno>
#include <string>

#include "namespaced/case.h"

namespace nvbox::test {
namespace {

using sys::CapSet;
using sys::Raised;

int try_mount(const std::string& target) {
  return mount("none", target.c_str(), "tmpfs", 0, nullptr) == 0 ? 0 : errno;
}

TEST(Capabilities, are_effective_only_in_the_scope_that_raises_them) {
  run_case({}, [](const std::string& scratch) {
    ASSERT_TRUE(sys::keep_only({CAP_SYS_ADMIN, CAP_CHOWN}));
    EXPECT_EQ(try_mount(scratch), EPERM);
    {
      const Result<Raised> raised = Raised::raise({CAP_SYS_ADMIN});
      ASSERT_TRUE(raised) << raised.error().message();
      EXPECT_EQ(try_mount(scratch), 0);
      EXPECT_EQ(sys::effective_capabilities().value(), CapSet{CAP_SYS_ADMIN});
      const Result<Raised> more = Raised::raise({CAP_CHOWN});
      EXPECT_EQ(sys::effective_capabilities().value(), (CapSet{CAP_SYS_ADMIN, CAP_CHOWN}));
    }
    EXPECT_TRUE(sys::effective_capabilities().value().is_empty());
    EXPECT_EQ(try_mount(scratch), EPERM);
  });
}

TEST(Capabilities, that_were_not_given_are_named_when_they_are_needed) {
  run_case({}, [](const std::string&) {
    ASSERT_TRUE(sys::keep_only({CAP_KILL, CAP_SYS_ADMIN}));
    const Result<Raised> raised = Raised::raise({CAP_KILL, CAP_MKNOD, CAP_SYS_PTRACE});
    ASSERT_FALSE(raised);
    EXPECT_EQ(raised.error().message(),
              "missing CAP_SYS_PTRACE, CAP_MKNOD: Operation not permitted");
    EXPECT_TRUE(sys::effective_capabilities().value().is_empty());
  });
}

TEST(Capabilities, given_up_do_not_come_back) {
  run_case({}, [](const std::string&) {
    ASSERT_TRUE(sys::keep_only({CAP_KILL}));
    ASSERT_TRUE(sys::keep_only({CAP_KILL, CAP_SYS_ADMIN}));
    EXPECT_EQ(sys::permitted_capabilities().value(), CapSet{CAP_KILL});
    EXPECT_FALSE(Raised::raise({CAP_SYS_ADMIN}));
  });
}

TEST(Capabilities, that_are_not_kept_leave_the_bounding_set) {
  run_case({}, [](const std::string&) {
    ASSERT_EQ(prctl(PR_CAPBSET_READ, CAP_CHOWN), 1);
    ASSERT_TRUE(sys::keep_only({CAP_KILL}));
    EXPECT_EQ(prctl(PR_CAPBSET_READ, CAP_KILL), 1);
    EXPECT_EQ(prctl(PR_CAPBSET_READ, CAP_CHOWN), 0);
    EXPECT_EQ(prctl(PR_CAPBSET_READ, CAP_SETPCAP), 0);
  });
}

TEST(Capabilities, given_up_one_by_one_leave_the_others_as_they_were) {
  run_case({}, [](const std::string&) {
    ASSERT_TRUE(sys::keep_only({CAP_KILL, CAP_CHOWN, CAP_SYS_ADMIN}));
    ASSERT_TRUE(sys::set_effective({CAP_KILL, CAP_CHOWN}));
    ASSERT_TRUE(sys::give_up({CAP_KILL, CAP_SYS_PTRACE}));
    EXPECT_EQ(sys::permitted_capabilities().value(), (CapSet{CAP_CHOWN, CAP_SYS_ADMIN}));
    EXPECT_EQ(sys::effective_capabilities().value(), CapSet{CAP_CHOWN});
  });
}

TEST(Capabilities, that_were_not_given_are_not_missed_where_that_is_meant) {
  run_case({}, [](const std::string&) {
    ASSERT_TRUE(sys::keep_only({CAP_KILL}));
    const Result<Raised> raised = Raised::raise_given({CAP_KILL, CAP_SYS_ADMIN});
    ASSERT_TRUE(raised) << raised.error().message();
    EXPECT_EQ(sys::effective_capabilities().value(), CapSet{CAP_KILL});
  });
}

}  // namespace
}  // namespace nvbox::test
