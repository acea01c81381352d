# -DNVBOX_FUZZ=ON builds the libFuzzer programs of tests/security/fuzz. Everything they link has to
# count what it covers, and to be checked while it runs.
option(NVBOX_FUZZ "Build the fuzzers of tests/security/fuzz; needs clang 19" OFF)
if(NVBOX_FUZZ)
  set(NVBOX_SANITIZE fuzzer-no-link,address,undefined)
endif()

# -DNVBOX_SANITIZE=address,undefined instruments everything. Sanitizer runtimes need a dynamic
# executable, so hardening.cmake does not link statically then.
if(NVBOX_SANITIZE)
  add_compile_options(-fsanitize=${NVBOX_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${NVBOX_SANITIZE})
endif()
