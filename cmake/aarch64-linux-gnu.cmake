# Toolchain file, `cmake --toolchain cmake/aarch64-linux-gnu.cmake`: builds for aarch64 on a machine of
# another architecture, with Debian's cross compiler and libraries of its architecture arm64. Programs that
# have to run meanwhile, for packages and tests, are run in qemu, where it is installed.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
find_program(NVBOX_EMULATOR NAMES qemu-aarch64-static qemu-aarch64)
if(NVBOX_EMULATOR)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${NVBOX_EMULATOR})
endif()
