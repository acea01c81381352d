#include "sys/device_program.h"

#include <algorithm>
#include <cstddef>

#include "base/text.h"

namespace nvbox::sys {
namespace {

// What a program starts with: R1 points to struct bpf_cgroup_dev_ctx, whose first member has the
// type in its lower half and the access in its upper one. R1 stays, for the program that follows.
constexpr std::uint8_t context = BPF_REG_1;
constexpr std::uint8_t type = BPF_REG_2;
constexpr std::uint8_t access = BPF_REG_3;
constexpr std::uint8_t major = BPF_REG_4;
constexpr std::uint8_t minor = BPF_REG_5;
constexpr std::uint8_t result = BPF_REG_0;  // also for intermediate values
constexpr int type_mask = 0xffff;
constexpr int access_shift = 16;

bpf_insn instruction(int code, std::uint8_t destination, std::uint8_t source, std::int16_t offset,
                     std::int32_t immediate) {
  bpf_insn out{};
  out.code = static_cast<std::uint8_t>(code);
  out.dst_reg = destination & 0xf;
  out.src_reg = source & 0xf;
  out.off = offset;
  out.imm = immediate;
  return out;
}

bpf_insn load(std::uint8_t destination, size_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, destination, context,
                     static_cast<std::int16_t>(offset), 0);
}
bpf_insn move(std::uint8_t destination, std::uint8_t source) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_X, destination, source, 0, 0);
}
bpf_insn calculate(int operation, std::uint8_t destination, std::int32_t value) {
  return instruction(BPF_ALU64 | operation | BPF_K, destination, 0, 0, value);
}
bpf_insn jump_if(int comparison, std::uint8_t left, std::int32_t right) {
  return instruction(BPF_JMP | comparison | BPF_K, left, 0, 0, right);
}

bool is_jump(const bpf_insn& instruction) {
  return BPF_CLASS(instruction.code) == BPF_JMP && BPF_OP(instruction.code) != BPF_EXIT;
}

Instructions leave_with(Verdict verdict) {
  return {calculate(BPF_MOV, result, verdict == Verdict::allow ? 1 : 0),
          instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)};
}

Instructions read_context() {
  return {load(type, offsetof(bpf_cgroup_dev_ctx, access_type)),
          move(access, type),
          calculate(BPF_AND, type, type_mask),
          calculate(BPF_RSH, access, access_shift),
          load(major, offsetof(bpf_cgroup_dev_ctx, major)),
          load(minor, offsetof(bpf_cgroup_dev_ctx, minor))};
}

// Jumps to the end (their offsets are set by the caller) unless the rule matches.
Instructions conditions_of(const DeviceRule& rule) {
  Instructions out;
  if (rule.type != DeviceType::any) {
    const bool is_character = rule.type == DeviceType::character;
    out.push_back(jump_if(BPF_JNE, type, is_character ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK));
  }
  if (rule.access != DeviceAccess::all) {
    const unsigned wanted = static_cast<unsigned>(rule.access);
    const bool allows = rule.verdict == Verdict::allow;
    const unsigned others = static_cast<unsigned>(DeviceAccess::all) & ~wanted;
    out.push_back(move(result, access));
    out.push_back(calculate(BPF_AND, result, static_cast<std::int32_t>(allows ? others : wanted)));
    out.push_back(jump_if(allows ? BPF_JNE : BPF_JEQ, result, 0));
  }
  // The kernel's numbers have 12 and 20 bits: sign extension of the immediate value does not
  // matter.
  if (rule.major) out.push_back(jump_if(BPF_JNE, major, static_cast<std::int32_t>(*rule.major)));
  if (rule.minor) out.push_back(jump_if(BPF_JNE, minor, static_cast<std::int32_t>(*rule.minor)));
  return out;
}

bool matches_everything(const DeviceRule& rule) {
  return conditions_of(rule).empty();
}

Instructions code_for(const DeviceRule& rule) {
  Instructions out = conditions_of(rule);
  for (const bpf_insn& last : leave_with(rule.verdict)) out.push_back(last);
  for (size_t at = 0; at < out.size(); ++at) {
    if (is_jump(out[at])) out[at].off = static_cast<std::int16_t>(out.size() - at - 1);
  }
  return out;
}

void append(Instructions& out, const Instructions& more) {
  out.insert(out.end(), more.begin(), more.end());
}

// Decides by the rules, the last one first, and goes on behind its end when none matches. What can
// never be reached is left out, because the verifier refuses it.
struct Decision {
  Instructions instructions;
  bool can_go_on;
};

Decision decide_by(std::span<const DeviceRule> rules) {
  Decision out{.instructions = read_context(), .can_go_on = true};
  for (auto rule = rules.rbegin(); rule != rules.rend() && out.can_go_on; ++rule) {
    append(out.instructions, code_for(*rule));
    out.can_go_on = !matches_everything(*rule);
  }
  return out;
}

bool is_same(const bpf_insn& one, const bpf_insn& other) {
  return one.code == other.code && one.dst_reg == other.dst_reg && one.src_reg == other.src_reg &&
         one.off == other.off && one.imm == other.imm;
}

}  // namespace

std::string to_string(const DeviceRule& rule) {
  const auto number = [](std::optional<std::uint32_t> value) {
    return value ? cat(*value) : std::string("*");
  };
  const auto has = [&rule](DeviceAccess one) {
    return (static_cast<unsigned>(rule.access) & static_cast<unsigned>(one)) != 0;
  };
  const char kind = rule.type == DeviceType::any ? 'a' : rule.type == DeviceType::block ? 'b' : 'c';
  return cat(kind, " ", number(rule.major), ":", number(rule.minor), " ",
             has(DeviceAccess::read) ? "r" : "", has(DeviceAccess::write) ? "w" : "",
             has(DeviceAccess::mknod) ? "m" : "");
}

Instructions device_program(std::span<const DeviceRule> rules, Verdict otherwise) {
  Decision decision = decide_by(rules);
  if (decision.can_go_on) append(decision.instructions, leave_with(otherwise));
  return std::move(decision.instructions);
}

Instructions with_rules_first(std::span<const DeviceRule> rules, const Instructions& original) {
  Decision decision = decide_by(rules);
  const Instructions& first = decision.instructions;
  if (original.size() >= first.size() &&
      std::equal(first.begin(), first.end(), original.begin(), is_same)) {
    return original;
  }
  if (decision.can_go_on) append(decision.instructions, original);
  return std::move(decision.instructions);
}

}  // namespace nvbox::sys
