//! A request from end to end: both machines, every phase, and how they compare.

use std::collections::BTreeSet;

use contract::kv::KvForm;
use energy::{Accounting, Area, AreaTable, CostTable, Events};
use model::{Shape, WeightFormat};
use rayon::prelude::*;

use crate::baseline::{self, Equal};
use crate::board::BoardComparison;
use crate::chip::Chip;
use crate::events::Share;
use crate::mapping::{Mapping, Tiling, linear_stripes};
use crate::memory_energy::dram_by_commands;
use crate::registers::Registers;
use crate::result::{
    Baseline, DramCommands, EnergyPair, EnergyRatios, EnergyReport, Joules, OperatorResult, Options, OwnTime,
    Phase, PhaseReport, Ratios, Report, Run, SCHEMA_VERSION, Verification,
};
use crate::timing::{self, Timing};
use crate::workload::{Machine, Work, Workload};
use crate::{Error, board, events, parts, verified};

/// How many sequences are served together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// So many.
    Size(u64),
    /// As many as the chips that hold the weights hold caches for.
    Max,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Phases to simulate.
    pub phases: Vec<Phase>,
    /// Tokens of a prompt.
    pub prompt: u64,
    /// Tokens in the cache before a decode step.
    pub context: u64,
    /// Sequences.
    pub batch: Batch,
    /// What the ternary machine's head is held in, if not as the model says.
    pub head: Option<WeightFormat>,
    /// What the ternary machine's keys and values are held in; the FP16 baseline's are FP16.
    pub kv: KvForm,
    /// Of the ternary weights, those that are zero.
    pub zeros: Share,
    /// What the baseline's chip has in common with the ternary one.
    pub equal: Equal,
    /// Phases to run other baselines in, too, and FP16 by other measures of equality.
    pub baselines: Vec<Phase>,
    /// Whether intervals that were stepped before may be skipped; the result is the same.
    pub skip: bool,
}

/// The largest prompt and context: beyond any model's positions.
pub const MAX_TOKENS: u64 = 1 << 24;
/// The largest batch.
pub const MAX_BATCH: u64 = 1 << 20;
/// The most multiply-accumulates of a run, padding included: each clocks at most 64 bits of registers, or counts as several.
const MAX_MACS: u128 = 1 << 57;

