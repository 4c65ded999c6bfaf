// Runs schedules on ternary_engine, with -DFETCHED on ternary_engine_axi, or with -DCORE on ternary_core, and prints what
// happened when. Numbers are hexadecimal on both sides; cycle 0 is the first after reset.
//
//   engine SCHEDULE SEED [VCD RUN]     VCD: waveform of the run with this index
//
//   w CYCLE                            a weight beat was transferred (read data where weights are fetched)
//   a CYCLE, v CYCLE, j CYCLE          so was an activation beat, a vector beat, a job
//   r OFFERED CYCLE LAST WORD...       a result beat was taken, first offered in cycle OFFERED
//   q OFFERED CYCLE LAST WORD...       so was a quantized beat
//   m OFFERED CYCLE ADDRESS BEATS      a burst was asked for
//   b ACCEPTED CYCLE RESPONSE          a register write was accepted, and answered
//   d ACCEPTED CYCLE RESPONSE DATA     so was a register read, or the last one of a poll
//   i CYCLE LEVEL                      the interrupt changed
//   n CYCLE                            invalid_code was high
//   f CYCLE                            activation_overflow rose
//   o CYCLE                            the next segment was opened
//   c NAME                             an output ready that depends on an input of the same cycle
//   s KIND PLACE BITS SIZE COUNT COUNT with -DWATCHED: what nets did in the run
//   end CYCLES STALLS                  the run is over; read data waited for STALLS cycles
//   error RUN TEXT                     a rule was broken, or nothing moves any more

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "Vengine.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif
#if VM_COVERAGE
#include "verilated_cov.h"
#endif

typedef std::vector<uint32_t> Words;
typedef std::vector<bool> Pattern;

// The ports of all tops: those that this one lacks are never driven by it.
struct Top : Vengine {
#ifdef CORE
    uint32_t s_axi_awvalid = 0, s_axi_awready = 0, s_axi_awaddr = 0, s_axi_awprot = 0;
    uint32_t s_axi_wvalid = 0, s_axi_wready = 0, s_axi_wdata = 0, s_axi_wstrb = 0;
    uint32_t s_axi_bvalid = 0, s_axi_bready = 0, s_axi_bresp = 0;
    uint32_t s_axi_arvalid = 0, s_axi_arready = 0, s_axi_araddr = 0, s_axi_arprot = 0;
    uint32_t s_axi_rvalid = 0, s_axi_rready = 0, s_axi_rdata = 0, s_axi_rresp = 0;
    uint32_t s_axis_vector_tvalid = 0, s_axis_vector_tready = 0, s_axis_vector_tdata = 0;
    uint32_t m_axis_quantized_tvalid = 0, m_axis_quantized_tready = 0;
    uint32_t m_axis_quantized_tdata = 0, m_axis_quantized_tlast = 0;
    uint32_t irq = 0;
#else
    uint32_t s_axis_job_tvalid = 0, s_axis_job_tready = 0;
    uint64_t s_axis_job_tdata = 0;
    uint32_t invalid_code = 0, activation_overflow = 0;
#endif
#ifdef FETCHED
    uint32_t s_axis_weight_tvalid = 0, s_axis_weight_tready = 0, s_axis_weight_tdata = 0;
#else
    uint32_t m_axi_arvalid = 0, m_axi_arready = 0, m_axi_arlen = 0, m_axi_arsize = 0;
    uint32_t m_axi_arburst = 0, m_axi_arcache = 0, m_axi_arprot = 0;
    uint64_t m_axi_araddr = 0;
    uint32_t m_axi_rvalid = 0, m_axi_rready = 0, m_axi_rdata = 0, m_axi_rresp = 0, m_axi_rlast = 0;
#endif
};

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

template <typename Port> static void get(const Port& port, Words& words) {
    words.assign(1, static_cast<uint32_t>(port));
    if (sizeof(Port) > 4) words.push_back(static_cast<uint32_t>(static_cast<uint64_t>(port) >> 32));
}
template <std::size_t N> static void get(const VlWide<N>& port, Words& words) {
    words.resize(N);
    for (size_t i = 0; i < N; ++i) words[i] = port[i];
}

static FILE* schedule;
static uint64_t run_index;
#if VM_TRACE
static VerilatedVcdC* waveform = nullptr;
#endif

