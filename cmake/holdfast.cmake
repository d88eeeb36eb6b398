# The build in eight functions. A folder's CMakeLists.txt calls these and little else.
#
#   holdfast_library(NAME holdfast_zab SOURCES core.cc … DEPS holdfast_zab_base … [PCH asio|none]
#                    [TOGETHER n])
#   holdfast_executable(NAME holdfastd SOURCES main.cc … DEPS … [PCH …]): <build>/bin/holdfastd
#   holdfast_test(NAME zab_test SOURCES … LIBS … [LABELS …] [TIMEOUT s] [SERIAL] [PCH …]
#                 [TOGETHER n])
#   holdfast_script_test(NAME … COMMAND … [LABELS …] [TIMEOUT s] [SERIAL])
#   holdfast_thrift_gen(TARGET … FILES a.thrift …)                           (thrift_gen.cmake)
#   holdfast_client_package(HEADERS … FOUNDATIONS …)                (client_package.cmake)
#   holdfast_manual(PROGRAM …), holdfast_completion(PROGRAM …)               (manual.cmake)
#
# DEPS and LIBS name our own targets, or the packages of cmake/dependencies.cmake:
#   holdfast_dep_asio holdfast_dep_boost holdfast_dep_thrift holdfast_dep_leveldb holdfast_dep_glog
#   holdfast_dep_mimalloc holdfast_dep_fmt holdfast_dep_cli11 holdfast_dep_json holdfast_dep_libedit
#   holdfast_dep_cares holdfast_dep_gtest
# A package is looked for only when a part that is built asks for it.
#
# With TOGETHER n so many files are compiled at once, so no two files of a target may give the same
# name to different things of their own.

include_guard(GLOBAL)
include(toolchain)
include(client_package)
include(dependencies)
include(manual)
include(precompiled)
include(thrift_gen)
include(GoogleTest)

# Debian's own Python: the one that has the package python3-thrift. Tests written in Python use it
# as ${HOLDFAST_PYTHON}.
find_program(HOLDFAST_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
mark_as_advanced(HOLDFAST_PYTHON)

# The times that tests are given are multiplied with this; those written in Python see it as
# HOLDFAST_SLOWNESS. Programs that tests start are watched for reports (sanitized.py).
set(holdfast_slowness 1)
set(holdfast_script_launcher)
if(HOLDFAST_SANITIZE AND NOT HOLDFAST_FUZZ)
  set(holdfast_slowness 4)
  set(holdfast_script_launcher "${HOLDFAST_PYTHON}" -B "${PROJECT_SOURCE_DIR}/cmake/sanitized.py")
  add_library(holdfast_sanitizer_options OBJECT "${PROJECT_SOURCE_DIR}/cmake/sanitizer_options.cc")
  if(HOLDFAST_SANITIZE STREQUAL "thread")
    set(holdfast_slowness 10)
  endif()
endif()

# What every target of ours has: the warnings, includes from the root of the repository, its
# dependencies, and a precompiled header. An unknown holdfast_ target is refused here, because the
# linker's "cannot find -lholdfast_zab" would say nothing about HOLDFAST_PARTS.
function(_holdfast_set_up target visibility deps pch)
  target_include_directories(${target} ${visibility} "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE holdfast_warnings)
  foreach(dep IN LISTS deps)
    if(dep MATCHES "^holdfast_dep_")
      holdfast_find_dependency(${dep})
    elseif(dep MATCHES "^holdfast_" AND NOT TARGET ${dep})
      message(FATAL_ERROR "${target} needs ${dep}, whose folder is not in HOLDFAST_PARTS.")
    endif()
    target_link_libraries(${target} ${visibility} ${dep})
  endforeach()
  _holdfast_use_pch(${target} "${pch}")
  if(pch IN_LIST holdfast_pch_quick)
    target_compile_options(${target} PRIVATE ${HOLDFAST_QUICK_TO_COMPILE})
  endif()
endfunction()

# Where headers and the templates that every file instantiates cost more than what stands in the
# files: so many of them are compiled as one. Builds that show each file by itself have no
# precompiled headers either.
function(_holdfast_compile_together target files)
  if(files AND HOLDFAST_PCH)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${files})
    # GCC takes the file's own classes and anonymous namespace for a header's.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

function(_holdfast_set_up_program target deps pch)
  _holdfast_set_up(${target} PRIVATE "${deps}" ${pch})
  if(TARGET holdfast_sanitizer_options)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:holdfast_sanitizer_options>)
  endif()
endfunction()

