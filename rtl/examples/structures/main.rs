//! What a column of the array costs, for the structures that it could have: the measurement behind `dot_unit`.
//!
//! `cargo run --release -p tritium-rtl --example structures` prints a table; with numbers of lanes behind it (`-- 80 80 20`: counted,
//! routed on ECP5, routed on iCE40) that of other sizes, with words behind those only the rows whose names have one of them, and with
//! the word `check` no table: only the results of the structures are compared.
//! Each structure is Verilog from a small function, but for the one that ships, which is `dot_unit` as it is emitted.
//! Before it is measured, Icarus runs it, and every result must be the contract's.
//!
//! | file | has |
//! |---|---|
//! | `text` | signals, registers, adders, trees |
//! | `lane` | how an activation meets its trit |
//! | `tree` | how the lanes are added |
//! | `accumulator` | how a sum meets its slot |
//! | `lookup` | sums of several activations, made once for all columns, from which a column selects |
//! | `broadcast` | how activations come to many columns |
//! | `check` | a structure in Icarus against the contract |
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

mod accumulator;
mod broadcast;
mod check;
mod lane;
mod lookup;
mod text;
mod tree;

use std::error::Error;

use contract::Trit;
use rtl::synthesis::{Count, Route, Target, measure};

use crate::text::{ACC, ACTIVATION, CONTROL};

/// A column, or several, and what they share with all others.
pub(crate) struct Structure {
    /// The module `shared`: from `activation` to what columns get in its place, `made`. Empty if that is the same.
    pub(crate) shared: String,
    /// Cycles of `shared`.
    pub(crate) shared_cycles: usize,
    /// The module `column`, and what it stands on.
    pub(crate) column: String,
    pub(crate) lanes: usize,
    /// Columns in the module `column`.
    pub(crate) columns: usize,
    pub(crate) activation_bits: usize,
    pub(crate) trit_bits: usize,
    /// Cycles from `activation` to where the columns meet it, after which the trits come.
    pub(crate) activation_cycles: usize,
    /// From there to a sum at the accumulator.
    pub(crate) cycles: usize,
    /// The trits of a column as its port has them.
    pub(crate) code: fn(&[Trit]) -> Vec<bool>,
}

/// A structure of so many lanes a column.
pub(crate) type Build = Box<dyn Fn(usize) -> Result<Structure, rtl::Error>>;

/// A row of the table, before it is measured.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) build: Build,
    /// The most lanes: where a structure grows too large to be synthesised in a sensible time, or for a part.
    pub(crate) most_lanes: [usize; 3],
    /// Numbers of columns that share what is shared.
    pub(crate) sharing: Vec<usize>,
}

impl Row {
    pub(crate) fn new(name: &str, build: impl Fn(usize) -> Result<Structure, rtl::Error> + 'static) -> Self {
        let most_lanes = [usize::MAX; 3];
        Self { name: name.to_owned(), build: Box::new(build), most_lanes, sharing: vec![1] }
    }

    pub(crate) fn shared_by(mut self, columns: &[usize]) -> Self {
        self.sharing = columns.to_vec();
        self
    }

    pub(crate) fn up_to(mut self, most_lanes: [usize; 3]) -> Self {
        self.most_lanes = most_lanes;
        self
    }
}

impl Structure {
    /// Around `column`, for a router that has no harness: registers at all inputs, since only paths between registers count.
    fn registered(&self) -> String {
        let mut body = text::Body::default();
        let mut inputs = vec![("activation", self.activation_bits), ("trits", self.trit_bits)];
        inputs.extend(CONTROL);
        let mut pins = String::new();
        for (port, bits) in &inputs {
            let register = body.register(*bits, port);
            pins += &format!(".{port}({}), ", register.name);
        }
        body.line(&format!("column column(.aclk(aclk), {pins}.result(result));"));
        self.column.clone() + &body.module("registered", &inputs, ("result", ACC * self.columns))
    }

    /// Bits of the harness's shift registers: a logic cell each on iCE40.
    fn harness_bits(&self) -> usize {
        let control: usize = CONTROL.iter().map(|(_, bits)| bits).sum();
        self.activation_bits + self.trit_bits + control + ACC * self.columns + 2
    }
}

/// Cells of a target: of the columns, and of what they share.
struct Cells {
    column: Count,
    shared: Count,
    /// Lanes of all columns.
    lanes: usize,
    columns: usize,
}

impl Cells {
    /// What a lane takes where so many columns share.
    fn a_lane(&self, sharing: usize, of: impl Fn(&Count) -> u64) -> f64 {
        // What is shared stands once for the columns of the structure.
        let shared = of(&self.shared) as f64 * self.columns as f64 / sharing as f64;
        (of(&self.column) as f64 + shared) / self.lanes as f64
    }
}

const TARGETS: [Target; 4] = [Target::Xcup, Target::Xc7, Target::Ecp5_85k, Target::Ice40Hx8k];
const SEEDS: u32 = 3;

/// Cells on a target.
fn cells(structure: &Structure, target: Target) -> Result<Cells, rtl::Error> {
    let dir = folder()?;
    let (column, _) = measure(&structure.column, "column", target, true, 0, dir.path())?;
    let shared = if structure.shared.is_empty() {
        Count::default()
    } else {
        measure(&structure.shared, "shared", target, true, 0, dir.path())?.0
    };
    Ok(Cells { column, shared, lanes: structure.lanes * structure.columns, columns: structure.columns })
}