[[noreturn]] static void fail(const char* format, ...) {
    std::printf("error %" PRIx64 " ", run_index);
    va_list arguments;
    va_start(arguments, format);
    std::vprintf(format, arguments);
    va_end(arguments);
    std::printf("\n");
#if VM_TRACE
    if (waveform) waveform->close();
#endif
    std::exit(0);
}

#ifdef WATCHED
// What watch.sv counts.
struct Watched {
    std::string kind, place;
    uint64_t bits, size, counts[2];
};
static std::vector<Watched> all_watched;

extern "C" int watched(const char* kind, const char* place, int bits, int size) {
    all_watched.push_back({kind, place, uint64_t(bits), uint64_t(size), {0, 0}});
    return static_cast<int>(all_watched.size() - 1);
}

extern "C" void counted(int index, int which, int amount) {
    all_watched[index].counts[which] += static_cast<uint64_t>(amount);
}
#endif

static uint64_t number() {
    uint64_t n = 0;
    int c = getc_unlocked(schedule);
    while (c == ' ' || c == '\n') c = getc_unlocked(schedule);
    if (c == EOF) fail("the schedule ends early");
    for (; c != ' ' && c != '\n' && c != EOF; c = getc_unlocked(schedule))
        n = n << 4 | static_cast<uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    return n;
}

// A word count may be odd where the port is rounded up to two words.
static Words words(size_t bits, size_t in_port) {
    Words w;
    for (size_t i = 0; i < (bits + 31) / 32; ++i) w.push_back(static_cast<uint32_t>(number()));
    w.resize(in_port > w.size() ? in_port : w.size());
    return w;
}

static Pattern pattern() {
    Pattern p(number());
    for (size_t i = 0; i < p.size(); ++i) p[i] = number();
    return p;
}

static bool willing(const Pattern& p, uint64_t cycle) { return p.empty() || p[cycle % p.size()]; }

// Beats, each with the first cycle in which it may be offered.
struct Stream {
    std::vector<Words> beats;
    std::vector<uint64_t> arrival;
};

static Stream stream(size_t bits, size_t in_port) {
    Stream s;
    const uint64_t count = number(), arrivals = number();
    for (uint64_t i = 0; i < count; ++i) {
        s.arrival.push_back(arrivals ? number() : 0);
        s.beats.push_back(words(bits, in_port));
    }
    return s;
}

struct Segment {
    Stream jobs, weights, activations, vectors;
    uint64_t results, quantized;
};

// Offers a stream's beats, each until it is taken.
struct Sender {
    const char letter;
    const Pattern& pattern;
    const Stream* stream = nullptr;
    size_t next = 0, end = 0;
    bool offered = false;

    Sender(char l, const Pattern& p) : letter(l), pattern(p) {}
    bool left() const { return next < end; }
    uint64_t awaited() const { return left() ? stream->arrival[next] : 0; }
    template <typename Port> bool offer(uint64_t cycle, Port& data) {
        const bool before = offered;
        offered = offered || (left() && cycle >= stream->arrival[next] && willing(pattern, cycle));
        if (offered && !before) put(data, stream->beats[next]);
        return offered;
    }
    bool take(uint64_t cycle, bool ready) {
        if (!offered || !ready) return false;
        std::printf("%c %" PRIx64 "\n", letter, cycle);
        ++next, offered = false;
        return true;
    }
    void open(const Stream& of) { stream = &of, next = 0, end = of.beats.size(); }
    // What is offered must stay; nothing is offered after it.
    void stop() { end = offered ? next + 1 : next; }
};

// Takes a stream's beats, and holds the engine to the rule that what waits does not change.
struct Receiver {
    const char letter;
    uint64_t taken = 0, offered_cycle = 0;
    bool waits = false, waiting_last = false;
    Words waiting, data;

    explicit Receiver(char l) : letter(l) {}
    template <typename Port> bool take(uint64_t cycle, bool valid, bool ready, bool last, const Port& port) {
        if (!valid && !waits) return false;
        get(port, data);
        if (waits && !(valid && last == waiting_last && data == waiting))
            fail("a waiting beat of stream %c changed in cycle %" PRIu64, letter, cycle);
        if (!waits) offered_cycle = cycle;
        waits = !ready;
        if (!ready) {
            waiting = data, waiting_last = last;
            return false;
        }
        std::printf("%c %" PRIx64 " %" PRIx64 " %x", letter, offered_cycle, cycle, last);
        for (uint32_t word : data) std::printf(" %x", word);
        std::printf("\n");
        ++taken;
        return true;
    }
};

