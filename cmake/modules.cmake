# nvbox_module(NAME DEPENDS...): the static library of src/NAME. What a module may depend on is said
# here and checked on the include lines by layers.cmake.
function(nvbox_module name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  add_library(nvbox_${name} STATIC ${sources})
  # For "..." alone: <sys/mount.h> is the C library's, not src/sys/mount.h.
  target_compile_options(nvbox_${name} PUBLIC "SHELL:-iquote ${CMAKE_SOURCE_DIR}/src")
  target_include_directories(nvbox_${name} PRIVATE ${CMAKE_BINARY_DIR}/generated)
  target_link_libraries(nvbox_${name} PRIVATE own_warnings hardening no_exceptions)
  foreach(dependency ${ARGN})
    target_link_libraries(nvbox_${name} PUBLIC nvbox_${dependency})
  endforeach()
endfunction()
