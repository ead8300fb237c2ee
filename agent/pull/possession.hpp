// Which registry has a layer, as the pull path learns and asks it (agent/access/possession.hpp).
//
// Threads: the loop.
#pragma once

#include "agent/pull/download.hpp"
#include "agent/pull/parts.hpp"

namespace shoal::agent::pull {

// Its registry sent all of the layer, which matches its digest.
void note_possession(const Parts& parts, const Ask& ask);
bool has_possession(const Parts& parts, const Ask& ask);

// Pieces come from this registry (Provenance::note), which a later pull of what stays of them is to know.
void note_source(const Download& download, const std::string& upstream);
void note_direct_source(const Download& download, const std::string& upstream);
// Of what a tracker's swarm or holders send: the registry of this very join, where the tracker has read the layer or reads it;
// else empty.
std::string source_of(const control::Joined& joined, const Ask& ask);
// The digest has matched: the registry that has sent all of it has it.
void note_verified(const Parts& parts, const Download& download);

// What the side file of a held layer says of it.
void note_possession(const Parts& parts, const store::HeldLayer& layer);
// Those of the askers' registries that are known to have it, for the side file.
std::vector<std::string> possessors(const Parts& parts, const Download& download);

// Whether the right itself is enough: that of another node, or of an upstream for whoever reaches the port.
bool needs_no_possession(const access::Granted& granted);

// What is here of a held layer, for a proof.
access::Evidence evidence_of(const store::HeldLayer& layer);

// Has the asker's registry prove that it has the layer, once all of it is here and not from there alone, unless it need not.
// Until then the asker gets no byte of it; what the registry says instead is the asker's failure. Once, in the background.
void let_prove(const Parts& parts, const access::Granted& granted, const SharedDownload& download,
               const SharedAsker& asker);

}  // namespace shoal::agent::pull
