# -DNVBOX_SANITIZE=address,undefined instruments everything. Sanitizer runtimes need a dynamic
# executable, so hardening.cmake does not link statically then.
if(NVBOX_SANITIZE)
  add_compile_options(-fsanitize=${NVBOX_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${NVBOX_SANITIZE})
endif()
