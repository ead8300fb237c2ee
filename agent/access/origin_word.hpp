// The origin's word on whether a caller may have a layer. HEAD asks; what HEAD refuses or leaves open GET settles, since
// registries and the proxies before them refuse HEAD where GET works (origin::is_settled_by_get).
//
// Threads: the loop.
#pragma once

#include "agent/access/caller.hpp"

namespace shoal::agent::access {

struct Question {
  Caller caller;
  Digest digest;
  origin::Kind kind = origin::Kind::blob;
};

// What was answered to a question.
struct Told {
  origin::Answer answer;
  Milliseconds age{0};  // since the origin gave it, to a tracker
};

// An answer of status 200 is a yes, with the size if the origin named it. Any other one is the origin's own, whose body is
// that of GET or empty. Errors: the origin did not answer, or sent something else than the manifest.
Task<Result<origin::Answer>> ask_origin(origin::Origin& origin, Question question);
// By GET alone; `corrupt` when what comes is not the manifest.
Task<Result<origin::Answer>> get_manifest(origin::Origin& origin, Question question);

// The origin cannot answer now: its answer says nothing about the layer, and is not remembered.
bool is_failing(const origin::Answer& answer);

// What a registry answered instead of a layer, with a body of the specification's form.
origin::Answer answer_of(const Answered& answered);
// The same as an error, which holds it.
Error error_of(const origin::Answer& answer);
// A refusal without a body, as HEAD has none, gets one of ours: whoever sent GET reads why.
void fill_body(origin::Answer& refusal);

}  // namespace shoal::agent::access