/// Simulates a model on a chip, ternary and FP16.
///
/// # Errors
/// A count out of its range, a model that the chip cannot hold.
pub fn simulate(shape: &Shape, chip: &Chip, request: &Request) -> Result<Report, Error> {
    for (field, value) in [("prompt", request.prompt), ("context", request.context)] {
        if !(1..=MAX_TOKENS).contains(&value) {
            return Err(Error::Option { field, value, expected: "from 1 to 2^24" });
        }
    }
    let energy = |error: energy::EnergyError| Error::Energy(error.to_string());
    let costs = CostTable::seven_nm().map_err(energy)?;
    let areas = AreaTable::seven_nm(&costs).map_err(energy)?;
    // The two that stand in full, then those that stand beside.
    let mut machines = vec![(Machine::Ternary, Equal::Lanes), (Machine::Fp16, request.equal)];
    if !request.baselines.is_empty() {
        let others = Equal::ALL.into_iter().filter(|&equal| equal != request.equal);
        machines.extend(others.map(|equal| (Machine::Fp16, equal)));
        machines
            .extend([Machine::Bf16, Machine::W8a8, Machine::W4a16].map(|machine| (machine, request.equal)));
    }
    let mut chips = Vec::with_capacity(machines.len());
    let mut sized = Vec::with_capacity(machines.len());
    for (machine, equal) in machines {
        match baseline::chip(chip, machine, equal, request.zeros, &costs) {
            // Only what stands in full must be there.
            Err(Error::NoBaseline { .. }) if sized.len() >= 2 => {}
            other => {
                chips.push(other?);
                sized.push((machine, equal));
            }
        }
    }
    let machines = sized;
    let setups: Vec<_> = chips.iter().map(|chip| Setup { shape, chip, request }).collect();
    let batches = machines
        .iter()
        .zip(&setups)
        .map(|(&(machine, _), setup)| setup.batch(machine))
        .collect::<Result<Vec<_>, Error>>()?;
    // Two measures of equality may lead to one chip, which is run once.
    let same = |a: usize, b: usize| machines[a].0 == machines[b].0 && chips[a] == chips[b];
    let first: Vec<usize> = (0..machines.len())
        .map(|index| (0..index).find(|&earlier| same(earlier, index)).unwrap_or(index))
        .collect();
    let mut runs: Vec<_> = (0..machines.len())
        .filter(|&index| first[index] == index)
        .flat_map(|index| request.phases.iter().map(move |&phase| (index, phase)))
        .filter(|(index, phase)| *index < 2 || request.baselines.contains(phase))
        .collect();
    // The longest first, so that no processor waits for the last one: prompts, and of these those with the most bytes.
    runs.sort_by_key(|&(index, phase)| (phase == Phase::Decode, machines[index].0 == Machine::Ternary));
    let measured = runs
        .par_iter()
        .map(|&(index, phase)| {
            let (machine, _) = machines[index];
            setups[index].run(machine, phase, batches[index], &costs, &areas)
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let of = |index: usize, phase: Phase| {
        let run = runs.iter().position(|&run| run == (first[index], phase));
        run.map(|run| &measured[run])
    };
    let phase_report = |phase: Phase| -> Option<PhaseReport> {
        let (ternary, fp16) = (of(0, phase)?, of(1, phase)?);
        let head = request.head.unwrap_or(shape.head_format);
        let board = board::compare(chip.spec.board.as_ref(), shape, head, &ternary.run);
        let baselines = (2..machines.len())
            .filter_map(|index| {
                Some(baseline_of(ternary, of(index, phase)?, machines[index], batches[index]))
            })
            .collect();
        Some(PhaseReport { baselines, ..compare(ternary.clone(), fp16.clone(), board) })
    };
    Ok(Report {
        schema_version: SCHEMA_VERSION,
        model: shape.name.clone(),
        chip: chip.spec.name.clone(),
        options: Options {
            prompt: request.prompt,
            context: request.context,
            batch: batches[0],
            fp16_batch: batches[1],
            head: request.head.unwrap_or(shape.head_format),
            kv_bits: request.kv.value_bits(),
            equal: request.equal,
        },
        phases: request.phases.iter().filter_map(|&phase| phase_report(phase)).collect(),
    })
}

struct Setup<'a> {
    shape: &'a Shape,
    chip: &'a Chip,
    request: &'a Request,
}

impl<'a> Setup<'a> {
    fn workload(&self, machine: Machine, phase: Phase, batch: u64) -> Workload<'a> {
        let head_format = match machine {
            Machine::Ternary => self.request.head.unwrap_or(self.shape.head_format),
            Machine::Bf16 => WeightFormat::Bf16,
            Machine::Fp16 | Machine::W8a8 | Machine::W4a16 => WeightFormat::F16,
        };
        let length = if phase == Phase::Prefill { self.request.prompt } else { self.request.context };
        let kv = match machine {
            Machine::Ternary => self.request.kv,
            Machine::Fp16 | Machine::Bf16 | Machine::W8a8 | Machine::W4a16 => KvForm::F16,
        };
        Workload { kv, ..Workload::new(self.shape, machine, head_format, phase, batch, length) }
    }

    /// The batch of a machine; `max` is the largest that needs no more chips than one sequence does, in any phase.
    fn batch(&self, machine: Machine) -> Result<u64, Error> {
        let fits = |batch| {
            self.request.phases.iter().try_fold(true, |all, &phase| {
                let chips = |batch| {
                    let workload = self.workload(machine, phase, batch);
                    check_size(&workload)?;
                    Ok(Mapping::new(workload, self.chip)?.chips)
                };
                match chips(batch) {
                    Ok(needed) => Ok(all && needed == chips(1)?),
                    Err(Error::DoesNotFit { .. } | Error::TooLarge { .. }) if batch > 1 => Ok(false),
                    Err(error) => Err(error),
                }
            })
        };
        match self.request.batch {
            Batch::Size(batch) if (1..=MAX_BATCH).contains(&batch) => Ok(batch),
            Batch::Size(value) => {
                Err(Error::Option { field: "batch", value, expected: "from 1 to 2^20, or max" })
            }
            Batch::Max => {
                let (mut fitting, mut too_many) = (1, MAX_BATCH + 1);
                fits(1)?;
                while too_many - fitting > 1 {
                    let middle = fitting + (too_many - fitting) / 2;
                    if fits(middle)? { fitting = middle } else { too_many = middle }
                }
                Ok(fitting)
            }
        }
    }

    fn run(
        &self,
        machine: Machine,
        phase: Phase,
        batch: u64,
        costs: &CostTable,
        areas: &AreaTable,
    ) -> Result<Measured, Error> {
        let workload = self.workload(machine, phase, batch);
        check_size(&workload)?;
        let mapping = Mapping::new(workload, self.chip)?;
        check_padding(&mapping)?;
        let timing = timing::run(&mapping, self.request.skip);
        let events = events::count(&mapping, &timing, self.request.zeros)?;
        Measured::new(&mapping, &timing, events, costs, parts::area(self.chip, machine, areas)?)
    }
}

