// The part of a learner's stream that sends the image (SNAP).

#include <utility>

#include "zab/base/check.h"
#include "zab/leader_stream.h"

namespace holdfast::zab {

bool LearnerStream::on_image_opened(Ground& ground, const Channel& channel, const OpenImage& which,
                                    Zxid zxid) {
  if (!transfer_ || transfer_->id != which.transfer) {
    return false;
  }
  // R16: an image holds what is committed and nothing else. Below the log's base it would leave a
  // hole.
  HOLDFAST_CHECK(zxid <= ground.committed && zxid >= ground.log.base(),
                 "the image at " + to_string(zxid) + " does not fit " + ground.log.describe());
  pulse.progress = ground.now;
  // The learner may be ahead of our image when SNAP was chosen for its cost; then its own log is
  // the better start.
  const auto common = common_point(ground.log, log_.epochs);
  if (common && *common >= log_.floor && zxid <= *common) {
    release(ground);
    start_entries(ground, channel, *common);
    return true;
  }
  transfer_->opened = true;
  transfer_->zxid = zxid;
  // From here on the log after the image is held for this learner.
  cursor_ = acked_ = zxid;
  newleader_last_ = std::max(newleader_last_, zxid);
  ground.out.send(channel.conn, Snap{channel.epoch, zxid});
  return true;
}

void LearnerStream::pump_image(Ground& ground) {
  ImageTransfer& image = *transfer_;
  const std::uint64_t in_flight = image.chunks_sent - image.chunks_acked;
  if (image.opened && !image.reading && in_flight < ground.options.snap_chunks_in_flight) {
    image.reading = true;
    ground.out.push(ReadImageChunk{image.id, ground.options.snap_chunk_bytes});
  }
}

bool LearnerStream::on_image_chunk(Ground& ground, const Channel& channel, std::uint64_t transfer,
                                   const SnapChunk& chunk, bool is_last) {
  if (!transfer_ || transfer_->id != transfer) {
    return false;
  }
  HOLDFAST_CHECK(transfer_->reading, "an image chunk that was not asked for");
  transfer_->reading = false;
  pulse.progress = ground.now;
  if (chunk.bytes.size() > 0) {
    transfer_->checksum = hash_bytes(chunk.bytes.view(), transfer_->checksum);
    ++transfer_->chunks_sent;
    ground.out.send(channel.conn, chunk);
  }
  if (is_last) {
    ground.out.send(channel.conn,
                    SnapEnd{channel.epoch, transfer_->chunks_sent, transfer_->checksum});
    release(ground);
  }
  return true;
}

std::optional<std::string> LearnerStream::on_snap_ack(Ground& ground, std::uint64_t chunks) {
  if (!transfer_) {
    return std::nullopt;  // The last acknowledgements come after the trailer was sent.
  }
  if (chunks > transfer_->chunks_sent || chunks < transfer_->chunks_acked) {
    return "acknowledged " + std::to_string(chunks) + " chunks, was sent " +
           std::to_string(transfer_->chunks_sent);
  }
  transfer_->chunks_acked = chunks;
  pulse.progress = ground.now;
  return std::nullopt;
}

void LearnerStream::release(Ground& ground) {
  if (transfer_) {
    ground.out.push(CloseImage{transfer_->id});
    transfer_.reset();
  }
}

}  // namespace holdfast::zab
