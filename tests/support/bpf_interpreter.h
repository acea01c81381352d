// Runs device programs in user space: the instructions that sys/device_program.h emits, and those
// that runc, crun and systemd emit. Registers are 64 bits wide, and what was never written must not
// be read, as the kernel's verifier demands.
#pragma once

#include <linux/bpf.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>

namespace nvbox::test {

struct DeviceUse {
  std::uint32_t type;    // BPF_DEVCG_DEV_*
  std::uint32_t access;  // BPF_DEVCG_ACC_*
  std::uint32_t major;
  std::uint32_t minor;
};

class BpfInterpreter {
 public:
  // Whether the program allows the use. Throws on what the kernel would refuse to load.
  static bool allows(std::span<const bpf_insn> program, const DeviceUse& use) {
    return BpfInterpreter(program, use).run() != 0;
  }

 private:
  static constexpr int context_register = BPF_REG_1;
  static constexpr int most_steps = 100000;

  BpfInterpreter(std::span<const bpf_insn> program, const DeviceUse& use) : program_(program) {
    context_ = {use.access << 16 | use.type, use.major, use.minor};
    registers_[context_register] = 0;  // its address, counted from the start of the context
  }

  std::uint64_t run() {
    for (int step = 0; step < most_steps; ++step) {
      if (at_ >= program_.size()) throw std::logic_error("runs over its end");
      const bpf_insn& one = program_[at_++];
      if (one.code == (BPF_JMP | BPF_EXIT)) return read(BPF_REG_0);
      execute(one);
    }
    throw std::logic_error("does not end");
  }

  void execute(const bpf_insn& one) {
    switch (BPF_CLASS(one.code)) {
      case BPF_LDX:
        return load(one);
      case BPF_ALU:
      case BPF_ALU64:
        return calculate(one);
      case BPF_JMP:
      case BPF_JMP32:
        return jump(one);
      default:
        throw std::logic_error("unknown class of instruction");
    }
  }

  void load(const bpf_insn& one) {
    const size_t size = BPF_SIZE(one.code) == BPF_W ? 4 : BPF_SIZE(one.code) == BPF_H ? 2 : 1;
    const size_t offset = read(one.src_reg) + static_cast<size_t>(one.off);
    if (one.src_reg != context_register || BPF_SIZE(one.code) == BPF_DW ||
        offset > sizeof context_ - size) {
      throw std::logic_error("reads outside of the context");
    }
    std::uint64_t value = 0;
    std::memcpy(&value, reinterpret_cast<const char*>(context_.data()) + offset, size);
    write(one.dst_reg, value);
  }

  void calculate(const bpf_insn& one) {
    const bool is_32_bit = BPF_CLASS(one.code) == BPF_ALU;
    std::uint64_t right = operand(one);
    std::uint64_t left = BPF_OP(one.code) == BPF_MOV ? 0 : read(one.dst_reg);
    if (is_32_bit) {
      left = static_cast<std::uint32_t>(left);
      right = static_cast<std::uint32_t>(right);
    }
    const std::uint64_t value = result(BPF_OP(one.code), left, right);
    write(one.dst_reg, is_32_bit ? static_cast<std::uint32_t>(value) : value);
  }

  static std::uint64_t result(int operation, std::uint64_t left, std::uint64_t right) {
    switch (operation) {
      case BPF_MOV:
        return right;
      case BPF_ADD:
        return left + right;
      case BPF_SUB:
        return left - right;
      case BPF_AND:
        return left & right;
      case BPF_OR:
        return left | right;
      case BPF_XOR:
        return left ^ right;
      case BPF_LSH:
        return left << (right & 63);
      case BPF_RSH:
        return left >> (right & 63);
      default:
        throw std::logic_error("unknown operation");
    }
  }

  void jump(const bpf_insn& one) {
    if (BPF_OP(one.code) == BPF_JA || is_true(one)) at_ += static_cast<size_t>(one.off);
  }

  bool is_true(const bpf_insn& one) {
    std::uint64_t left = read(one.dst_reg);
    std::uint64_t right = operand(one);
    if (BPF_CLASS(one.code) == BPF_JMP32) {
      left = static_cast<std::uint32_t>(left);
      right = static_cast<std::uint32_t>(right);
    }
    switch (BPF_OP(one.code)) {
      case BPF_JEQ:
        return left == right;
      case BPF_JNE:
        return left != right;
      case BPF_JGT:
        return left > right;
      case BPF_JGE:
        return left >= right;
      case BPF_JLT:
        return left < right;
      case BPF_JLE:
        return left <= right;
      case BPF_JSET:
        return (left & right) != 0;
      default:
        throw std::logic_error("unknown comparison");
    }
  }

  std::uint64_t operand(const bpf_insn& one) const {
    if (BPF_SRC(one.code) == BPF_X) return read(one.src_reg);
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(one.imm));
  }

  std::uint64_t read(unsigned number) const {
    if (!registers_.at(number)) throw std::logic_error("reads a register without a value");
    return *registers_.at(number);
  }
  void write(unsigned number, std::uint64_t value) { registers_.at(number) = value; }

  std::span<const bpf_insn> program_;
  std::array<std::uint32_t, 3> context_{};
  std::array<std::optional<std::uint64_t>, 10> registers_{};
  size_t at_ = 0;
};

}  // namespace nvbox::test
