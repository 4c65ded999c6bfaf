// Drives mac_array with a schedule and prints when what was transferred. Numbers are hexadecimal on both sides.
//
//   mac_array SCHEDULE SEED
//
//   w CYCLE                            a beat was transferred
//   a CYCLE                            an activation was transferred
//   r CYCLE SLOT WORD...               a result came
//   end CYCLES                         the run is over
//   error ...                          a rule was broken

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <vector>

#include "Vmac_array.h"
#include "verilated.h"

typedef std::vector<uint32_t> Words;

// Ports are integers up to 64 bits and arrays of 32-bit words beyond.
template <typename Port> static size_t words_of(const Port&) { return sizeof(Port) > 4 ? 2 : 1; }
template <std::size_t N> static size_t words_of(const VlWide<N>&) { return N; }

template <typename Port> static void put(Port& port, const Words& words) {
    uint64_t value = words[0];
    if (words.size() > 1) value |= static_cast<uint64_t>(words[1]) << 32;
    port = static_cast<Port>(value);
}
template <std::size_t N> static void put(VlWide<N>& port, const Words& words) {
    for (size_t i = 0; i < N; ++i) port[i] = words[i];
}

template <typename Port> static Words get(const Port& port) {
    Words words{static_cast<uint32_t>(port)};
    if (sizeof(Port) > 4) words.push_back(static_cast<uint32_t>(static_cast<uint64_t>(port) >> 32));
    return words;
}
template <std::size_t N> static Words get(const VlWide<N>& port) {
    Words words;
    for (size_t i = 0; i < N; ++i) words.push_back(port[i]);
    return words;
}

static FILE* schedule;

static uint64_t number() {
    uint64_t n;
    if (std::fscanf(schedule, "%" SCNx64, &n) != 1) {
        std::printf("error the schedule ends early\n");
        std::exit(0);
    }
    return n;
}

// A word count may be odd where the port is rounded up to two words.
static Words words(size_t bits, size_t in_port) {
    Words w;
    for (size_t i = 0; i < (bits + 31) / 32; ++i) w.push_back(static_cast<uint32_t>(number()));
    w.resize(in_port > w.size() ? in_port : w.size());
    return w;
}

static std::vector<bool> pattern() {
    std::vector<bool> p(number());
    for (size_t i = 0; i < p.size(); ++i) p[i] = number();
    return p;
}

static bool willing(const std::vector<bool>& p, uint64_t cycle) { return p.empty() || p[cycle % p.size()]; }

struct Activation {
    Words data;
    uint64_t slot, first, last, release;
};

static void step(Vmac_array& top) {
    top.clock = 1;
    top.eval();
    top.clock = 0;
    top.eval();
}

static void run(Vmac_array& top, size_t trits, size_t lanes) {
    const uint64_t beat_count = number(), activation_count = number(), result_count = number(), stop = number();
    const std::vector<bool> weight_valid = pattern(), activation_valid = pattern(), result_room = pattern();
    std::vector<uint64_t> arrival;
    std::vector<Words> zero, sign;
    for (uint64_t i = 0; i < beat_count; ++i) {
        arrival.push_back(number());
        zero.push_back(words(trits, words_of(top.weight_zero)));
        sign.push_back(words(trits, words_of(top.weight_sign)));
    }
    std::vector<Activation> activations;
    for (uint64_t i = 0; i < activation_count; ++i) {
        Activation a;
        a.data = words(8 * lanes, words_of(top.activation_data));
        a.slot = number(), a.first = number(), a.last = number(), a.release = number();
        activations.push_back(a);
    }

    // What the inputs were stays on them during reset.
    top.reset = 1;
    step(top);
    top.reset = 0;

    const uint64_t patience = 100000;
    size_t beats = 0, accepted = 0, results = 0;
    bool weight_offered = false, activation_offered = false;
    uint64_t last_transfer = 0;
    // Of the last cycles: which beat, which activation was transferred.
    const size_t none = SIZE_MAX;
    std::deque<size_t> taken(WEIGHT_DATA_CYCLES, none), read(ACTIVATION_DATA_CYCLES, none);
    for (uint64_t cycle = 0;; ++cycle) {
        if (cycle >= stop) {
            std::printf("end %" PRIx64 "\n", cycle);
            return;
        }
        if (beats == beat_count && accepted == activation_count && results == result_count && stop == UINT64_MAX) {
            std::printf("end %" PRIx64 "\n", last_transfer + 1);
            return;
        }
        const uint64_t awaited = beats < beat_count ? arrival[beats] : 0;
        if (cycle > last_transfer + patience && cycle > awaited + patience) {
            std::printf("error nothing moved for %" PRIu64 " cycles: %zu beats, %zu activations, %zu results\n",
                        patience, beats, accepted, results);
            std::exit(0);
        }
        weight_offered = weight_offered ||
                         (beats < beat_count && cycle >= arrival[beats] && willing(weight_valid, cycle));
        activation_offered = activation_offered || (accepted < activation_count && willing(activation_valid, cycle));
        top.weight_valid = weight_offered;
        // Data follows its transfer; what is on the ports otherwise is left from before.
        if (taken.front() < beat_count) put(top.weight_zero, zero[taken.front()]), put(top.weight_sign, sign[taken.front()]);
        if (read.front() < activation_count) put(top.activation_data, activations[read.front()].data);
        taken.pop_front(), read.pop_front();
        top.activation_valid = activation_offered;
        if (activation_offered) {
            const Activation& a = activations[accepted];
            top.activation_slot = a.slot;
            top.activation_first = a.first;
            top.activation_last = a.last;
            top.activation_release = a.release;
        }
        top.result_room = willing(result_room, cycle);
        top.eval();
        if (weight_offered && top.weight_ready) {
            std::printf("w %" PRIx64 "\n", cycle);
            taken.push_back(beats);
            ++beats, weight_offered = false, last_transfer = cycle;
        } else {
            taken.push_back(none);
        }
        if (activation_offered && top.activation_ready) {
            std::printf("a %" PRIx64 "\n", cycle);
            read.push_back(accepted);
            ++accepted, activation_offered = false, last_transfer = cycle;
        } else {
            read.push_back(none);
        }
        if (top.result_valid) {
            std::printf("r %" PRIx64 " %x", cycle, static_cast<uint32_t>(top.result_slot));
            for (uint32_t word : get(top.result_data)) std::printf(" %x", word);
            std::printf("\n");
            if (++results > result_count) {
                std::printf("error a result too many in cycle %" PRIu64 "\n", cycle);
                std::exit(0);
            }
            last_transfer = cycle;
        }
        step(top);
    }
}

int main(int argc, char** argv) {
    if (argc != 3 || !(schedule = std::fopen(argv[1], "r"))) {
        std::printf("error no schedule\n");
        return 0;
    }
    Verilated::randReset(2);
    Verilated::randSeed(std::atoi(argv[2]));
    Vmac_array top;
    top.clock = 0;
    top.reset = 0;
    top.eval();
    const size_t trits = number(), lanes = number();
    for (uint64_t runs = number(); runs > 0; --runs) run(top, trits, lanes);
    return 0;
}
