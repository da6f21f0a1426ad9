# One folder = one component = one library target = one namespace below `basin`.
#
#   basin_component(NAME [SOURCES file...] [DEPENDS target...])
#
# makes the static library basin_NAME (alias basin::NAME). Includes are written from the project's root:
# "server/core/state.h".

add_library(basin_options INTERFACE)
# At -O3, g++ 12 warns of overlapping copies in its own std::string (GCC bug 105651) and of unset members in its own
# std::variant and std::optional.
target_compile_options(basin_options INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor "$<$<CXX_COMPILER_ID:GNU>:-Werror;-Wno-restrict;-Wno-maybe-uninitialized>")
target_include_directories(basin_options INTERFACE ${PROJECT_SOURCE_DIR})

function(basin_component name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  if(arg_SOURCES)
    add_library(basin_${name} STATIC ${arg_SOURCES})
    target_link_libraries(basin_${name} PUBLIC ${arg_DEPENDS} PRIVATE basin_options)
    target_include_directories(basin_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  else()
    add_library(basin_${name} INTERFACE)
    target_link_libraries(basin_${name} INTERFACE ${arg_DEPENDS})
    target_include_directories(basin_${name} INTERFACE ${PROJECT_SOURCE_DIR})
  endif()
  add_library(basin::${name} ALIAS basin_${name})
endfunction()

#   basin_program(NAME [SOURCES file...] [DEPENDS target...])   makes build/PRESET/bin/NAME.
function(basin_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} basin_options)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
endfunction()

#   basin_test(NAME [LABEL unit|sim|cluster|golden|fuzz|tidy] [SOURCES file...] [DEPENDS target...] [TIMEOUT seconds])
#
# makes a GoogleTest program, all of whose cases CTest runs as one test named NAME.
function(basin_test name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  basin_program(${name} SOURCES ${arg_SOURCES} DEPENDS ${arg_DEPENDS} GTest::gmock_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT})
  if(arg_LABEL STREQUAL cluster)
    # Servers and workers with deadlines of their own, which another cluster beside them would make them miss.
    set_tests_properties(${name} PROPERTIES PROCESSORS 2)
  endif()
endfunction()
