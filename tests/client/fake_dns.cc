#include "tests/client/fake_dns.h"

#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

namespace holdfast::client::test {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;

constexpr std::size_t kHeaderBytes = 12;
constexpr std::uint16_t kAnswered = 0x8580;  // Authoritative, recursion as wished.
constexpr std::uint16_t kNoSuchName = 3;

void put(std::string& out, std::uint16_t number) {
  out += static_cast<char>(number >> 8U);
  out += static_cast<char>(number & 0xffU);
}

std::string encoded(const std::string& name) {
  std::string out;
  for (std::size_t begin = 0; begin < name.size();) {
    const std::size_t dot = std::min(name.find('.', begin), name.size());
    if (dot > begin) out += static_cast<char>(dot - begin) + name.substr(begin, dot - begin);
    begin = dot + 1;
  }
  return out + '\0';
}

// Its flags, and so many answers that follow.
std::string head(const std::string& question, std::uint16_t flags, std::size_t answers) {
  std::string out = question.substr(0, 2);
  put(out, flags);
  put(out, 1);
  put(out, static_cast<std::uint16_t>(answers));
  put(out, 0);
  put(out, 0);
  return out;
}

}  // namespace

FakeDns::FakeDns()
    : socket_(io_, udp::endpoint(asio::ip::address_v4::loopback(), 0)), incoming_(4'096, '\0') {
  receive();
  thread_ = std::thread([this] { io_.run(); });
}

FakeDns::~FakeDns() {
  asio::post(io_, [this] { socket_.close(); });
  thread_.join();
}

std::string FakeDns::endpoint() const {
  return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port());
}

void FakeDns::add_address(const std::string& name, const std::string& address) {
  const asio::ip::address parsed = asio::ip::make_address(address);
  std::string bytes;
  if (parsed.is_v4()) {
    for (const unsigned char byte : parsed.to_v4().to_bytes()) bytes += static_cast<char>(byte);
  } else {
    for (const unsigned char byte : parsed.to_v6().to_bytes()) bytes += static_cast<char>(byte);
  }
  const std::lock_guard lock(mutex_);
  records_[{name, parsed.is_v4() ? kA : kAaaa}].push_back(bytes);
}

void FakeDns::add_service(const std::string& domain, std::uint16_t priority, std::uint16_t weight,
                          std::uint16_t port, const std::string& target) {
  std::string bytes;
  for (const std::uint16_t number : {priority, weight, port}) put(bytes, number);
  bytes += encoded(target);
  const std::lock_guard lock(mutex_);
  records_[{"_holdfast._tcp." + domain, kSrv}].push_back(bytes);
}

void FakeDns::add_empty(const std::string& name) {
  const std::lock_guard lock(mutex_);
  records_[{name, 0}] = {};
}

void FakeDns::damage(std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  damage_.emplace(seed);
}

void FakeDns::receive() {
  socket_.async_receive_from(asio::buffer(incoming_), sender_,
                             [this](boost::system::error_code failure, std::size_t size) {
                               if (failure) return;
                               if (size > kHeaderBytes) answer(incoming_.substr(0, size));
                               receive();
                             });
}

void FakeDns::answer(const std::string& question) {
  if (is_silent_) return;
  const std::lock_guard lock(mutex_);
  const std::string good = answer_to(question);
  if (!damage_) return send(good);
  send(damaged(good));
  send(head(question, kAnswered | kNoSuchName, 0) + question.substr(kHeaderBytes));
}

void FakeDns::send(const std::string& answer) {
  boost::system::error_code ignored;
  socket_.send_to(asio::buffer(answer), sender_, 0, ignored);
}

std::string FakeDns::answer_to(const std::string& question) {
  std::string name;
  std::size_t end = kHeaderBytes;
  while (end < question.size() && question[end] != 0) {
    const auto size = static_cast<unsigned char>(question[end]);
    name += (name.empty() ? "" : ".") + question.substr(end + 1, size);
    end += 1U + size;
  }
  if (end + 5 > question.size()) return {};
  const auto kind = static_cast<std::uint16_t>(static_cast<unsigned char>(question[end + 2]));
  const auto found = records_.find({name, kind});
  const std::vector<std::string> records =
      found == records_.end() ? std::vector<std::string>() : found->second;
  const bool is_known = std::any_of(records_.begin(), records_.end(), [&name](const auto& entry) {
    return entry.first.first == name;
  });
  std::string out = head(question, is_known ? kAnswered : kAnswered | kNoSuchName, records.size());
  out += question.substr(kHeaderBytes, end + 5 - kHeaderBytes);
  for (const std::string& record : records) {
    put(out,
        static_cast<std::uint16_t>(0xc000U | kHeaderBytes));  // The name is that of the question.
    put(out, kind);
    for (const int number : {1, 0, 3'600}) put(out, static_cast<std::uint16_t>(number));
    put(out, static_cast<std::uint16_t>(record.size()));
    out += record;
  }
  return out;
}

// Behind the id, else it is no answer at all.
std::string FakeDns::damaged(std::string answer) {
  for (std::uint64_t left = 1 + damage_->below(3); left > 0; --left) {
    answer[2 + damage_->below(answer.size() - 2)] = static_cast<char>(damage_->below(256));
  }
  if (damage_->chance(3, 10)) {
    answer.resize(kHeaderBytes + damage_->below(answer.size() - kHeaderBytes));
  }
  return answer;
}

}  // namespace holdfast::client::test
