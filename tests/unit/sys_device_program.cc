// Programs are run in an interpreter and compared with a matcher that reads like the rules'
// meaning.
#include "sys/device_program.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "support/bpf_interpreter.h"

namespace nvbox::sys {
namespace {

using test::BpfInterpreter;
using test::DeviceUse;

bool matches(const DeviceRule& rule, const DeviceUse& use) {
  const auto rule_access = static_cast<unsigned>(rule.access);
  const bool is_character = use.type == BPF_DEVCG_DEV_CHAR;
  if (rule.type == DeviceType::character && !is_character) return false;
  if (rule.type == DeviceType::block && is_character) return false;
  if (rule.major && *rule.major != use.major) return false;
  if (rule.minor && *rule.minor != use.minor) return false;
  if (rule.access == DeviceAccess::all) return true;
  if (rule.verdict == Verdict::allow) return (use.access | rule_access) == rule_access;
  return (use.access & rule_access) != 0;
}

bool naive(const std::vector<DeviceRule>& rules, const DeviceUse& use, bool otherwise) {
  for (const DeviceRule& rule : rules) {
    if (matches(rule, use)) otherwise = rule.verdict == Verdict::allow;
  }
  return otherwise;
}

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  unsigned below(unsigned end) {
    return std::uniform_int_distribution<unsigned>(0, end - 1)(engine_);
  }

  std::optional<std::uint32_t> number() {
    constexpr std::uint32_t some[] = {0, 1, 195, 255, 1048575};
    if (below(4) == 0) return std::nullopt;
    return some[below(5)];
  }

  DeviceRule rule() {
    return {.type = static_cast<DeviceType>(below(3)),
            .major = number(),
            .minor = number(),
            .access = static_cast<DeviceAccess>(below(8)),
            .verdict = static_cast<Verdict>(below(2))};
  }

  std::vector<DeviceRule> rules() {
    std::vector<DeviceRule> out(below(9));
    for (DeviceRule& one : out) one = rule();
    return out;
  }

  DeviceUse use() {
    return {.type = below(2) + 1,
            .access = below(8),
            .major = number().value_or(7),
            .minor = number().value_or(7)};
  }

 private:
  std::mt19937 engine_;
};

std::string describe(const std::vector<DeviceRule>& rules, const DeviceUse& use) {
  std::string out;
  for (const DeviceRule& rule : rules) {
    out += (rule.verdict == Verdict::allow ? "allow " : "deny ") + to_string(rule) + "\n";
  }
  return out + "used: type " + std::to_string(use.type) + " access " + std::to_string(use.access) +
         " " + std::to_string(use.major) + ":" + std::to_string(use.minor);
}

constexpr int rounds = 3000;
constexpr int uses_each = 40;

TEST(DeviceProgram, decides_as_the_rules_say) {
  Random random(1);
  for (int round = 0; round < rounds; ++round) {
    const std::vector<DeviceRule> rules = random.rules();
    const bool otherwise = random.below(2) == 1;
    const Instructions program = device_program(rules, otherwise ? Verdict::allow : Verdict::deny);
    for (int each = 0; each < uses_each; ++each) {
      const DeviceUse use = random.use();
      ASSERT_EQ(BpfInterpreter::allows(program, use), naive(rules, use, otherwise))
          << describe(rules, use);
    }
  }
}

TEST(DeviceProgram, rules_that_come_first_decide_before_the_original) {
  Random random(2);
  for (int round = 0; round < rounds; ++round) {
    const std::vector<DeviceRule> original = random.rules();
    const std::vector<DeviceRule> first = random.rules();
    const Instructions program = with_rules_first(first, device_program(original, Verdict::deny));
    for (int each = 0; each < uses_each; ++each) {
      const DeviceUse use = random.use();
      ASSERT_EQ(BpfInterpreter::allows(program, use),
                naive(first, use, naive(original, use, false)))
          << describe(first, use);
    }
  }
}

TEST(DeviceProgram, rules_that_are_there_already_are_not_added_again) {
  const std::vector<DeviceRule> rules = {{.major = 195, .minor = 0}, {.major = 195, .minor = 255}};
  const Instructions once = with_rules_first(rules, device_program({}, Verdict::deny));
  EXPECT_EQ(with_rules_first(rules, once).size(), once.size());
}

TEST(DeviceProgram, a_rule_is_written_as_in_devices_allow) {
  EXPECT_EQ(to_string({.major = 195, .minor = 255}), "c 195:255 rw");
  EXPECT_EQ(to_string({.type = DeviceType::block, .access = DeviceAccess::mknod}), "b *:* m");
  EXPECT_EQ(to_string({.type = DeviceType::any, .access = DeviceAccess::all}), "a *:* rwm");
}

// What the kernel does to a program's constants with net.core.bpf_jit_harden (blind_insn in
// kernel/bpf/core.c): mov AX, value ^ random; xor AX, random; the operation with AX. Device
// programs jump forward only, and by what they had before plus what was inserted.
Instructions blinded(const Instructions& original, Random& random) {
  constexpr std::uint8_t hidden = 11;
  std::vector<size_t> place;
  Instructions out;
  for (bpf_insn one : original) {
    place.push_back(out.size());
    const int group = BPF_CLASS(one.code);
    const bool has_constant = (group == BPF_ALU64 && BPF_OP(one.code) != BPF_RSH) ||
                              (group == BPF_JMP && BPF_OP(one.code) != BPF_EXIT);
    if (group == BPF_ALU64 && BPF_OP(one.code) == BPF_MOV && BPF_SRC(one.code) == BPF_K &&
        one.imm == 0) {
      one.code = BPF_ALU64 | BPF_XOR | BPF_X;
      one.src_reg = one.dst_reg;
    } else if (has_constant && BPF_SRC(one.code) == BPF_K) {
      const auto noise = static_cast<std::int32_t>(random.below(0xffffffff));
      const auto base = static_cast<std::uint8_t>(group == BPF_ALU ? BPF_ALU : BPF_ALU64);
      bpf_insn prefix{};
      prefix.dst_reg = hidden;
      prefix.code = static_cast<std::uint8_t>(base | BPF_MOV | BPF_K);
      prefix.imm = one.imm ^ noise;
      out.push_back(prefix);
      prefix.code = static_cast<std::uint8_t>(base | BPF_XOR | BPF_K);
      prefix.imm = noise;
      out.push_back(prefix);
      one.code = static_cast<std::uint8_t>(one.code | BPF_X);
      one.src_reg = hidden;
      one.imm = 0;
    }
    out.push_back(one);
  }
  place.push_back(out.size());
  for (size_t at = 0; at < original.size(); ++at) {
    const int group = BPF_CLASS(original[at].code);
    if (group != BPF_JMP || BPF_OP(original[at].code) == BPF_EXIT) continue;
    const size_t target = place[at + 1 + static_cast<size_t>(original[at].off)];
    out[place[at + 1] - 1].off = static_cast<std::int16_t>(target - place[at + 1]);
  }
  return out;
}

std::string bytes_of(const Instructions& program) {
  return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof(bpf_insn)};
}

