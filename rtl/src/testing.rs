//! Drives a block, cycle by cycle, as RustHDL simulates it and as Icarus Verilog runs its emitted text, and compares.
//!
//! With `TRITIUM_RECORD=DIR` in the environment every comparison that holds is also written to `DIR`, so that faults set
//! into the text can meet it again without RustHDL: `rtl/examples/mutation`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::Location;
use std::path::{Path, PathBuf};

use contract::latency::{LATE_LANE, LATE_LANE_CYCLES};
use contract::packing::TRITS_PER_BYTE;
use rust_hdl::prelude::{Block, Clock, Direction, In, Signal, simulate};

use crate::hdl::{Bus, Pack, Word};
use crate::{eda, verilog};

/// A port of a block: one value an element.
pub(crate) trait Pins {
    fn widths(&self) -> Vec<usize>;
    fn set(&mut self, values: &[u64]);
    fn get(&self) -> Vec<u64>;
}

impl<D: Direction> Pins for Bus<D> {
    fn widths(&self) -> Vec<usize> {
        vec![self.read().bits()]
    }
    fn set(&mut self, values: &[u64]) {
        self.next = Word::new(values[0], self.read().bits());
    }
    fn get(&self) -> Vec<u64> {
        vec![self.read().value()]
    }
}

impl<T: Pins> Pins for Pack<T> {
    fn widths(&self) -> Vec<usize> {
        self.iter().flat_map(Pins::widths).collect()
    }
    fn set(&mut self, values: &[u64]) {
        let each = values.len() / self.len();
        self.iter_mut().zip(values.chunks(each)).for_each(|(element, values)| element.set(values));
    }
    fn get(&self) -> Vec<u64> {
        self.iter().flat_map(Pins::get).collect()
    }
}