function(holdfast_library)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;PCH;TOGETHER" "SOURCES;DEPS")
  _holdfast_check_arguments(holdfast_library "${arg_UNPARSED_ARGUMENTS}" "${arg_NAME}")
  if(NOT arg_PCH)
    set(arg_PCH std)
  endif()
  if(arg_SOURCES)
    add_library(${arg_NAME} STATIC ${arg_SOURCES})
    _holdfast_set_up(${arg_NAME} PUBLIC "${arg_DEPS}" ${arg_PCH})
    _holdfast_compile_together(${arg_NAME} "${arg_TOGETHER}")
  else() # Headers only.
    add_library(${arg_NAME} INTERFACE)
    target_include_directories(${arg_NAME} INTERFACE "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${arg_NAME} INTERFACE ${arg_DEPS})
  endif()
endfunction()

function(holdfast_executable)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;PCH" "SOURCES;DEPS")
  _holdfast_check_arguments(holdfast_executable "${arg_UNPARSED_ARGUMENTS}" "${arg_NAME}")
  if(NOT arg_PCH)
    set(arg_PCH std)
  endif()
  add_executable(${arg_NAME} ${arg_SOURCES})
  _holdfast_set_up_program(${arg_NAME} "${arg_DEPS}" ${arg_PCH})
  # All addresses of libraries are settled at the start and cannot be written to after it.
  target_link_options(${arg_NAME} PRIVATE -Wl,-z,relro,-z,now)
endfunction()

# One GoogleTest binary. Its tests are found when ctest starts, not while building, and each is a
# test of ctest by itself, called <binary>.<Suite>.<Name>. The binary sees HOLDFAST_TESTDATA_DIR and
# HOLDFAST_BIN_DIR as string literals. TIMEOUT is for each single test, in seconds (default 60).
function(holdfast_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "SERIAL" "NAME;PCH;TIMEOUT;TOGETHER" "SOURCES;LIBS;LABELS")
  _holdfast_check_arguments(holdfast_test "${arg_UNPARSED_ARGUMENTS}" "${arg_NAME}")
  if(NOT arg_PCH)
    set(arg_PCH gtest)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  add_executable(${arg_NAME} ${arg_SOURCES})
  _holdfast_set_up_program(${arg_NAME} "${arg_LIBS};holdfast_dep_gtest" ${arg_PCH})
  _holdfast_compile_together(${arg_NAME} "${arg_TOGETHER}")
  target_compile_definitions(
    ${arg_NAME} PRIVATE "HOLDFAST_TESTDATA_DIR=\"${PROJECT_SOURCE_DIR}/tests/testdata\""
                        "HOLDFAST_BIN_DIR=\"${CMAKE_RUNTIME_OUTPUT_DIRECTORY}\"")
  math(EXPR timeout_s "${arg_TIMEOUT} * ${holdfast_slowness}")
  set(properties TIMEOUT ${timeout_s} LABELS "${arg_LABELS}")
  if(arg_SERIAL)
    list(APPEND properties RUN_SERIAL TRUE)
  endif()
  gtest_discover_tests(
    ${arg_NAME}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    TEST_PREFIX "${arg_NAME}."
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    PROPERTIES ${properties})
endfunction()

# A test that is a program of its own (Python, bash), run from the root of the repository with
# HOLDFAST_BIN_DIR in its environment.
function(holdfast_script_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "SERIAL" "NAME;TIMEOUT" "COMMAND;LABELS")
  _holdfast_check_arguments(holdfast_script_test "${arg_UNPARSED_ARGUMENTS}" "${arg_NAME}")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS script)
  endif()
  add_test(
    NAME ${arg_NAME}
    COMMAND ${holdfast_script_launcher} ${arg_COMMAND}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  math(EXPR timeout_s "${arg_TIMEOUT} * ${holdfast_slowness}")
  set(environment "HOLDFAST_BIN_DIR=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}"
                  "HOLDFAST_SLOWNESS=${holdfast_slowness}")
  set_tests_properties(
    ${arg_NAME}
    PROPERTIES TIMEOUT ${timeout_s}
               LABELS "${arg_LABELS}"
               RUN_SERIAL "${arg_SERIAL}"
               ENVIRONMENT "${environment}")
endfunction()

function(_holdfast_check_arguments caller unparsed name)
  if(unparsed)
    message(FATAL_ERROR "${caller}: unknown arguments: ${unparsed}")
  endif()
  if(NOT name)
    message(FATAL_ERROR "${caller}: NAME is missing.")
  endif()
endfunction()