/// Multiply-accumulates of the linears that run on the array.
fn array_macs(mapping: &Mapping) -> u64 {
    let workload = &mapping.workload;
    let logits: u64 = (0..mapping.passes()).map(|index| mapping.pass(index).logits).sum();
    let router_on_array = matches!(workload.machine, Machine::Fp16 | Machine::Bf16);
    let router = if router_on_array { workload.shape.router_parameters() } else { 0 };
    let head = if mapping.head_on_array() { workload.shape.embedding_parameters() } else { 0 };
    workload.tokens() * (workload.shape.active_linear_parameters() + router) + logits * head
}

/// Refuses a run whose counts could leave 64 bits.
fn check_size(workload: &Workload) -> Result<(), Error> {
    let shape = workload.shape;
    let tokens = u128::from(workload.tokens());
    let weights = u128::from(shape.linear_parameters() + shape.embedding_parameters());
    let attended =
        u128::from(workload.positions()) * u128::from(shape.num_hidden_layers * shape.q_size()) * 2;
    if tokens * (weights + attended) > MAX_MACS {
        return Err(Error::TooLarge { tokens: workload.tokens(), model: shape.name.clone() });
    }
    Ok(())
}

/// The same for the lanes that a tile pads: a chip's tiles may be far larger than a model's matrices.
fn check_padding(mapping: &Mapping) -> Result<(), Error> {
    let (chip, workload) = (mapping.chip, &mapping.workload);
    let registers = Registers::of(workload.machine, &chip.spec);
    let mut lanes = 0;
    for operator in workload.layer().iter().chain(&workload.epilogue()) {
        if let Work::Linear { n, k, format } = operator.work {
            let tiling = Tiling::new(chip, format, n, k);
            // A small tile may clock more than 64 bits a lane.
            let bits = registers.of_step(&chip.spec, tiling.beats * tiling.beat_bytes);
            let tile = bits.div_ceil(64).max(chip.spec.lanes * chip.spec.columns);
            lanes += u128::from(tiling.tiles) * u128::from(tiling.steps) * u128::from(tile);
        }
    }
    let layers = u128::from(workload.shape.num_hidden_layers);
    if lanes * layers * u128::from(workload.tokens()) > MAX_MACS {
        return Err(Error::TooLarge { tokens: workload.tokens(), model: workload.shape.name.clone() });
    }
    Ok(())
}