/// A port's name, and where it is in the block.
pub(crate) type Pin<B> = (&'static str, fn(&mut B) -> &mut dyn Pins);

/// For each port, one value an element.
pub(crate) type Values = Vec<Vec<u64>>;

/// The activations, which are the first port's, as a column wants them: those of the lanes that a byte adds last come later than the others
/// of their cycle, and before the first there is anything.
pub(crate) fn late_lanes(mut cycles: Vec<Values>) -> Vec<Values> {
    let lanes = cycles.first().map_or(0, |cycle| cycle[0].len());
    for lane in (LATE_LANE..lanes).step_by(TRITS_PER_BYTE) {
        for i in (LATE_LANE_CYCLES as usize..cycles.len()).rev() {
            cycles[i][0][lane] = cycles[i - LATE_LANE_CYCLES as usize][0][lane];
        }
    }
    cycles
}

/// A block on the bench.
pub(crate) struct Bench<B> {
    pub(crate) name: &'static str,
    pub(crate) block: B,
    pub(crate) clock: fn(&mut B) -> &mut Signal<In, Clock>,
    pub(crate) inputs: Vec<Pin<B>>,
    pub(crate) outputs: Vec<Pin<B>>,
}

/// `bench!(block in name: input, ... => output, ...)`; the ports are the block's fields, the name is its module's.
macro_rules! bench {
    ($block:expr, $name:literal: $($input:ident),* => $($output:ident),*) => {
        $crate::testing::Bench {
            name: $name,
            block: $block,
            clock: |block| &mut block.clock,
            inputs: vec![$((stringify!($input), |block| &mut block.$input)),*],
            outputs: vec![$((stringify!($output), |block| &mut block.$output)),*],
        }
    };
}
pub(crate) use bench;

impl<B: Block> Bench<B> {
    /// Applies `cycles` to both and returns what the outputs were in each cycle, before its rising edge.
    ///
    /// What Icarus calls unknown is not compared before the cycle `known_from`, and must not occur from there on.
    #[track_caller]
    pub(crate) fn run(&mut self, cycles: &[Values], known_from: usize) -> Vec<Values> {
        self.block.connect_all();
        let simulated = self.simulate(cycles);
        self.compare(cycles, known_from, &simulated);
        simulated
    }

    /// The same, where what surrounds the block reacts to it: `next` gets the outputs of the cycle before (none in the
    /// first) and gives the inputs of this one. Icarus gets the inputs that RustHDL got.
    #[track_caller]
    pub(crate) fn run_reactive(
        &mut self,
        cycles: usize,
        known_from: usize,
        mut next: impl FnMut(Option<&Values>) -> Values,
    ) -> Vec<(Values, Values)> {
        self.block.connect_all();
        let (mut inputs, mut outputs) = (vec![], vec![]);
        for _ in 0..cycles {
            let values = next(outputs.last());
            outputs.push(self.step(&values));
            inputs.push(values);
        }
        self.compare(&inputs, known_from, &outputs);
        inputs.into_iter().zip(outputs).collect()
    }

    /// The emitted Verilog does in Icarus what RustHDL `simulated`.
    #[track_caller]
    fn compare(&mut self, cycles: &[Values], known_from: usize, simulated: &[Values]) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let emitted = self.icarus(cycles, dir.path());
        assert_eq!(simulated.len(), emitted.len());
        for (cycle, (simulated, emitted)) in simulated.iter().zip(&emitted).enumerate() {
            for (((name, _), simulated), emitted) in self.outputs.iter().zip(simulated).zip(emitted) {
                for (simulated, emitted) in simulated.iter().zip(emitted) {
                    assert!(emitted.is_some() || cycle < known_from, "{name} is unknown in cycle {cycle}");
                    assert!(
                        emitted.is_none_or(|e| e == *simulated),
                        "{name} in cycle {cycle}: {simulated} is {emitted:?}"
                    );
                }
            }
        }
        if let Some(records) = std::env::var_os("TRITIUM_RECORD") {
            let outputs: Vec<(&str, Vec<usize>)> = self.widths_of(false);
            let expected: Vec<String> = simulated.iter().map(|values| vector(values, &outputs)).collect();
            eda::write(&dir.path().join("expected.txt"), &expected.join("\n")).expect("a file");
            eda::write(&dir.path().join("known_from.txt"), &known_from.to_string()).expect("a file");
            record(dir.path(), &PathBuf::from(records).join(caller()));
        }
    }

    /// RustHDL's simulation alone.
    pub(crate) fn simulate(&mut self, cycles: &[Values]) -> Vec<Values> {
        cycles.iter().map(|values| self.step(values)).collect()
    }

    /// One cycle of it: the outputs before its rising edge.
    fn step(&mut self, values: &Values) -> Values {
        let block = &mut self.block;
        let settle = |block: &mut B, clock: bool| {
            (self.clock)(block).next = clock.into();
            assert!(simulate(block, 1000), "the block does not settle");
        };
        for ((_, pin), values) in self.inputs.iter().zip(values) {
            pin(block).set(values);
        }
        settle(block, false);
        let outputs = self.outputs.iter().map(|(_, pin)| pin(block).get()).collect();
        settle(block, true);
        outputs
    }

    /// The emitted Verilog under Icarus; an unknown bit makes its element `None`.
    fn icarus(&mut self, cycles: &[Values], dir: &Path) -> Vec<Vec<Vec<Option<u64>>>> {
        let text = verilog::emit(&mut self.block, self.name).expect("a design without faults");
        let inputs: Vec<(&str, Vec<usize>)> = self.widths_of(true);
        let outputs: Vec<(&str, Vec<usize>)> = self.widths_of(false);
        let bench = testbench(self.name, &inputs, &outputs, cycles.len());
        let vectors: Vec<String> = cycles.iter().map(|values| vector(values, &inputs)).collect();
        eda::write(&dir.join("block.v"), &text).expect("a file");
        eda::write(&dir.join("bench.v"), &bench).expect("a file");
        eda::write(&dir.join("vectors.txt"), &vectors.join("\n")).expect("a file");
        let compile = ["-g2005", "-Wall", "-o", "bench.vvp", "block.v", "bench.v"];
        eda::Tool::Iverilog.run(dir, &compile).expect("Icarus compiles it");
        let printed = eda::Tool::Vvp.run(dir, &["-n", "bench.vvp"]).expect("Icarus runs it");
        printed.lines().map(|line| elements(line, &outputs)).collect()
    }

    fn widths_of(&mut self, inputs: bool) -> Vec<(&'static str, Vec<usize>)> {
        let pins = if inputs { &self.inputs } else { &self.outputs };
        pins.iter().map(|(name, pin)| (*name, pin(&mut self.block).widths())).collect()
    }

    /// Yosys elaborates the block and finds no multiplier, Verilator has no warning.
    pub(crate) fn assert_synthesises(&mut self) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let text = verilog::emit(&mut self.block, self.name).expect("a design without faults");
        eda::lint(dir.path(), &text).expect("no warning");
        let cells = eda::cells(dir.path(), &text, self.name, "").expect("Yosys accepts it");
        assert!(!cells.is_empty() && !cells.iter().any(|(cell, _)| eda::is_multiplier(cell)), "{cells:?}");
    }
}

