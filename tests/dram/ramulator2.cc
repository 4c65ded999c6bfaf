// Runs a trace through Ramulator 2.1 until its last request is served, and prints in which cycle that is. Ramulator 2.1 comes as a
// library and a Python package without a command for this; see compare.py for how this is built.
//
//   ramulator2 CONFIG.yaml TRACE MAPPING SIZES BURST_BYTES PREFETCH LEVELS
//
// MAPPING is as in `sim dram`, most significant field first, and SIZES the bits of each field: RoBaBgRaCo 16,2,2,0,7. A burst has BURST_BYTES
// and, of the standard, PREFETCH columns; LEVELS are the standard's, such as ChRaBgBaRoCo.
// A request is sent in every cycle in which its queue has a place, in the order of the trace.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "ramulator/base/config.h"
#include "ramulator/base/factory.h"
#include "ramulator/base/request.h"
#include "ramulator/frontend/i_frontend.h"
#include "ramulator/memory_system/i_memory_system.h"

namespace {

struct Field {
  int position;  // in the address vector
  int bits;
  int scale;
};

// From the least significant field on.
std::vector<Field> fields_of(const std::string& mapping, const std::string& sizes, int prefetch, const std::string& levels) {
  std::vector<int> bits;
  std::stringstream list(sizes);
  for (std::string one; std::getline(list, one, ',');) bits.push_back(std::stoi(one));
  std::vector<Field> fields;
  for (size_t at = mapping.size(); at >= 2; at -= 2) {
    const std::string name = mapping.substr(at - 2, 2);
    const int bits_here = bits.at(at / 2 - 1);
    // A level that the standard does not have has no bits.
    const size_t position = levels.find(name);
    if (position == std::string::npos && bits_here == 0) continue;
    fields.push_back({static_cast<int>(position) / 2, bits_here, name == "Co" ? prefetch : 1});
  }
  return fields;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace Ramulator;
  if (argc != 8) {
    std::cerr << "usage: ramulator2 CONFIG.yaml TRACE MAPPING SIZES BURST_BYTES PREFETCH LEVELS\n";
    return 2;
  }
  auto config = Config::parse_config_file(argv[1]);
  IFrontEnd* frontend = Factory::create_frontend(config);
  IMemorySystem* memory = Factory::create_memory_system(config);
  frontend->connect_memory_system(memory);
  memory->connect_frontend(frontend);
  const int burst_bytes = std::atoi(argv[5]);
  const std::string levels = argv[7];
  const auto fields = fields_of(argv[3], argv[4], std::atoi(argv[6]), levels);

  std::ifstream trace(argv[2]);
  std::string kind, text;
  uint64_t cycle = 0, sent = 0, served = 0, last = 0;
  bool more = static_cast<bool>(trace >> kind >> text);
  while (more || served < sent) {
    if (more) {
      const uint64_t address = std::stoull(text, nullptr, 16);
      uint64_t rest = address / burst_bytes;
      AddrVec_t place(levels.size() / 2, 0);
      for (const Field& field : fields) {
        place[field.position] = static_cast<int>(rest & ((1ull << field.bits) - 1)) * field.scale;
        rest >>= field.bits;
      }
      Request request(place, kind == "ST" ? Request::Type::Write : Request::Type::Read);
      request.addr = static_cast<Addr_t>(address);
      request.source_id = 0;
      request.size_bytes = burst_bytes;
      request.callback = [&](Request&) {
        served++;
        last = cycle;
      };
      // A coalesced write calls back before `send` returns.
      sent++;
      if (memory->send(request)) {
        more = static_cast<bool>(trace >> kind >> text);
      } else {
        sent--;
      }
    }
    memory->tick();
    cycle++;
  }
  std::printf("requests %llu cycles %llu\n", static_cast<unsigned long long>(sent), static_cast<unsigned long long>(last));
  memory->finalize();
  memory->update_stats_recursive();
  if (std::getenv("STATS")) memory->print_stats(std::cout);
  return 0;
}
