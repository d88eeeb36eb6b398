# Precompiled headers. Each kind is compiled once and shared by all targets of that kind:
#   std    what nearly every file includes; nothing that zab/ or lockserver/state/ may not use
#   asio   std, and Boost.Asio's coroutines and sockets
#   gtest  std, and GoogleTest
#   gtest_asio  asio and gtest: tests of what talks over sockets
#   cli    std, CLI11 and JSON: what the commands of a command line include
# A precompiled header is a matter of speed only: each file still includes what it uses, which a
# build with -DHOLDFAST_PCH=OFF shows.

include_guard(GLOBAL)

set(holdfast_pch_std
    <algorithm>
    <array>
    <compare>
    <cstddef>
    <cstdint>
    <cstdlib>
    <deque>
    <functional>
    <limits>
    <map>
    <memory>
    <optional>
    <set>
    <span>
    <string>
    <string_view>
    <tuple>
    <type_traits>
    <utility>
    <variant>
    <vector>)
set(holdfast_pch_asio
    ${holdfast_pch_std}
    <chrono>
    <boost/asio/as_tuple.hpp>
    <boost/asio/awaitable.hpp>
    <boost/asio/buffer.hpp>
    <boost/asio/co_spawn.hpp>
    <boost/asio/connect.hpp>
    <boost/asio/detached.hpp>
    <boost/asio/io_context.hpp>
    <boost/asio/ip/tcp.hpp>
    <boost/asio/post.hpp>
    <boost/asio/read.hpp>
    <boost/asio/redirect_error.hpp>
    <boost/asio/steady_timer.hpp>
    <boost/asio/use_awaitable.hpp>
    <boost/asio/write.hpp>)
set(holdfast_pch_gtest ${holdfast_pch_std} <gtest/gtest.h>)
set(holdfast_pch_gtest_asio ${holdfast_pch_asio} <gtest/gtest.h>)
set(holdfast_pch_cli ${holdfast_pch_std} <CLI/CLI.hpp> <nlohmann/json.hpp>)
# The packages that they take their headers from.
set(holdfast_pch_deps_std)
set(holdfast_pch_deps_asio holdfast_dep_asio)
set(holdfast_pch_deps_gtest holdfast_dep_gtest)
set(holdfast_pch_deps_gtest_asio holdfast_dep_asio holdfast_dep_gtest)
set(holdfast_pch_deps_cli holdfast_dep_cli11 holdfast_dep_json)
# A precompiled header fits only what is optimised as it is.
set(holdfast_pch_quick gtest gtest_asio cli)

function(_holdfast_use_pch target kind)
  if(NOT HOLDFAST_PCH OR kind STREQUAL "none")
    return()
  endif()
  if(NOT DEFINED holdfast_pch_${kind})
    message(FATAL_ERROR "${target}: PCH is '${kind}'; it may be std, asio, gtest, gtest_asio, cli "
                        "or none.")
  endif()
  set(owner holdfast_pch_${kind})
  if(NOT TARGET ${owner})
    set(source "${CMAKE_BINARY_DIR}/deps/${owner}.cc")
    if(NOT EXISTS "${source}")
      file(WRITE "${source}" "// Carries the precompiled header '${kind}'; it has no code.\n")
    endif()
    add_library(${owner} OBJECT "${source}")
    target_link_libraries(${owner} PRIVATE holdfast_warnings)
    if(kind IN_LIST holdfast_pch_quick)
      target_compile_options(${owner} PRIVATE ${HOLDFAST_QUICK_TO_COMPILE})
    endif()
    foreach(dep IN LISTS holdfast_pch_deps_${kind})
      holdfast_find_dependency(${dep})
      target_link_libraries(${owner} PRIVATE ${dep})
    endforeach()
    target_precompile_headers(${owner} PRIVATE ${holdfast_pch_${kind}})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${owner})
endfunction()