struct Write {
    uint32_t address, data, strobe;
    uint64_t address_cycle, data_cycle, cycle;
    uint32_t response;
};

struct Read {
    uint32_t address;
    uint64_t accepted, cycle;
    uint32_t data, response;
};

enum Kind { ACCESS, POLL, WAIT, INTERRUPT, STOP, DRAIN, QUIET, OPEN };

// Accesses are offered back to back: no answer is waited for within a command.
struct Command {
    Kind kind;
    std::vector<Write> writes;
    std::vector<Read> reads;
    uint64_t mask, least, most, cycles;
};

static Command command() {
    Command c{};
    c.kind = static_cast<Kind>(number());
    if (c.kind == ACCESS) {
        c.writes.resize(number());
        for (Write& w : c.writes) {
            w.address = static_cast<uint32_t>(number());
            w.data = static_cast<uint32_t>(number());
            w.strobe = static_cast<uint32_t>(number());
        }
        c.reads.resize(number());
        for (Read& r : c.reads) r.address = static_cast<uint32_t>(number());
    } else if (c.kind == POLL) {
        c.reads.resize(1);
        c.reads[0].address = static_cast<uint32_t>(number());
        c.mask = number(), c.least = number(), c.most = number();
    } else if (c.kind == WAIT) {
        c.cycles = number();
    }
    return c;
}

struct Burst {
    uint64_t address, beats, from_cycle;
};

struct Sizes {
    size_t stream_bits, activation_bits, result_lanes;
    uint64_t burst_beats;
};

// Outputs that must not depend on an input of the same cycle: a valid never, a ready not without a word about it.
typedef std::array<bool, 13> Controls;
static const std::array<const char*, 13> CONTROLS = {
    "s_axi_bvalid", "s_axi_rvalid", "m_axis_result_tvalid", "m_axis_quantized_tvalid", "m_axi_arvalid",
    // From here on readies.
    "s_axi_awready", "s_axi_wready", "s_axi_arready", "s_axis_activation_tready", "s_axis_vector_tready",
    "s_axis_weight_tready", "m_axi_rready", "s_axis_job_tready"};
static const size_t VALIDS = 5;

static Controls controls(const Top& top) {
    return {static_cast<bool>(top.s_axi_bvalid), static_cast<bool>(top.s_axi_rvalid),
            static_cast<bool>(top.m_axis_result_tvalid), static_cast<bool>(top.m_axis_quantized_tvalid),
            static_cast<bool>(top.m_axi_arvalid), static_cast<bool>(top.s_axi_awready),
            static_cast<bool>(top.s_axi_wready), static_cast<bool>(top.s_axi_arready),
            static_cast<bool>(top.s_axis_activation_tready), static_cast<bool>(top.s_axis_vector_tready),
            static_cast<bool>(top.s_axis_weight_tready), static_cast<bool>(top.m_axi_rready),
            static_cast<bool>(top.s_axis_job_tready)};
}

static uint64_t half_cycles = 0;

static void evaluate(Top& top, bool clock) {
    top.aclk = clock;
    top.eval();
#if VM_TRACE
    if (waveform) waveform->dump(5 * half_cycles);
#endif
    ++half_cycles;
}

static void drop_valids(Top& top) {
    top.s_axi_awvalid = top.s_axi_wvalid = top.s_axi_arvalid = 0;
    top.s_axis_job_tvalid = top.s_axis_weight_tvalid = 0;
    top.s_axis_activation_tvalid = top.s_axis_vector_tvalid = 0;
    top.m_axi_rvalid = 0;
}

// At first the inputs stay what they were; then senders are in reset, too.
static void reset(Top& top, uint64_t cycles) {
    for (uint64_t i = 0; i < cycles; ++i) {
        top.aresetn = 0;
        if (i > 0) drop_valids(top);
        evaluate(top, false);
        if (i > 0) {
            const Controls now = controls(top);
            for (size_t j = 0; j < VALIDS; ++j)
                if (now[j]) fail("%s is high during reset", CONTROLS[j]);
        }
        evaluate(top, true);
    }
    top.aresetn = 1;
    drop_valids(top);
}

