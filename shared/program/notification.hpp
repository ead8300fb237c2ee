// Notification of the service manager that started the program (systemd, Type=notify): it is told when the program
// serves and when it stops. Source: sd_notify(3), a datagram to the socket that NOTIFY_SOCKET names.
//
// Threads: the loop.
#pragma once

#include <string_view>

namespace shoal::program {

// "READY=1", "STOPPING=1". Nothing without NOTIFY_SOCKET. Never blocks; a failure is logged, and the program goes on.
void notify_service_manager(std::string_view state);

}  // namespace shoal::program
