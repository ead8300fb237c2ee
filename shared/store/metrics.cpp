#include "shared/store/metrics.hpp"

namespace shoal::store {

void add_to_page(metrics::Page& page, const Store& store, const ScrubMetrics& scrub) {
  page.add_gauge("store_used_bytes", "",
                 "Bytes of held layers, and of dropped ones whose files could not be removed.",
                 [&store] { return static_cast<double>(store.used().value); });
  page.add_gauge("store_held_layers", "", "Layers held.",
                 [&store] { return static_cast<double>(store.digests().size()); });
  page.add_gauge("store_reserved_bytes", "", "Bytes of active reservations.",
                 [&store] { return static_cast<double>(store.reserved().value); });
  page.add_gauge("store_partial_bytes", "", "Bytes of partial layers, left by pulls that ended.",
                 [&store] { return static_cast<double>(store.partial().value); });
  page.add_gauge("store_capacity_bytes", "", "Most that the store takes.",
                 [&store] { return static_cast<double>(store.capacity().value); });
  page.add_gauge("store_free_bytes", "", "Free on the store's file system.",
                 [&store] { return static_cast<double>(store.free().value); });
  page.add_gauge("store_min_free_bytes", "", "What the store leaves free there.",
                 [&store] { return static_cast<double>(store.min_free().value); });
  for (const Cause cause : all_causes) {
    page.add("store_evicted_layers_total", metrics::label("cause", text(cause)),
             "Held and partial layers that were evicted.", store.counters().evicted(cause));
  }
  page.add("store_no_space_total", "", "Layers that the store had no room for.", store.counters().no_space);
  page.add("store_scrubbed_layers_total", "", "Held layers read and hashed again.", scrub.checked_layers);
  page.add("store_scrubbed_bytes_total", "", "Bytes of held layers read again.", scrub.checked_bytes);
  page.add("store_wrong_layers_total", "", "Held layers whose bytes had changed on the disk.",
           scrub.wrong_layers);
}

}  // namespace shoal::store