/// A run and its energy.
#[derive(Clone)]
struct Measured {
    run: Run,
    joules: [Joules; 3],
}

impl Measured {
    fn new(
        mapping: &Mapping,
        timing: &Timing,
        events: Events,
        costs: &CostTable,
        area: Area,
    ) -> Result<Measured, Error> {
        let (chip, workload) = (mapping.chip, &mapping.workload);
        let clock_hz = chip.spec.clock_mhz as f64 * 1e6;
        let seconds = timing.cycles as f64 / clock_hz;
        let tokens = workload.tokens();
        let dram_bytes = events.dram.read_bytes + events.dram.written_bytes;
        let mut joules = Vec::with_capacity(3);
        for accounting in Accounting::ALL {
            let breakdown = accounting
                .energy(&events, costs, chip.spec.static_power_w)
                .map_err(|error| Error::Energy(error.to_string()))?;
            joules.push(Joules { total: breakdown.total(), components: breakdown.components });
        }
        let joules: [Joules; 3] = joules.try_into().unwrap_or_else(|_| unreachable!("three accountings"));
        let by_bit_j = joules[2].components.get("dram").copied().unwrap_or_default();
        let commands = timing.channel * chip.spec.dram.channels;
        let run = Run {
            phase: workload.phase,
            tokens,
            tokens_per_pass: mapping.tokens_per_pass,
            passes: mapping.passes(),
            mapping: mapping.limit.clone(),
            cycles: timing.cycles,
            seconds,
            tokens_per_second: tokens as f64 / seconds,
            time_to_first_token_s: (workload.phase == Phase::Prefill).then_some(seconds),
            tokens_per_joule: tokens as f64 / joules[2].total,
            energy_delay_j_s: joules[2].total / tokens as f64 * seconds,
            tokens_per_second_per_mm2: tokens as f64 / seconds / (area.total_mm2 * mapping.chips as f64),
            dram_bytes,
            dram_bandwidth_gb_s: dram_bytes as f64 / seconds / 1e9,
            dram_peak_gb_s: chip.dram_peak_gb_s(),
            stream_peak_gb_s: chip.stream_peak_gb_s(),
            dram_commands: DramCommands {
                reads: commands.reads,
                writes: commands.writes,
                activates: commands.activates,
                precharges: commands.precharges,
                refreshes: commands.refreshes * mapping.chips,
            },
            ungated_clock_j: energy::ungated_clock_j(&events.datapath, costs)
                .map_err(|error| Error::Energy(error.to_string()))?,
            dram_by_commands: dram_by_commands(chip, mapping.chips, timing, by_bit_j)?,
            array_utilization: array_macs(mapping) as f64
                / (chip.lanes_total() as f64 * timing.cycles as f64),
            array_busy_cycles: timing.array_busy_cycles,
            stalls: timing.stalls,
            chips: mapping.chips,
            lanes: chip.lanes_total(),
            area,
            resident_bytes: mapping.resident_bytes,
            operators: timing
                .operators
                .iter()
                .map(|operator| OperatorResult {
                    name: operator.name,
                    count: operator.count,
                    cycles: operator.cycles,
                    bytes: operator.stripes * chip.stripe_bytes(),
                    verification: verification(mapping, operator.on_array),
                })
                .collect(),
            skipped_fraction: timing.skipped_fraction,
            events,
            own_time: timing
                .operators
                .iter()
                .zip(&timing.own_time)
                .map(|(operator, time)| OwnTime { name: operator.name, seconds: time.as_secs_f64() })
                .collect(),
        };
        check_bounds(mapping, &run)?;
        Ok(Measured { run, joules })
    }
}

/// Of the FP16 baseline there is no RTL; nor of anything but the array.
fn verification(mapping: &Mapping, on_array: bool) -> Verification {
    match mapping.workload.machine {
        Machine::Ternary if on_array => verified::ternary_engine(mapping.chip),
        _ => Verification::Modelled,
    }
}