/// The block under test: a block's file is named as its module, and its tests stand in it.
#[track_caller]
fn caller() -> PathBuf {
    PathBuf::from(Location::caller().file()).file_stem().expect("a file").into()
}

/// Keeps what a comparison consisted of, under a name that is the same every time: `of/<hash>/`.
fn record(dir: &Path, of: &Path) {
    let files = ["block.v", "bench.v", "vectors.txt", "expected.txt", "known_from.txt"];
    let texts = files.map(|file| std::fs::read_to_string(dir.join(file)).expect("a file"));
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    let to = of.join(format!("{:016x}", hasher.finish()));
    std::fs::create_dir_all(&to).expect("a folder");
    for (file, text) in files.iter().zip(&texts) {
        eda::write(&to.join(file), text).expect("a file");
    }
}

/// All values in binary, the first port's first element last, as `$readmemb` reads it.
fn vector(values: &Values, pins: &[(&str, Vec<usize>)]) -> String {
    let mut bits = String::new();
    for (values, (_, widths)) in values.iter().zip(pins).rev() {
        assert_eq!(values.len(), widths.len(), "as many values as elements");
        for (value, &width) in values.iter().zip(widths).rev() {
            bits += &format!("{value:0width$b}");
        }
    }
    bits
}

/// The reverse: a line of 0, 1 and x.
fn elements(line: &str, pins: &[(&str, Vec<usize>)]) -> Vec<Vec<Option<u64>>> {
    let mut rest = line.trim();
    let mut element = |width: &usize| {
        let (before, own) = rest.split_at(rest.len() - width);
        rest = before;
        u64::from_str_radix(own, 2).ok()
    };
    pins.iter().map(|(_, widths)| widths.iter().map(&mut element).collect()).collect()
}

fn testbench(
    name: &str,
    inputs: &[(&str, Vec<usize>)],
    outputs: &[(&str, Vec<usize>)],
    cycles: usize,
) -> String {
    let mut connections = vec![".clock(clock)".to_owned()];
    let mut connect = |pins: &[(&str, Vec<usize>)], bus: &str| {
        let mut low = 0;
        for (port, widths) in pins {
            let width: usize = widths.iter().sum();
            connections.push(format!(".{port}({bus}[{low} +: {width}])"));
            low += width;
        }
        low - 1
    };
    let (in_top, out_top) = (connect(inputs, "in"), connect(outputs, "out"));
    format!(
        "module bench;
  reg [{in_top}:0] vectors [0:{last}];
  reg [{in_top}:0] in;
  wire [{out_top}:0] out;
  reg clock = 0;
  integer i;
  {name} dut ({connections});
  initial begin
    $readmemb(\"vectors.txt\", vectors);
    for (i = 0; i <= {last}; i = i + 1) begin
      in = vectors[i];
      #1 $display(\"%b\", out);
      #1 clock = 1;
      #1 clock = 0;
    end
  end
endmodule
",
        last = cycles - 1,
        connections = connections.join(", ")
    )
}