static void run(Top& top, const Sizes& sizes) {
    const uint64_t reset_cycles = number(), stop = number();
    std::array<Pattern, 13> patterns;
    for (Pattern& p : patterns) p = pattern();
    const Pattern &weight_valid = patterns[0], &activation_valid = patterns[1], &vector_valid = patterns[2],
                  &result_ready = patterns[3], &quantized_ready = patterns[4], &write_address_valid = patterns[5],
                  &write_data_valid = patterns[6], &write_response_ready = patterns[7],
                  &read_address_valid = patterns[8], &read_data_ready = patterns[9],
                  &burst_address_ready = patterns[10], &burst_data_valid = patterns[11], &job_valid = patterns[12];
    const size_t weight_words = std::max(words_of(top.m_axi_rdata), words_of(top.s_axis_weight_tdata));
    std::vector<Segment> segments(number());
    for (Segment& s : segments) {
        s.jobs = stream(64, words_of(top.s_axis_job_tdata));
        s.weights = stream(sizes.stream_bits, weight_words);
        s.activations = stream(sizes.activation_bits, words_of(top.s_axis_activation_tdata));
        s.vectors = stream(32 * sizes.result_lanes, words_of(top.s_axis_vector_tdata));
        s.results = number(), s.quantized = number();
    }
    std::map<uint64_t, Words> memory;
    for (uint64_t regions = number(); regions > 0; --regions) {
        uint64_t address = number();
        for (uint64_t beats = number(); beats > 0; --beats, address += sizes.stream_bits / 8)
            memory[address] = words(sizes.stream_bits, weight_words);
    }
    std::map<uint64_t, uint32_t> faults;
    for (uint64_t count = number(); count > 0; --count) {
        const uint64_t address = number();
        faults[address] = static_cast<uint32_t>(number());
    }
    std::vector<uint64_t> latencies(number());
    for (uint64_t& latency : latencies) latency = number();
    std::vector<Command> commands(number());
    for (Command& c : commands) c = command();

    reset(top, reset_cycles);
#ifdef WATCHED
    for (Watched& w : all_watched) w.counts[0] = w.counts[1] = 0;
#endif

    Sender jobs('j', job_valid), weights('w', weight_valid), activations('a', activation_valid),
        vectors('v', vector_valid);
    const std::array<Sender*, 4> senders = {&jobs, &weights, &activations, &vectors};
    Receiver results('r'), quantized('q');
    size_t segment = 0;
    const auto open = [&](size_t index) {
        segment = index;
        jobs.open(segments[index].jobs);
        weights.open(segments[index].weights);
        activations.open(segments[index].activations);
        vectors.open(segments[index].vectors);
        results.taken = quantized.taken = 0;
    };
    open(0);

    // The register port's channels: the next access of each, and whether it is offered.
    size_t at = 0, aw = 0, w = 0, b = 0, ar = 0, r = 0;
    bool begun = false, aw_offered = false, w_offered = false, ar_offered = false;
    bool b_waits = false, r_waits = false, interrupt = false, overflow = false;
    uint32_t waiting_answer = 0, waiting_response = 0, waiting_data = 0;
    uint64_t command_ends = 0;

    // The memory: bursts asked for, and beats given of the first.
    std::deque<Burst> bursts;
    uint64_t given = 0, accepted_bursts = 0, request_offered_cycle = 0, stalls = 0;
    bool data_offered = false, request_waits = false;
    uint64_t waiting_address = 0, waiting_length = 0;

    std::set<size_t> combinational;
    const uint64_t patience = 30000, tail_cycles = 40;
    uint64_t moved = 0, complete_since = UINT64_MAX;

    for (uint64_t cycle = 0;; ++cycle) {
        // Commands that need no access end in the cycle in which they begin.
        for (; at < commands.size(); ++at, begun = false, moved = cycle) {
            Command& c = commands[at];
            if (!begun) {
                begun = true;
                aw = w = b = ar = r = 0;
                command_ends = cycle + c.cycles;
                if (c.kind == STOP)
                    for (Sender* s : senders) s->stop();
            }
            bool done = true;
            if (c.kind == ACCESS) {
                done = b == c.writes.size() && r == c.reads.size();
            } else if (c.kind == POLL) {
                const uint64_t value = c.reads[0].data & c.mask;
                done = r == 1 && (c.reads[0].response != 0 || (value >= c.least && value <= c.most));
                if (r == 1 && !done) ar = r = 0;
            } else if (c.kind == WAIT) {
                done = cycle >= command_ends;
            } else if (c.kind == INTERRUPT) {
                done = interrupt;
            } else if (c.kind == STOP) {
                for (const Sender* s : senders) done = done && !s->offered;
            } else if (c.kind == DRAIN) {
                for (const Sender* s : senders) done = done && !s->left();
            } else if (c.kind == QUIET) {
                if (!bursts.empty() || request_waits) fail("a read is under way in cycle %" PRIu64 " after ABORTED", cycle);
                if (results.waits || quantized.waits) fail("a beat is offered in cycle %" PRIu64 " after ABORTED", cycle);
            } else if (c.kind == OPEN) {
                if (segment + 1 == segments.size()) fail("the schedule has no segment %zu", segment + 1);
                open(segment + 1);
                std::printf("o %" PRIx64 "\n", cycle);
            }
            if (!done) break;
            for (const Write& x : c.writes)
                std::printf("b %" PRIx64 " %" PRIx64 " %x\n",
                            x.address_cycle > x.data_cycle ? x.address_cycle : x.data_cycle, x.cycle, x.response);
            for (const Read& x : c.reads)
                std::printf("d %" PRIx64 " %" PRIx64 " %x %x\n", x.accepted, x.cycle, x.response, x.data);
        }
        if (cycle >= stop) break;
        const bool complete = at == commands.size() && results.taken >= segments[segment].results &&
                              quantized.taken >= segments[segment].quantized;
        if (complete && complete_since == UINT64_MAX) complete_since = cycle;
        // What follows the last beat would be one too many.
        if (stop == UINT64_MAX && complete && cycle >= complete_since + tail_cycles) break;
        uint64_t awaited = moved > command_ends ? moved : command_ends;
        for (const Sender* s : senders)
            if (s->awaited() > awaited) awaited = s->awaited();
        if (!bursts.empty() && bursts.front().from_cycle > awaited) awaited = bursts.front().from_cycle;
        if (stop == UINT64_MAX && cycle > awaited + patience)
            fail("nothing moved for %" PRIu64 " cycles: command %zu, segment %zu, %zu jobs, %zu weight beats, "
                 "%zu activation beats, %zu vector beats, %" PRIu64 " result beats, %" PRIu64 " quantized beats",
                 patience, at, segment, jobs.next, weights.next, activations.next, vectors.next, results.taken,
                 quantized.taken);

        // Outputs after the edge, with the inputs of the cycle before.
        const Controls before = controls(top);

        Command* c = at < commands.size() ? &commands[at] : nullptr;
        const size_t write_count = c ? c->writes.size() : 0, read_count = c ? c->reads.size() : 0;
        const bool aw_before = aw_offered, w_before = w_offered, ar_before = ar_offered;
        aw_offered = aw_offered || (aw < write_count && willing(write_address_valid, cycle));
        w_offered = w_offered || (w < write_count && willing(write_data_valid, cycle));
        ar_offered = ar_offered || (ar < read_count && willing(read_address_valid, cycle));
        if (aw_offered && !aw_before) top.s_axi_awaddr = static_cast<uint16_t>(c->writes[aw].address);
        if (w_offered && !w_before) {
            top.s_axi_wdata = c->writes[w].data;
            top.s_axi_wstrb = static_cast<uint8_t>(c->writes[w].strobe);
        }
        if (ar_offered && !ar_before) top.s_axi_araddr = static_cast<uint16_t>(c->reads[ar].address);
        top.s_axi_awvalid = aw_offered;
        top.s_axi_wvalid = w_offered;
        top.s_axi_arvalid = ar_offered;
        top.s_axi_awprot = top.s_axi_arprot = 0;
        top.s_axi_bready = willing(write_response_ready, cycle);
        top.s_axi_rready = willing(read_data_ready, cycle);
        top.s_axis_job_tvalid = jobs.offer(cycle, top.s_axis_job_tdata);
        top.s_axis_weight_tvalid = weights.offer(cycle, top.s_axis_weight_tdata);
        top.s_axis_activation_tvalid = activations.offer(cycle, top.s_axis_activation_tdata);
        top.s_axis_vector_tvalid = vectors.offer(cycle, top.s_axis_vector_tdata);
        top.m_axis_result_tready = willing(result_ready, cycle);
        top.m_axis_quantized_tready = willing(quantized_ready, cycle);
        const bool data_before = data_offered;
        data_offered = data_offered || (!bursts.empty() && cycle >= bursts.front().from_cycle &&
                                        willing(burst_data_valid, cycle));
        if (data_offered && !data_before) {
            const Burst& burst = bursts.front();
            const uint64_t address = burst.address + given * sizes.stream_bits / 8;
            const auto beat = memory.find(address);
            if (beat == memory.end()) fail("a read of address 0x%" PRIx64 ", where nothing is", address);
            const auto fault = faults.find(address);
            put(top.m_axi_rdata, beat->second);
            top.m_axi_rresp = static_cast<uint8_t>(fault == faults.end() ? 0 : fault->second);
            top.m_axi_rlast = given + 1 == burst.beats;
        }
        top.m_axi_rvalid = data_offered;
        top.m_axi_arready = willing(burst_address_ready, cycle);
        evaluate(top, false);

        const Controls now = controls(top);
        for (size_t i = 0; i < now.size(); ++i) {
            // In the first cycle the reset changed as well.
            if (now[i] == before[i] || cycle == 0) continue;
            if (i < VALIDS) fail("%s depends on an input of the same cycle, %" PRIu64, CONTROLS[i], cycle);
            if (combinational.insert(i).second) std::printf("c %s\n", CONTROLS[i]);
        }
        if (static_cast<bool>(top.irq) != interrupt) {
            interrupt = top.irq;
            std::printf("i %" PRIx64 " %x\n", cycle, interrupt);
        }
        if (top.invalid_code) std::printf("n %" PRIx64 "\n", cycle);
        if (top.activation_overflow && !overflow) std::printf("f %" PRIx64 "\n", cycle);
        overflow = top.activation_overflow;

        // The register port.
        if (b_waits && !(top.s_axi_bvalid && top.s_axi_bresp == waiting_answer))
            fail("a waiting write response changed in cycle %" PRIu64, cycle);
        if (r_waits &&
            !(top.s_axi_rvalid && top.s_axi_rresp == waiting_response && top.s_axi_rdata == waiting_data))
            fail("waiting read data changed in cycle %" PRIu64, cycle);
        if (aw_offered && top.s_axi_awready) c->writes[aw++].address_cycle = cycle, aw_offered = false;
        if (w_offered && top.s_axi_wready) c->writes[w++].data_cycle = cycle, w_offered = false;
        if (ar_offered && top.s_axi_arready) c->reads[ar++].accepted = cycle, ar_offered = false;
        b_waits = top.s_axi_bvalid && !top.s_axi_bready;
        if (top.s_axi_bvalid) {
            if (b >= aw || b >= w) fail("a write response without a write in cycle %" PRIu64, cycle);
            waiting_answer = top.s_axi_bresp;
            if (top.s_axi_bready) c->writes[b].cycle = cycle, c->writes[b++].response = top.s_axi_bresp;
        }
        r_waits = top.s_axi_rvalid && !top.s_axi_rready;
        if (top.s_axi_rvalid) {
            if (r >= ar) fail("read data without a read in cycle %" PRIu64, cycle);
            waiting_response = top.s_axi_rresp, waiting_data = top.s_axi_rdata;
            if (top.s_axi_rready) {
                Read& read = c->reads[r++];
                read.cycle = cycle, read.data = top.s_axi_rdata, read.response = top.s_axi_rresp;
            }
        }

        // The streams.
        bool any = jobs.take(cycle, top.s_axis_job_tready);
        any |= weights.take(cycle, top.s_axis_weight_tready);
        any |= activations.take(cycle, top.s_axis_activation_tready);
        any |= vectors.take(cycle, top.s_axis_vector_tready);
        any |= results.take(cycle, top.m_axis_result_tvalid, top.m_axis_result_tready, top.m_axis_result_tlast,
                            top.m_axis_result_tdata);
        any |= quantized.take(cycle, top.m_axis_quantized_tvalid, top.m_axis_quantized_tready,
                              top.m_axis_quantized_tlast, top.m_axis_quantized_tdata);
        const uint64_t bytes = sizes.stream_bits / 8;
        if (request_waits && !(top.m_axi_arvalid && top.m_axi_araddr == waiting_address && top.m_axi_arlen == waiting_length))
            fail("a waiting burst request changed in cycle %" PRIu64, cycle);
        if (top.m_axi_arvalid && !request_waits) {
            request_offered_cycle = cycle;
            const uint64_t address = top.m_axi_araddr, beats = top.m_axi_arlen + 1u;
            if (UINT64_C(1) << top.m_axi_arsize != bytes) fail("arsize is %u", unsigned(top.m_axi_arsize));
            if (top.m_axi_arburst != 1 || top.m_axi_arcache != 3 || top.m_axi_arprot != 0)
                fail("arburst is %u, arcache %u, arprot %u", unsigned(top.m_axi_arburst), unsigned(top.m_axi_arcache),
                     unsigned(top.m_axi_arprot));
            if (beats > sizes.burst_beats) fail("a burst of %" PRIu64 " beats", beats);
            if (address % bytes) fail("a burst at 0x%" PRIx64 ", which is no whole beat", address);
            if (address / 4096 != (address + beats * bytes - 1) / 4096)
                fail("a burst of %" PRIu64 " beats at 0x%" PRIx64 " crosses 4 KB", beats, address);
        }
        request_waits = top.m_axi_arvalid && !top.m_axi_arready;
        waiting_address = top.m_axi_araddr, waiting_length = top.m_axi_arlen;
        stalls += data_offered && !top.m_axi_rready;
        if (data_offered && top.m_axi_rready) {
            std::printf("w %" PRIx64 "\n", cycle);
            data_offered = false, any = true;
            if (++given == bursts.front().beats) bursts.pop_front(), given = 0;
        }
        if (top.m_axi_arvalid && top.m_axi_arready) {
            const uint64_t latency = latencies.empty() ? 1 : latencies[accepted_bursts % latencies.size()];
            ++accepted_bursts, any = true;
            bursts.push_back({top.m_axi_araddr, top.m_axi_arlen + 1u, cycle + latency});
            std::printf("m %" PRIx64 " %" PRIx64 " %" PRIx64 " %x\n", request_offered_cycle, cycle,
                        static_cast<uint64_t>(top.m_axi_araddr), top.m_axi_arlen + 1u);
        }
        if (any) moved = cycle;
        evaluate(top, true);
    }
#ifdef WATCHED
    for (const Watched& w : all_watched)
        std::printf("s %s %s %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 "\n", w.kind.c_str(), w.place.c_str(),
                    w.bits, w.size, w.counts[0], w.counts[1]);
#endif
    std::printf("end %" PRIx64 " %" PRIx64 "\n", stop == UINT64_MAX ? moved + 1 : stop, stalls);
}

