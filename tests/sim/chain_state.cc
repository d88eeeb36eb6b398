#include "tests/sim/chain_state.h"

#include "zab/base/random.h"

namespace holdfast::sim {
namespace {

constexpr std::size_t kHeaderBytes = 24;

void put_u64(std::string& out, std::uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xffU));
  }
}

std::uint64_t get_u64(std::string_view bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8U * i);
  }
  return value;
}

std::string filler(std::uint64_t hash, std::size_t bytes) {
  Random random(hash);
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) {
    out.push_back(static_cast<char>('a' + random.below(26)));
  }
  return out;
}

}  // namespace

std::uint64_t chain_hash(std::uint64_t before, const zab::Entry& entry) {
  return hash_bytes(entry.payload.view(), hash_u64(entry.zxid.value, before));
}

void ChainState::apply(const zab::Entry& entry) {
  hash = chain_hash(hash, entry);
  applied = entry.zxid;
}

std::string encode_image(const ChainState& state, std::size_t filler_bytes_max) {
  const std::size_t bytes = state.hash % (filler_bytes_max + 1);
  std::string out;
  put_u64(out, state.applied.value);
  put_u64(out, state.hash);
  put_u64(out, bytes);
  return out + filler(state.hash, bytes);
}

std::optional<ChainState> decode_image(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return std::nullopt;
  const ChainState state{.applied = Zxid(get_u64(bytes)), .hash = get_u64(bytes.substr(8))};
  const std::uint64_t filler_bytes = get_u64(bytes.substr(16));
  if (bytes.size() - kHeaderBytes != filler_bytes) return std::nullopt;
  if (bytes.substr(kHeaderBytes) != filler(state.hash, filler_bytes)) return std::nullopt;
  return state;
}

}  // namespace holdfast::sim
