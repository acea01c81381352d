# A static position-independent executable: no loader, so LD_PRELOAD and friends cannot reach it
# (CVE-2025-23266), and one file can be copied to any host.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_library(hardening INTERFACE)
target_compile_options(hardening INTERFACE
  -fPIC -fvisibility=hidden -fno-semantic-interposition
  -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
  -ffunction-sections -fdata-sections
  # Build paths must not reach the binary: two builds of one commit are bit-identical.
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=${CMAKE_BINARY_DIR}=build)
target_compile_definitions(hardening INTERFACE _GLIBCXX_ASSERTIONS)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set_property(TARGET hardening PROPERTY INTERFACE_COMPILE_OPTIONS
    -fPIC -fvisibility=hidden -fno-semantic-interposition -fstack-protector-strong -fstack-clash-protection -mbranch-protection=standard
    -ffunction-sections -fdata-sections
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=${CMAKE_BINARY_DIR}=build)
endif()
if(NOT NVBOX_SANITIZE)
  # _FORTIFY_SOURCE needs optimisation, and the sanitizers replace it.
  target_compile_options(hardening INTERFACE $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()
# First, because a linker warns of an option that it does not know when it comes to it.
if(NVBOX_WERROR AND NOT NVBOX_SANITIZE)
  target_link_options(hardening INTERFACE -Wl,--fatal-warnings)
endif()
target_link_options(hardening INTERFACE
  -Wl,-z,relro,-z,now,-z,noexecstack,--gc-sections,--build-id=sha1)
# GNU ld 2.40 packs relative relocations for x86 and PowerPC only, and warns that it ignores the option for
# other processors.
include(CheckLinkerFlag)
check_linker_flag(CXX LINKER:--fatal-warnings,-z,pack-relative-relocs NVBOX_PACKS_RELOCATIONS)
if(NVBOX_PACKS_RELOCATIONS)
  target_link_options(hardening INTERFACE -Wl,-z,pack-relative-relocs)
endif()

# Errors are values (base/result.h), and nobody catches: code that could unwind would be a fifth of
# the binary. What the library throws ends the process, in main.cc.
add_library(no_exceptions INTERFACE)
target_compile_options(no_exceptions INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
if(NOT NVBOX_SANITIZE)
  # Of the two, x86-64 has the first and aarch64 both.
  target_compile_options(no_exceptions INTERFACE -fno-asynchronous-unwind-tables -fno-unwind-tables)
endif()

# For executables that are shipped. --fatal-warnings turns ld's "using getpwnam in a statically
# linked application" into an error: NSS, iconv and dlopen must stay out.
add_library(static_executable INTERFACE)
target_link_libraries(static_executable INTERFACE hardening)
if(NOT NVBOX_SANITIZE)
  target_link_options(static_executable INTERFACE -static-pie -Wl,--fatal-warnings)
endif()