TEST(DeviceProgram, blinded_constants_are_found_again) {
  Random random(3);
  for (int round = 0; round < rounds; ++round) {
    const std::vector<DeviceRule> rules = random.rules();
    const Instructions original = device_program(rules, Verdict::deny);
    const Result<Instructions> found = reloadable(blinded(original, random));
    ASSERT_TRUE(found) << found.error().full_message();
    ASSERT_EQ(bytes_of(*found), bytes_of(original));
    for (int each = 0; each < uses_each; ++each) {
      const DeviceUse use = random.use();
      ASSERT_EQ(BpfInterpreter::allows(*found, use), naive(rules, use, false))
          << describe(rules, use);
    }
  }
}

bpf_insn make(int code, int destination, int source, int immediate) {
  bpf_insn out{};
  out.code = static_cast<std::uint8_t>(code);
  out.dst_reg = static_cast<std::uint8_t>(destination & 0xf);
  out.src_reg = static_cast<std::uint8_t>(source & 0xf);
  out.imm = immediate;
  return out;
}

TEST(DeviceProgram, marks_of_the_verifier_are_taken_out) {
  const Result<Instructions> found = reloadable(
      {make(BPF_ALU | BPF_MOV | BPF_K, 0, 0, 1), make(BPF_ALU | BPF_MOV | BPF_X, 0, 0, 1),
       make(BPF_ST | 0xc0, 0, 0, 0), make(BPF_JMP | BPF_EXIT, 0, 0, 0)});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 3U);
  EXPECT_EQ((*found)[1].imm, 0);
  EXPECT_EQ((*found)[2].code, BPF_JMP | BPF_EXIT);
}

std::string complaint(const Instructions& shown) {
  const Result<Instructions> found = reloadable(shown);
  return found ? "" : found.error().message();
}

TEST(DeviceProgram, what_cannot_be_loaded_again_is_named) {
  EXPECT_EQ(complaint({make(BPF_JMP | BPF_EXIT, 0, 0, 0), make(BPF_JMP | BPF_CALL, 0, 0, 4711)}),
            "instruction 1: it calls functions, whose numbers the kernel does not show");
  EXPECT_EQ(complaint({make(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 3), make(0, 0, 0, 0)}),
            "instruction 0: it uses maps or addresses of the kernel");
  EXPECT_EQ(complaint({make(BPF_ALU64 | BPF_LSH | BPF_K, 11, 0, 32)}),
            "instruction 0: its constants are blinded");
}

TEST(DeviceProgram, a_wide_constant_is_two_instructions_and_no_map) {
  EXPECT_EQ(complaint({make(BPF_LD | BPF_IMM | BPF_DW, 1, 0, 3), make(0, 0, 0, 0x85)}), "");
}

}  // namespace
}  // namespace nvbox::sys
