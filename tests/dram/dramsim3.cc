// Runs a trace through DRAMsim3 until its last request is served, and prints in which cycle that is. DRAMsim3's own command runs a given
// number of cycles and does not say when the trace was over; see compare.py for how this is built.
//
//   dramsim3 CONFIG.ini TRACE OUTPUT_FOLDER
//
// A request is sent in every cycle in which its queue has a place, in the order of the trace. A write is done when it is queued; DRAMsim3
// keeps up to eight of them for ever, and the end of the trace is that of its last read, if it has one.

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include "memory_system.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: dramsim3 CONFIG.ini TRACE OUTPUT_FOLDER\n";
    return 2;
  }
  uint64_t cycle = 0, sent = 0, served = 0, last = 0;
  auto done = [&](uint64_t) {
    served++;
    last = cycle;
  };
  dramsim3::MemorySystem memory(argv[1], argv[3], done, done);
  std::ifstream trace(argv[2]);
  std::string kind, text;
  bool more = static_cast<bool>(trace >> kind >> text);
  while (more || served < sent) {
    memory.ClockTick();
    if (more) {
      const uint64_t address = std::stoull(text, nullptr, 16);
      const bool is_write = kind == "ST";
      if (memory.WillAcceptTransaction(address, is_write)) {
        memory.AddTransaction(address, is_write);
        sent++;
        more = static_cast<bool>(trace >> kind >> text);
      }
    }
    cycle++;
  }
  std::printf("requests %llu cycles %llu\n", static_cast<unsigned long long>(sent), static_cast<unsigned long long>(last));
  return 0;
}
