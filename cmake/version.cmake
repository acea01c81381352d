# The version is project(VERSION); the commit is read at configure time. Both reach the code through
# one generated header, so that only src/base/version.cc depends on them.
set(NVBOX_COMMIT "" CACHE STRING "Commit that --version prints; empty asks git")
set(NVBOX_COMMIT_DATE "" CACHE STRING "Its date, for a build that is given the commit")
set(commit "${NVBOX_COMMIT}")
set(commit_date "${NVBOX_COMMIT_DATE}")
if(NOT commit)
  execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} rev-parse HEAD
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} log -1 --format=%cd
                          --date=format:%Y-%m-%dT%H:%M%z
                  OUTPUT_VARIABLE commit_date OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  # A new commit or checkout changes one of these; configure again then.
  foreach(file HEAD logs/HEAD)
    if(EXISTS ${CMAKE_SOURCE_DIR}/.git/${file})
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                   ${CMAKE_SOURCE_DIR}/.git/${file})
    endif()
  endforeach()
endif()
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/version_data.h CONTENT
"#pragma once
#define NVBOX_VERSION \"${PROJECT_VERSION}\"
#define NVBOX_COMMIT \"${commit}\"
#define NVBOX_COMMIT_DATE \"${commit_date}\"
")
