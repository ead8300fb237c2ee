// Reading: what one client of the pull path got, and a client that reads a layer from its first byte to its last.
#pragma once

#include <catch2/catch.hpp>

#include "agent/pull/pulls.hpp"
#include "tests/doubles/granted.hpp"

namespace shoal::agent {

struct Reading {
  Bytes bytes;
  std::optional<Error> error;
  bool ended = false;
};

inline Task<void> read_all(pull::Pulls& pulls, pull::Ask ask, Reading& reading) {
  const auto layer = co_await pulls.open(granted(ask.digest), ask);
  if (!layer) reading.error = layer.error();
  while (!reading.error && reading.bytes.size() < layer->size().value) {
    const auto span = co_await layer->readable(reading.bytes.size());
    if (!span) {
      reading.error = span.error();
      break;
    }
    Bytes part(span->length());
    CHECK(span->file()->read_at(span->offset(), part));
    reading.bytes.insert(reading.bytes.end(), part.begin(), part.end());
  }
  reading.ended = true;
}

}  // namespace shoal::agent