int main(int argc, char** argv) {
    if ((argc != 3 && argc != 5) || !(schedule = std::fopen(argv[1], "r"))) {
        std::printf("error 0 no schedule\n");
        return 0;
    }
    Verilated::randReset(2);
    Verilated::randSeed(std::atoi(argv[2]));
#if VM_TRACE
    Verilated::traceEverOn(true);
#endif
    Top top;
    top.aclk = 0;
    top.aresetn = 1;
    top.eval();
    Sizes sizes;
    sizes.stream_bits = number(), sizes.activation_bits = number(), sizes.result_lanes = number();
    sizes.burst_beats = number();
    const uint64_t runs = number();
    for (run_index = 0; run_index < runs; ++run_index) {
#if VM_TRACE
        if (argc == 5 && run_index == std::strtoull(argv[4], nullptr, 10)) {
            waveform = new VerilatedVcdC;
            top.trace(waveform, 99);
            waveform->open(argv[3]);
        } else if (waveform) {
            waveform->close();
            waveform = nullptr;
        }
#endif
        run(top, sizes);
    }
#if VM_TRACE
    if (waveform) waveform->close();
#endif
#if VM_COVERAGE
    Verilated::threadContextp()->coveragep()->write("coverage.dat");
#endif
    top.final();
    return 0;
}
