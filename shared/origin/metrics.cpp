#include "shared/origin/metrics.hpp"

namespace shoal::origin {

void add_to_page(metrics::Page& page, const Metrics& metrics) {
  page.add("origin_unreachable_requests_total", "", "Requests that found their registry unreachable.",
           metrics.unreachable);
  page.add("origin_spared_requests_total", "",
           "Requests that were not made, because their registry had just been found unreachable.", metrics.spared);
  page.add("origin_limited_answers_total", "", "Answers 429 and 503 of registries.", metrics.limited);
  page.add("origin_paced_requests_total", "", "Requests that waited for their turn at a registry with a limit.",
           metrics.paced);
  page.add("origin_waiting_requests", "", "Requests that wait for their turn at a registry with a limit.",
           metrics.waiting);
  page.add("origin_unreadable_files_total", "", "Times that a file which [upstreams] names could not be used.",
           metrics.files_unreadable);
  page.add("origin_token_questions_total", "", "Questions to token servers, repeated ones too.", metrics.token_questions);
  page.add("origin_refused_credentials_total", "", "Times that a configured credential was refused.",
           metrics.refused_credentials);
  page.add("origin_refused_hosts_total", "", "Redirects and token servers that were not followed, for where they lead.",
           metrics.refused_hosts);
  page.add("origin_failed_helpers_total", "", "Runs of a credential helper that gave no credential.",
           metrics.helpers_failed);
}

}  // namespace shoal::origin
