# Packages for `cpack -G DEB` and `cpack -G RPM`, in a build directory: the binary, its links, the
# units and the udev rule below /usr, in the places of NVIDIA's packages, which they replace.
# config.toml is not in them: it need not exist, and one that people have stays theirs.
include(GNUInstallDirs)

set(CPACK_PACKAGE_NAME nvbox)
set(CPACK_PACKAGE_CONTACT "nvbox maintainers <nvbox@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION
"nvbox replaces NVIDIA's container stack with one binary without dependencies
and links to it: nvidia-container-runtime and its hook, nvidia-container-cli,
nvidia-ctk, nvidia-cdi-hook and nvidia-docker.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_RELOCATABLE OFF)
# Directories of the distribution's are not to be owned by the package.
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION /usr/lib/systemd /usr/lib/systemd/system /usr/lib/systemd/system-preset
    /usr/lib/udev /usr/lib/udev/rules.d /usr/share/man /usr/share/man/man1 /usr/share/man/man8)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
    GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

# What NVIDIA's files come in.
set(replaced nvidia-container-toolkit nvidia-container-toolkit-base
    nvidia-container-toolkit-operator-extensions libnvidia-container-tools libnvidia-container1
    nvidia-container-runtime nvidia-container-runtime-hook nvidia-docker2)
list(JOIN replaced ", " replaced)

# The architecture is this machine's where nothing else is said; the families have their own names for it.
if(CMAKE_CROSSCOMPILING)
  set(debian_name_aarch64 arm64)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${debian_name_${CMAKE_SYSTEM_PROCESSOR}})
  set(CPACK_RPM_PACKAGE_ARCHITECTURE ${CMAKE_SYSTEM_PROCESSOR})
endif()

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_PROVIDES "${replaced}")
# Of the library's names ours is not replaced (package/library.cmake.in).
string(REPLACE "libnvidia-container1," "libnvidia-container1 (<< 1.20.0+nvbox)," replaced_debian "${replaced}")
set(CPACK_DEBIAN_PACKAGE_REPLACES "${replaced_debian}")
set(CPACK_DEBIAN_PACKAGE_CONFLICTS "${replaced_debian}")

# dpkg wants the scripts under its own names.
foreach(script IN ITEMS postinst:after_install prerm:before_removal postrm:after_removal)
  string(REPLACE ":" ";" script "${script}")
  list(GET script 0 name)
  list(GET script 1 file)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/package/${file}.sh
                 ${CMAKE_BINARY_DIR}/package/${name} COPYONLY)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_BINARY_DIR}/package/${name})
endforeach()
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_POST_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/package/installed_size.cmake)

set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_LICENSE Apache-2.0)
set(CPACK_RPM_PACKAGE_DESCRIPTION "${CPACK_PACKAGE_DESCRIPTION}")
set(CPACK_RPM_PACKAGE_AUTOREQ OFF)
set(CPACK_RPM_PACKAGE_PROVIDES "${replaced}")
set(CPACK_RPM_PACKAGE_OBSOLETES "${replaced}")
set(CPACK_RPM_POST_INSTALL_SCRIPT_FILE ${CMAKE_CURRENT_LIST_DIR}/package/after_install.sh)
set(CPACK_RPM_PRE_UNINSTALL_SCRIPT_FILE ${CMAKE_CURRENT_LIST_DIR}/package/before_removal.sh)
set(CPACK_RPM_POST_UNINSTALL_SCRIPT_FILE ${CMAKE_CURRENT_LIST_DIR}/package/after_removal.sh)
# The binary is stripped already, and debuginfo packages would need its sources.
set(CPACK_RPM_SPEC_MORE_DEFINE
    "%define packager ${CPACK_PACKAGE_CONTACT}\n%define debug_package %{nil}\n%define _build_id_links none\n%define __os_install_post %{nil}")

install(TARGETS nvbox RUNTIME DESTINATION bin)
# The links and manual pages are what the binary itself lists: a new program needs no change here.
# nvidia-cdi-hook is among them, as in NVIDIA's package.
install(CODE "set(emulator \"${CMAKE_CROSSCOMPILING_EMULATOR}\")")
install(CODE [[
  execute_process(COMMAND ${emulator} "$<TARGET_FILE:nvbox>" --list OUTPUT_VARIABLE rows
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" rows "${rows}")
  foreach(row IN LISTS rows)
    string(REPLACE " " ";" row "${row}")
    list(GET row 0 name)
    list(GET row 1 group)
    if(group STREQUAL "internal")
      continue()
    endif()
    if(NOT name STREQUAL "nvbox")
      file(CREATE_LINK nvbox "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/bin/${name}" SYMBOLIC)
    endif()
    execute_process(COMMAND ${emulator} "$<TARGET_FILE:nvbox>" --man "${name}" OUTPUT_VARIABLE page
                    COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX REPLACE "^.*\n?[.]TH [^ ]+ \"?([0-9]).*$" "\\1" section "${page}")
    set(page_file "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/share/man/man${section}/${name}.${section}")
    file(WRITE "${page_file}" "${page}")
    execute_process(COMMAND gzip -9nf "${page_file}" COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
]])
install(FILES applets/nvbox/nvidia-cdi-refresh.service applets/nvbox/nvidia-cdi-refresh.path
        DESTINATION lib/systemd/system)
install(FILES cmake/package/90-nvbox.preset DESTINATION lib/systemd/system-preset)
install(FILES applets/nvbox/99-nvidia-cdi-refresh.rules DESTINATION lib/udev/rules.d)
install(FILES cmake/package/copyright DESTINATION share/doc/nvbox)
install(FILES cmake/package/lintian-overrides DESTINATION share/lintian/overrides RENAME nvbox)
install(FILES cmake/package/copyright DESTINATION share/doc/libnvidia-container1 COMPONENT library
        EXCLUDE_FROM_ALL)
install(FILES cmake/package/library-overrides DESTINATION share/lintian/overrides RENAME libnvidia-container1
        COMPONENT library EXCLUDE_FROM_ALL)
file(WRITE ${CMAKE_BINARY_DIR}/package/library/triggers "activate-noawait ldconfig\n")
file(WRITE ${CMAKE_BINARY_DIR}/package/library/shlibs "libnvidia-container 1 libnvidia-container1 (>= 1.20.0)\n")
configure_file(${CMAKE_CURRENT_LIST_DIR}/package/library.cmake.in ${CMAKE_BINARY_DIR}/CPackLibrary.cmake @ONLY)
include(CPack)