/// The clock, and the logic cells of iCE40.
fn route(structure: &Structure, target: Target) -> Result<Option<Route>, rtl::Error> {
    let dir = folder()?;
    let (text, top) = match target {
        Target::Ecp5_85k => (structure.registered(), "registered"),
        _ => (structure.column.clone(), "column"),
    };
    let (_, route) = measure(&text, top, target, true, SEEDS, dir.path())?;
    Ok(route.ok())
}

fn folder() -> Result<tempfile::TempDir, rtl::Error> {
    tempfile::tempdir().map_err(|source| rtl::Error::File { path: std::env::temp_dir(), source })
}

/// A row's structures of the three sizes, each of which gives the contract's results.
fn checked(row: &Row, lanes: [usize; 3]) -> Result<Vec<Structure>, Box<dyn Error>> {
    let mut structures: Vec<Structure> = vec![];
    for (lanes, most) in lanes.iter().zip(row.most_lanes) {
        let structure = (row.build)(*lanes.min(&most))?;
        // A size once.
        if structures.iter().all(|other| other.lanes != structure.lanes) {
            check::check(&row.name, &structure, folder()?.path())?;
        }
        structures.push(structure);
    }
    Ok(structures)
}

/// The lines of a row: one a number of columns that share.
fn lines(row: &Row, lanes: [usize; 3]) -> Result<Vec<String>, Box<dyn Error>> {
    let structures = checked(row, lanes)?;
    let (counted, clocks) = std::thread::scope(|scope| {
        let counted = TARGETS.map(|target| {
            let structure = &structures[0];
            scope.spawn(move || cells(structure, target))
        });
        let clocks = [1, 2].map(|i| {
            let structure = &structures[i];
            scope.spawn(move || route(structure, TARGETS[i + 1]))
        });
        // A thread that panicked is a fault of this program.
        let counted = counted.map(|thread| thread.join().expect("a count or an error"));
        (counted, clocks.map(|thread| thread.join().expect("a route or an error")))
    });
    let [ecp5, ice40] = clocks;
    let (ecp5, ice40) = (ecp5?, ice40?);
    let counted: Vec<Cells> = counted.into_iter().collect::<Result<_, _>>()?;
    let mhz =
        |route: &Option<Route>| route.as_ref().map_or("-".to_owned(), |r| format!("{:.0}", r.median_mhz));
    let logic_cells = ice40.as_ref().map_or("-".to_owned(), |route| {
        let all = structures[2].lanes * structures[2].columns;
        format!("{:.1}", (route.cells as f64 - structures[2].harness_bits() as f64) / all as f64)
    });
    let line = |&sharing: &usize| {
        let mut line = format!("| {}", row.name);
        if row.sharing.len() > 1 {
            line += &format!("; {sharing} column{}", if sharing == 1 { "" } else { "s" });
        }
        if structures[0].columns == 1 && structures[0].lanes < lanes[0] {
            line += &format!(" ({} lanes)", lanes[0]);
        }
        for cells in &counted {
            line += &format!(" | {:.1}", cells.a_lane(sharing, Count::all_luts));
            if cells.column.wide_multiplexers > 0 {
                line += &format!(" + {:.1}", cells.a_lane(sharing, |count| count.wide_multiplexers));
            }
            line += &format!(" | {:.1}", cells.a_lane(sharing, |count| count.flip_flops));
        }
        line + &format!(" | {logic_cells} | {} | {} |", mhz(&ecp5), mhz(&ice40))
    };
    Ok(row.sharing.iter().map(line).collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut lanes = [80, 80, 20];
    let (mut sizes, mut words, mut only_check) = (0, vec![], false);
    for argument in std::env::args().skip(1) {
        match argument.parse() {
            Ok(size) if sizes < 3 => {
                lanes[sizes] = size;
                sizes += 1;
            }
            _ if argument == "check" => only_check = true,
            _ => words.push(argument),
        }
    }
    let rows: Vec<Row> = [lane::rows(), tree::rows(), accumulator::rows(), lookup::rows(), broadcast::rows()]
        .into_iter()
        .flatten()
        .collect();
    let chosen = |row: &&Row| words.is_empty() || words.iter().any(|word| row.name.contains(word));
    if only_check {
        for row in rows.iter().filter(chosen) {
            checked(row, lanes)?;
        }
        return Ok(());
    }
    println!(
        "Column of {} lanes of {ACTIVATION} bits, {} slots of {ACC} bits: cells a lane; clocks in MHz, the median of {SEEDS} seeds, of \
         {} lanes on ECP5 and {} on iCE40, between registered inputs and the registered result. LUTs: lookup tables, those \
         that are memory or in carry cells (ECP5) among them, + wide multiplexers. LC: logic cells of the routed iCE40 design, a \
         lookup table, a flip-flop or both.\n",
        lanes[0],
        text::SLOTS,
        lanes[1],
        lanes[2]
    );
    println!(
        "| structure | xcup LUTs | FFs | xc7 LUTs | FFs | ECP5 LUTs | FFs | iCE40 LUTs | FFs | LC | ECP5 MHz | iCE40 MHz |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for row in rows.iter().filter(chosen) {
        for line in lines(row, lanes)? {
            println!("{line}");
        }
    }
    Ok(())
}
