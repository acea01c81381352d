// What the kernel shows of a loaded program is what the verifier made of it, and with
// net.core.bpf_jit_harden what the compiler's hardening made of that. This undoes the changes that
// can be undone: first each by as many instructions as it has, so that jumps stay right, and then
// what is superfluous goes. So a program of ours looks the same each time it is read.
#include <cstddef>
#include <cstdint>

#include "base/text.h"
#include "sys/device_program.h"

namespace nvbox::sys {
namespace {

// Kernel-internal: the register that blinded constants are built in (BPF_REG_AX), the store code
// that stands for a speculation barrier (BPF_ST_NOSPEC) and the opcode of a tail call.
constexpr std::uint8_t hidden_register = 11;
constexpr std::uint8_t barrier_code = BPF_ST | 0xc0;
constexpr std::uint8_t tail_call_code = BPF_JMP | 0xf0;
constexpr std::uint8_t wide_constant_code = BPF_LD | BPF_IMM | BPF_DW;

bpf_insn go_on() {
  bpf_insn out{};
  out.code = BPF_JMP | BPF_JA;
  return out;
}

bool is_arithmetic(const bpf_insn& one) {
  return BPF_CLASS(one.code) == BPF_ALU || BPF_CLASS(one.code) == BPF_ALU64;
}

bool is_hidden_constant(const bpf_insn& one, int operation) {
  return is_arithmetic(one) && BPF_OP(one.code) == operation && BPF_SRC(one.code) == BPF_K &&
         one.dst_reg == hidden_register;
}

// mov AX, a; xor AX, b; operation R, AX -> operation R, a ^ b
bool is_blinded(const Instructions& code, size_t at) {
  if (at + 2 >= code.size()) return false;
  const bpf_insn& use = code[at + 2];
  const int group = BPF_CLASS(use.code);
  const bool has_operands = is_arithmetic(use) || group == BPF_JMP || group == BPF_JMP32;
  return is_hidden_constant(code[at], BPF_MOV) && is_hidden_constant(code[at + 1], BPF_XOR) &&
         has_operands && BPF_SRC(use.code) == BPF_X && use.src_reg == hidden_register &&
         use.dst_reg != hidden_register;
}

void unblind(Instructions& code, size_t at) {
  bpf_insn& use = code[at + 2];
  use.imm = code[at].imm ^ code[at + 1].imm;
  use.src_reg = 0;
  use.code = static_cast<std::uint8_t>(use.code & ~BPF_X);
  code[at] = go_on();
  code[at + 1] = go_on();
}

void simplify(bpf_insn& one) {
  const bool is_copy_to_itself =
      is_arithmetic(one) && BPF_SRC(one.code) == BPF_X && one.dst_reg == one.src_reg;
  if (one.code == barrier_code) {
    one = go_on();
  } else if (is_copy_to_itself && BPF_OP(one.code) == BPF_MOV && one.imm == 1) {
    // The verifier's explicit zero extension, which programs have to write with 0.
    one.imm = 0;
  } else if (is_copy_to_itself && BPF_OP(one.code) == BPF_XOR) {
    // Hardening's way to write 0, which reads a register that may have no value yet.
    one.code = static_cast<std::uint8_t>(BPF_CLASS(one.code) | BPF_MOV | BPF_K);
    one.src_reg = 0;
  }
}

Result<> check(const bpf_insn& one) {
  if (one.code == wide_constant_code && one.src_reg != 0) {
    return Error("it uses maps or addresses of the kernel");
  }
  if (one.code == (BPF_JMP | BPF_CALL) || one.code == tail_call_code) {
    return Error("it calls functions, whose numbers the kernel does not show");
  }
  if (one.dst_reg >= hidden_register || one.src_reg >= hidden_register) {
    return Error("its constants are blinded")
        .hint("the kernel was hardened with net.core.bpf_jit_harden");
  }
  return {};
}

bool is_superfluous(const bpf_insn& one) {
  return one.code == (BPF_JMP | BPF_JA) && one.off == 0;
}

bool is_jump(const bpf_insn& one) {
  const int group = BPF_CLASS(one.code);
  return (group == BPF_JMP && BPF_OP(one.code) != BPF_EXIT && BPF_OP(one.code) != BPF_CALL) ||
         group == BPF_JMP32;
}

// Takes jumps to the next instruction out.
Instructions without_superfluous(const Instructions& code) {
  std::vector<std::int64_t> place;  // of each instruction, and of the end, in the result
  Instructions out;
  for (size_t at = 0; at < code.size(); ++at) {
    place.push_back(static_cast<std::int64_t>(out.size()));
    if (!is_superfluous(code[at])) out.push_back(code[at]);
    if (code[at].code != wide_constant_code || at + 1 == code.size()) continue;
    place.push_back(static_cast<std::int64_t>(out.size()));
    out.push_back(code[++at]);
  }
  place.push_back(static_cast<std::int64_t>(out.size()));
  for (size_t at = 0; at < code.size(); ++at) {
    if (code[at].code == wide_constant_code) ++at;
    if (at >= code.size() || !is_jump(code[at]) || is_superfluous(code[at])) continue;
    bpf_insn& jump = out[static_cast<size_t>(place[at])];
    // A long jump has its distance in the immediate value.
    const bool is_long = jump.code == (BPF_JMP32 | BPF_JA);
    const std::int64_t distance = is_long ? jump.imm : jump.off;
    const size_t target = at + 1 + static_cast<size_t>(distance);
    if (target >= place.size()) continue;
    const std::int64_t shorter = place[target] - place[at] - 1;
    if (is_long) jump.imm = static_cast<std::int32_t>(shorter);
    if (!is_long) jump.off = static_cast<std::int16_t>(shorter);
  }
  return out;
}

}  // namespace

Result<Instructions> reloadable(Instructions shown) {
  for (size_t at = 0; at < shown.size(); ++at) {
    if (is_blinded(shown, at)) {
      unblind(shown, at);
      at += 2;
      continue;
    }
    simplify(shown[at]);
    if (Result<> fine = check(shown[at]); !fine) {
      return std::move(fine).error().in(cat("instruction ", at));
    }
    // The second half of a wide constant is data.
    if (shown[at].code == wide_constant_code) ++at;
  }
  return without_superfluous(shown);
}

}  // namespace nvbox::sys
