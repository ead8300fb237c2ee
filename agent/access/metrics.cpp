#include "agent/access/access.hpp"

namespace shoal::agent::access {

void add_to_page(metrics::Page& page, const Access& access) {
  const Metrics& metrics = access.metrics();
  const char* checks = "access_checks_total";
  const char* help = "Checks of whether a caller may have a layer, by their result.";
  page.add(checks, "result=\"open\"", help, metrics.by_mode);
  page.add(checks, "result=\"granted\"", help, metrics.by_grant);
  page.add(checks, "result=\"asked\"", help, metrics.by_answer);
  page.add(checks, "result=\"grace\"", help, metrics.by_grace);
  page.add(checks, "result=\"refused\"", help, metrics.refused);
  page.add(checks, "result=\"closed\"", help, metrics.closed);
  const char* questions = "Questions whether the origin has a layer for a caller, by whom this node asked.";
  page.add("access_questions_total", "asked=\"origin\"", questions, metrics.origin_questions);
  page.add("access_questions_total", "asked=\"tracker\"", questions, metrics.tracker_questions);
  page.add("access_proofs_total", "", "Layers of which a registry was asked for bytes, as they came from another one.",
           metrics.proofs);
  page.add_gauge("access_grants", "", "Callers whose grant counts now.",
                 [&access] { return static_cast<double>(access.live_grants()); });
}

}  // namespace shoal::agent::access