/// Physical bounds and conservation, on every result: a violation is a fault of this program.
fn check_bounds(mapping: &Mapping, run: &Run) -> Result<(), Error> {
    let (chip, workload) = (mapping.chip, &mapping.workload);
    let ensure =
        |holds: bool, what: &'static str| if holds { Ok(()) } else { Err(Error::Inconsistent { what }) };
    let itemised: u64 = run.operators.iter().map(|operator| operator.bytes).sum();
    ensure(itemised == run.dram_bytes, "every byte on the pins belongs to an operator")?;
    let (mut images, mut linears) = (0, BTreeSet::new());
    for operator in workload.layer() {
        if let Work::Linear { n, k, format } = operator.work {
            let passes =
                (0..run.passes).filter(|&i| workload.rows(operator.rows, &mapping.pass(i)) > 0).count();
            images += passes as u64 * linear_stripes(workload.machine, chip, format, n, k);
            linears.insert(operator.name);
        }
    }
    let moved: u64 = run.operators.iter().filter(|o| linears.contains(o.name)).map(|o| o.bytes).sum();
    let expected = images * chip.stripe_bytes() * workload.shape.num_hidden_layers;
    ensure(
        moved == expected,
        "the weights cross the pins once a pass, those of experts without a token never",
    )?;
    ensure(run.dram_bandwidth_gb_s <= run.dram_peak_gb_s, "bandwidth stays within the DRAM's peak")?;
    ensure(run.array_utilization <= 1.0, "there are no more products than lanes")?;
    ensure(run.array_busy_cycles + run.stalls.total() == run.cycles, "every cycle has one cause")?;
    let operators: u64 = run.operators.iter().map(|operator| operator.cycles).sum();
    ensure(operators == run.cycles, "every cycle has one operator")
}

fn compare(ternary: Measured, fp16: Measured, board: Option<BoardComparison>) -> PhaseReport {
    // Energies are compared a token, since `--batch max` gives the machines different batches.
    let tokens = fp16.run.tokens as f64 / ternary.run.tokens as f64;
    let energy = |index: usize| fp16.joules[index].total / ternary.joules[index].total / tokens;
    let ratio = Ratios {
        latency: fp16.run.seconds / ternary.run.seconds,
        throughput: ternary.run.tokens_per_second / fp16.run.tokens_per_second,
        energy: EnergyRatios { paper: energy(0), datapath: energy(1), system: energy(2) },
    };
    let pairs =
        ternary.joules.into_iter().zip(fp16.joules).map(|(ternary, fp16)| EnergyPair { ternary, fp16 });
    let [paper, datapath, system]: [EnergyPair; 3] =
        pairs.collect::<Vec<_>>().try_into().unwrap_or_else(|_| unreachable!("three accountings"));
    PhaseReport {
        ternary: ternary.run,
        fp16: fp16.run,
        energy_j: EnergyReport { paper, datapath, system },
        ratio,
        baselines: Vec::new(),
        board,
    }
}

/// A further baseline beside the ternary machine.
fn baseline_of(
    ternary: &Measured,
    other: &Measured,
    (machine, equal): (Machine, Equal),
    batch: u64,
) -> Baseline {
    let j_per_token = |measured: &Measured, accounting: usize| {
        measured.joules[accounting].total / measured.run.tokens as f64
    };
    let run = &other.run;
    Baseline {
        machine: machine.name(),
        equal,
        lanes: run.lanes,
        area_mm2: run.area.total_mm2,
        chips: run.chips,
        batch,
        seconds: run.seconds,
        tokens_per_second: run.tokens_per_second,
        tokens_per_second_per_mm2: run.tokens_per_second_per_mm2,
        datapath_j_per_token: j_per_token(other, 1),
        system_j_per_token: j_per_token(other, 2),
        energy_ratio: j_per_token(other, 2) / j_per_token(ternary, 2),
        throughput_ratio: ternary.run.tokens_per_second / run.tokens_per_second,
    }
}
