# nvbox_nvml_helper(LIBRARY): builds src/nvml/helper and puts its bytes into LIBRARY, whose
# helper_image.cc includes them.
#
# By hand, because nothing of the other programs' options fits: it is linked dynamically, without the
# C library's start files, against libraries that have the names of the C library's and no versions.
function(nvbox_nvml_helper library)
  set(source ${CMAKE_SOURCE_DIR}/src/nvml/helper)
  set(directory ${CMAKE_BINARY_DIR}/generated/nvml)
  file(MAKE_DIRECTORY ${directory})
  set(flags -std=c17 -Os -ffreestanding -fno-builtin -fno-stack-protector
      -fno-asynchronous-unwind-tables -fno-unwind-tables -Wall -Wextra -Wconversion -Wshadow)
  if(NVBOX_WERROR)
    list(APPEND flags -Werror)
  endif()
  set(link -nostdlib -s -Wl,--build-id=none -Wl,--hash-style=gnu)
  set(libraries "")
  foreach(name IN ITEMS libc libdl)
    set(soname libc.so.6)
    if(name STREQUAL libdl)
      set(soname libdl.so.2)
    endif()
    add_custom_command(OUTPUT ${directory}/${soname}
      COMMAND ${CMAKE_C_COMPILER} ${flags} ${link} -fPIC -shared -Wl,-soname,${soname}
              ${source}/${name}_stub.c -o ${directory}/${soname}
      DEPENDS ${source}/${name}_stub.c VERBATIM)
    list(APPEND libraries ${directory}/${soname})
  endforeach()
  add_custom_command(OUTPUT ${directory}/nvml_helper
    COMMAND ${CMAKE_C_COMPILER} ${flags} ${link} -fPIE -pie -nostartfiles
            -Wl,--no-as-needed,-z,relro,-z,now,-z,noexecstack,-z,noseparate-code
            ${source}/nvml_helper.c ${libraries} -o ${directory}/nvml_helper
    DEPENDS ${source}/nvml_helper.c ${libraries} VERBATIM)
  # Among the sources, so that the build knows how it is made.
  target_sources(${library} PRIVATE ${directory}/nvml_helper)
  set_source_files_properties(${CMAKE_SOURCE_DIR}/src/nvml/helper_image.cc PROPERTIES
    OBJECT_DEPENDS ${directory}/nvml_helper COMPILE_OPTIONS "-Wa,-I${directory}")
endfunction()
