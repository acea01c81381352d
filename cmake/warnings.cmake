# Everything of ours links own_warnings; nothing that comes from a system header is affected.
add_library(own_warnings INTERFACE)
target_compile_options(own_warnings INTERFACE
  -Wall -Wextra -Wconversion -Wshadow
  $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual>
  # gcc 12 reports std::string assignments as overlapping copies (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # NVBOX_TRY is a statement expression, which both compilers implement.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-gnu-statement-expression>)
if(NVBOX_WERROR)
  target_compile_options(own_warnings INTERFACE -Werror)
endif()
