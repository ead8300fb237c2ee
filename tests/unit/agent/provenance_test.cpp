// Which registries the bytes of a download come from.
#include "agent/pull/provenance.hpp"

#include <catch2/catch.hpp>

using namespace shoal::agent::pull;

TEST_CASE("bytes are all of a registry until another one sends some, or nobody knows whose they are") {
  Provenance provenance;
  CHECK_FALSE(provenance.are_all_of("good"));
  provenance.note("good");
  provenance.note_direct("good");
  CHECK(provenance.are_all_of("good"));
  CHECK_FALSE(provenance.are_all_of("evil"));
  Provenance mixed = provenance;
  mixed.note_direct("evil");
  CHECK_FALSE(mixed.are_all_of("good"));
  CHECK_FALSE(mixed.are_all_of("evil"));
  CHECK(mixed.sole().empty());
  provenance.note("");
  CHECK_FALSE(provenance.are_all_of("good"));
  CHECK_FALSE(provenance.are_all_of(""));
}

TEST_CASE("what comes through the cluster is foreign to nobody, what a registry sends directly to all other callers") {
  Provenance provenance;
  provenance.note("good");
  CHECK_FALSE(provenance.any_direct());
  CHECK_FALSE(provenance.is_direct_of_another("evil"));
  provenance.note_direct("good");
  CHECK(provenance.is_direct_of("good"));
  CHECK_FALSE(provenance.is_direct_of_another("good"));
  CHECK(provenance.is_direct_of_another("evil"));
}
