#include "nvml/helper_image.h"

// The assembler looks for the file in the directory that cmake/nvml_helper.cmake names.
asm(R"(
    .pushsection .rodata
    .hidden nvbox_nvml_helper_begin
    .globl nvbox_nvml_helper_begin
nvbox_nvml_helper_begin:
    .incbin "nvml_helper"
    .hidden nvbox_nvml_helper_end
    .globl nvbox_nvml_helper_end
nvbox_nvml_helper_end:
    .popsection
)");

extern "C" {
extern const char nvbox_nvml_helper_begin[];
extern const char nvbox_nvml_helper_end[];
}

namespace nvbox::nvml {

std::string_view helper_image() {
  return {nvbox_nvml_helper_begin, nvbox_nvml_helper_end};
}

}  // namespace nvbox::nvml
