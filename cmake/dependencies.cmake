# The Debian packages that we build on, each behind one target holdfast_dep_<name>. A target comes
# into being when the first part that is built names it, so that zab/ alone needs none of them.

include_guard(GLOBAL)

# The part that first asks for a package is not the only one that links it.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL TRUE)

function(_holdfast_need found package what)
  if(NOT found)
    message(FATAL_ERROR "${what} was not found; on Debian 12: apt-get install ${package}")
  endif()
endfunction()

# Boost.Asio's own functions are compiled once, into a library, instead of in every file that
# includes it.
function(_holdfast_find_asio)
  find_path(HOLDFAST_BOOST_INCLUDE boost/asio/as_tuple.hpp)
  mark_as_advanced(HOLDFAST_BOOST_INCLUDE)
  _holdfast_need("${HOLDFAST_BOOST_INCLUDE}" libboost1.81-dev "Boost.Asio 1.81")
  file(STRINGS "${HOLDFAST_BOOST_INCLUDE}/boost/version.hpp" line REGEX "define BOOST_VERSION ")
  string(REGEX MATCH "[0-9]+" version "${line}")
  if(version LESS 108100)
    message(FATAL_ERROR "Boost ${version} is too old; on Debian 12: "
                        "apt-get install libboost1.81-dev")
  endif()
  set(HOLDFAST_BOOST_VERSION "${version}" CACHE INTERNAL "")
  find_package(Threads REQUIRED)
  set(source "${CMAKE_BINARY_DIR}/deps/asio.cc")
  if(NOT EXISTS "${source}")
    file(WRITE "${source}" "#include <utility>\n#include <boost/asio/impl/src.hpp>\n")
  endif()
  add_library(holdfast_dep_asio STATIC "${source}")
  target_include_directories(holdfast_dep_asio SYSTEM PUBLIC "${HOLDFAST_BOOST_INCLUDE}")
  target_compile_definitions(holdfast_dep_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION
                                                      BOOST_ASIO_NO_DEPRECATED)
  target_link_libraries(holdfast_dep_asio PUBLIC Threads::Threads)
  # GCC warns that ThreadSanitizer does not know the fences that Asio puts around handlers. It needs
  # none of them to see what is ordered: Asio's queues are behind mutexes.
  if(HOLDFAST_SANITIZE STREQUAL "thread")
    target_compile_options(holdfast_dep_asio PUBLIC -Wno-tsan)
  endif()
endfunction()

# Headers of Boost that need nothing else.
function(_holdfast_find_boost)
  find_path(holdfast_dep_boost_include boost/unordered/unordered_flat_map.hpp)
  mark_as_advanced(holdfast_dep_boost_include)
  _holdfast_need("${holdfast_dep_boost_include}" libboost1.81-dev "Boost 1.81")
  add_library(holdfast_dep_boost INTERFACE)
  target_include_directories(holdfast_dep_boost SYSTEM INTERFACE "${holdfast_dep_boost_include}")
endfunction()

# A library without a usable CMake package: one header to find it by, one library.
function(_holdfast_find_plain target header library package)
  find_path(${target}_include "${header}")
  find_library(${target}_library "${library}")
  mark_as_advanced(${target}_include ${target}_library)
  _holdfast_need("${${target}_include}" ${package} "The header <${header}>")
  _holdfast_need("${${target}_library}" ${package} "The library ${library}")
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE "${${target}_include}")
  target_link_libraries(${target} INTERFACE "${${target}_library}" ${ARGN})
endfunction()

# A library with a CMake package of its own.
function(_holdfast_find_packaged target cmake_package package)
  find_package(${cmake_package} CONFIG QUIET)
  _holdfast_need("${${cmake_package}_FOUND}" ${package} "${cmake_package}")
  add_library(${target} INTERFACE)
  target_link_libraries(${target} INTERFACE ${ARGN})
endfunction()

# An executable that has it takes its memory from mimalloc (docs/decisions/0024). Sanitizers bring
# allocators of their own.
function(_holdfast_find_mimalloc)
  if(HOLDFAST_SANITIZE)
    add_library(holdfast_dep_mimalloc INTERFACE)
  else()
    _holdfast_find_packaged(holdfast_dep_mimalloc mimalloc libmimalloc-dev
                            -Wl,--push-state,--no-as-needed mimalloc -Wl,--pop-state)
  endif()
endfunction()

function(holdfast_find_dependency target)
  if(NOT TARGET ${target})
    if("${target}" STREQUAL "holdfast_dep_asio")
      _holdfast_find_asio()
    elseif("${target}" STREQUAL "holdfast_dep_boost")
      _holdfast_find_boost()
    elseif("${target}" STREQUAL "holdfast_dep_thrift")
      find_package(Threads REQUIRED)
      _holdfast_find_plain(${target} thrift/Thrift.h thrift libthrift-dev Threads::Threads)
    elseif("${target}" STREQUAL "holdfast_dep_leveldb")
      find_package(Threads REQUIRED)
      _holdfast_find_plain(${target} leveldb/db.h leveldb libleveldb-dev Threads::Threads)
    elseif("${target}" STREQUAL "holdfast_dep_glog")
      _holdfast_find_plain(${target} glog/logging.h glog libgoogle-glog-dev)
    elseif("${target}" STREQUAL "holdfast_dep_crypto")
      _holdfast_find_plain(${target} openssl/evp.h crypto libssl-dev)
    elseif("${target}" STREQUAL "holdfast_dep_mimalloc")
      _holdfast_find_mimalloc()
    elseif("${target}" STREQUAL "holdfast_dep_fmt")
      _holdfast_find_packaged(${target} fmt libfmt-dev fmt::fmt)
    elseif("${target}" STREQUAL "holdfast_dep_cli11")
      _holdfast_find_packaged(${target} CLI11 libcli11-dev CLI11::CLI11)
    elseif("${target}" STREQUAL "holdfast_dep_libedit")
      _holdfast_find_plain(${target} editline/readline.h edit libedit-dev)
    elseif("${target}" STREQUAL "holdfast_dep_cares")
      _holdfast_find_plain(${target} ares.h cares libc-ares-dev)
    elseif("${target}" STREQUAL "holdfast_dep_json")
      _holdfast_find_packaged(${target} nlohmann_json nlohmann-json3-dev
                              nlohmann_json::nlohmann_json)
    elseif("${target}" STREQUAL "holdfast_dep_gtest")
      _holdfast_find_packaged(${target} GTest "libgtest-dev libgmock-dev" GTest::gmock
                              GTest::gtest GTest::gtest_main)
    else()
      message(FATAL_ERROR "${target} is no package that cmake/dependencies.cmake knows.")
    endif()
  endif()
endfunction()
