// Which registry has a layer, as the pull path learns and asks it (agent/access/possession.hpp).
//
// Threads: the loop.
#pragma once

#include "agent/pull/download.hpp"
#include "agent/pull/parts.hpp"

namespace shoal::agent::pull {

// Its registry sent the layer, or a tracker says that it has it.
void note_possession(const Parts& parts, const Ask& ask);
bool has_possession(const Parts& parts, const Ask& ask);

// What the side file of a held layer says of it.
void note_possession(const Parts& parts, const store::HeldLayer& layer);
// Those of the askers' registries that are known to have it, for the side file.
std::vector<std::string> possessors(const Parts& parts, const Download& download);

// Whether the right itself is enough: that of another node, or of an upstream for whoever reaches the port.
bool needs_no_possession(const access::Granted& granted);

// Asks the asker's registry for the layer once bytes come from elsewhere, unless it is known to have it, or need not. Until
// then the asker gets no byte; what the registry says instead is the asker's failure. Once, in the background.
void let_prove(const Parts& parts, const access::Granted& granted, const SharedDownload& download,
               const SharedAsker& asker);

}  // namespace shoal::agent::pull
