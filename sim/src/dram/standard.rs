//! DRAM standards: organisation and timings in command-clock cycles, each file with its source.

use energy::CostTable;
use serde::Deserialize;

use super::CommandKind;
use crate::Error;
use crate::preset::{self, Preset};

const STANDARDS: [Preset; 10] = [
    ("ddr3-800-x16", include_str!("../../standards/ddr3-800-x16.yaml")),
    ("ddr4-2400", include_str!("../../standards/ddr4-2400.yaml")),
    ("ddr4-2400-x16", include_str!("../../standards/ddr4-2400-x16.yaml")),
    ("ddr4-3200", include_str!("../../standards/ddr4-3200.yaml")),
    ("lpddr4-4266", include_str!("../../standards/lpddr4-4266.yaml")),
    ("lpddr5-6400", include_str!("../../standards/lpddr5-6400.yaml")),
    ("gddr6", include_str!("../../standards/gddr6.yaml")),
    ("hbm2", include_str!("../../standards/hbm2.yaml")),
    ("hbm2e", include_str!("../../standards/hbm2e.yaml")),
    ("hbm3", include_str!("../../standards/hbm3.yaml")),
];

/// One channel's organisation and timings.
#[derive(Clone, Debug, PartialEq)]
pub struct Standard {
    /// Name, by which the energy tables price its bits.
    pub name: String,
    /// Command clock, MHz.
    pub clock_mhz: u64,
    /// Bytes of one burst.
    pub burst_bytes: u64,
    /// Bank groups.
    pub bank_groups: u64,
    /// Banks of a group.
    pub banks_per_group: u64,
    /// Bursts of a row.
    pub columns: u64,
    /// Rows of a bank.
    pub rows: u64,
    /// Row commands (activate, precharge) have a bus of their own.
    pub split_command_bus: bool,
    /// Timings.
    pub timing: Timing,
    /// What the devices of a rank draw, where a datasheet says so.
    pub currents: Option<Currents>,
}

/// What a device draws, mA, as datasheets measure it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the datasheets' own names")]
pub struct Currents {
    /// The datasheet.
    pub source: String,
    /// Devices of a rank.
    pub devices: u64,
    /// Volts.
    pub vdd: f64,
    pub idd0: f64,
    pub idd2n: f64,
    pub idd3n: f64,
    pub idd4r: f64,
    pub idd4w: f64,
    pub idd5b: f64,
}

/// JEDEC timings, in command-clock cycles.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the standards' own names: tCL, tCWL, tRCD, ...")]
pub struct Timing {
    /// Data bus cycles of one burst.
    pub burst: i64,
    pub cl: i64,
    pub cwl: i64,
    pub rcd_read: i64,
    pub rcd_write: i64,
    pub rp: i64,
    pub ras: i64,
    pub rc: i64,
    pub ccd_s: i64,
    pub ccd_l: i64,
    pub rrd_s: i64,
    pub rrd_l: i64,
    pub faw: i64,
    pub rtp: i64,
    pub wr: i64,
    pub wtr_s: i64,
    pub wtr_l: i64,
    /// Read command to write command.
    pub rtw: i64,
    /// Between the data of two ranks. Boards and controllers set it, no standard does.
    #[serde(default = "two")]
    pub rtrs: i64,
    /// Precharge to precharge of a rank, where the standard has it.
    #[serde(default)]
    pub ppd: Option<i64>,
    /// Command-bus slots of an activate.
    pub activate_slots: i64,
    /// From the first to the second slot of an activate at most, where other commands may come between them.
    #[serde(default)]
    pub aad: Option<i64>,
    /// Command-bus slots of a read or a write.
    #[serde(default = "one")]
    pub column_slots: i64,
    /// Command-bus slots of a precharge or a refresh.
    #[serde(default = "one")]
    pub precharge_slots: i64,
    pub refi: i64,
    pub rfc: i64,
    /// Refresh of single banks, where the standard has it.
    #[serde(default)]
    pub per_bank: Option<PerBank>,
}

/// Timings of a refresh of one bank, in command-clock cycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerBank {
    /// To the next command of the bank.
    pub rfc: i64,
    /// To an activate of another bank of the rank.
    pub to_activate: i64,
    /// To a refresh of another bank of the rank.
    pub to_refresh: i64,
}

fn one() -> i64 {
    1
}

fn two() -> i64 {
    2
}

impl Timing {
    /// Command-bus slots of a command.
    #[inline]
    pub(super) fn slots(&self, kind: CommandKind) -> i64 {
        match kind {
            CommandKind::Activate => self.activate_slots,
            CommandKind::Read | CommandKind::Write => self.column_slots,
            CommandKind::Precharge | CommandKind::RefreshBank | CommandKind::Refresh => self.precharge_slots,
        }
    }

    fn by_name(&self) -> [(&'static str, i64); 29] {
        let per_bank = self.per_bank.unwrap_or(PerBank { rfc: 1, to_activate: 1, to_refresh: 1 });
        [
            ("timing.burst", self.burst),
            ("timing.cl", self.cl),
            ("timing.cwl", self.cwl),
            ("timing.rcd_read", self.rcd_read),
            ("timing.rcd_write", self.rcd_write),
            ("timing.rp", self.rp),
            ("timing.ras", self.ras),
            ("timing.rc", self.rc),
            ("timing.ccd_s", self.ccd_s),
            ("timing.ccd_l", self.ccd_l),
            ("timing.rrd_s", self.rrd_s),
            ("timing.rrd_l", self.rrd_l),
            ("timing.faw", self.faw),
            ("timing.rtp", self.rtp),
            ("timing.wr", self.wr),
            ("timing.wtr_s", self.wtr_s),
            ("timing.wtr_l", self.wtr_l),
            ("timing.rtw", self.rtw),
            ("timing.rtrs", self.rtrs),
            ("timing.ppd", self.ppd.unwrap_or(1)),
            ("timing.activate_slots", self.activate_slots),
            ("timing.aad", self.aad.unwrap_or(1)),
            ("timing.column_slots", self.column_slots),
            ("timing.precharge_slots", self.precharge_slots),
            ("timing.per_bank.rfc", per_bank.rfc),
            ("timing.per_bank.to_activate", per_bank.to_activate),
            ("timing.per_bank.to_refresh", per_bank.to_refresh),
            ("timing.refi", self.refi),
            ("timing.rfc", self.rfc),
        ]
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(rename = "source")]
    _source: String,
    clock_mhz: u64,
    data_rate_mt_s: u64,
    channel_bits: u64,
    burst_length: u64,
    bank_groups: u64,
    banks_per_group: u64,
    row_bytes: u64,
    rows: u64,
    split_command_bus: bool,
    timing: Timing,
    #[serde(default)]
    currents: Option<Currents>,
}

/// The names of the standards.
pub fn standard_names() -> impl Iterator<Item = &'static str> {
    STANDARDS.iter().map(|(name, _)| *name)
}

/// The standard of that name, or the YAML file of that path.
///
/// # Errors
/// An unknown name, a file that cannot be read or parsed, an organisation or timing that contradicts itself.
pub fn standard(name_or_path: &str) -> Result<Standard, Error> {
    let (file, origin) = preset::load::<File>("DRAM standard", &STANDARDS, name_or_path)?;
    Standard::new(file, &origin)
}

/// The YAML of the standard of that name, or of the file of that path.
///
/// # Errors
/// An unknown name, a file that cannot be read.
pub fn standard_text(name_or_path: &str) -> Result<String, Error> {
    preset::text("DRAM standard", &STANDARDS, name_or_path).map(|(text, _)| text.into_owned())
}

impl Standard {
    fn new(file: File, origin: &str) -> Result<Standard, Error> {
        let fail = |field, value: String, expected| Error::Field {
            origin: origin.to_owned(),
            field,
            value,
            expected,
        };
        for (field, value) in [
            ("channel_bits", file.channel_bits),
            ("burst_length", file.burst_length),
            ("bank_groups", file.bank_groups),
            ("banks_per_group", file.banks_per_group),
            ("row_bytes", file.row_bytes),
            ("rows", file.rows),
        ] {
            if !(value.is_power_of_two() && value <= 1 << 20) {
                return Err(fail(field, value.to_string(), "a power of two, at most 2^20"));
            }
        }
        if !(1..=20_000).contains(&file.clock_mhz) {
            return Err(fail("clock_mhz", file.clock_mhz.to_string(), "from 1 to 20000"));
        }
        let burst_bytes = file.channel_bits * file.burst_length / 8;
        if burst_bytes == 0 || file.row_bytes < burst_bytes {
            return Err(fail(
                "row_bytes",
                file.row_bytes.to_string(),
                "at least one burst of at least one byte",
            ));
        }
        if file.bank_groups * file.banks_per_group > 1024 {
            return Err(fail(
                "banks_per_group",
                file.banks_per_group.to_string(),
                "at most 1024 banks in all groups",
            ));
        }
        let t = &file.timing;
        let all = t.by_name();
        if let Some((field, bad)) = all.iter().find(|(_, cycles)| !(1..=1_000_000).contains(cycles)) {
            return Err(fail(field, bad.to_string(), "from 1 to 1000000 cycles"));
        }
        for (field, slots) in [
            ("timing.activate_slots", t.activate_slots),
            ("timing.column_slots", t.column_slots),
            ("timing.precharge_slots", t.precharge_slots),
        ] {
            if slots > 4 {
                return Err(fail(field, slots.to_string(), "from 1 to 4"));
            }
        }
        if t.aad.is_some() && t.activate_slots != 2 {
            return Err(fail(
                "timing.activate_slots",
                t.activate_slots.to_string(),
                "2 where there is a timing.aad",
            ));
        }
        // The data rate, the clock and the burst say the same thing twice; a typing error in one shows here.
        if file.burst_length * file.clock_mhz != u64::try_from(t.burst).unwrap_or(0) * file.data_rate_mt_s {
            return Err(fail(
                "timing.burst",
                t.burst.to_string(),
                "burst_length x clock_mhz / data_rate_mt_s",
            ));
        }
        if t.ccd_s < t.burst || t.ccd_l < t.ccd_s {
            return Err(fail("timing.ccd_s", t.ccd_s.to_string(), "at least the burst, at most ccd_l"));
        }
        if t.rc < t.ras {
            return Err(fail("timing.rc", t.rc.to_string(), "at least ras"));
        }
        if t.rrd_l < t.rrd_s {
            return Err(fail("timing.rrd_l", t.rrd_l.to_string(), "at least rrd_s"));
        }
        // Between two refreshes there must be time for an access, whatever comes before it.
        if t.refi <= all.iter().map(|(_, cycles)| cycles).sum::<i64>() - t.refi {
            return Err(fail("timing.refi", t.refi.to_string(), "longer than all other timings together"));
        }
        if let Some(currents) = &file.currents {
            for (field, value) in [
                ("currents.vdd", currents.vdd),
                ("currents.idd0", currents.idd0),
                ("currents.idd2n", currents.idd2n),
                ("currents.idd3n", currents.idd3n),
                ("currents.idd4r", currents.idd4r),
                ("currents.idd4w", currents.idd4w),
                ("currents.idd5b", currents.idd5b),
                ("currents.devices", currents.devices as f64),
            ] {
                if !(value > 0.0 && value <= 10_000.0) {
                    return Err(fail(field, value.to_string(), "above 0 and at most 10000"));
                }
            }
        }
        let priced = CostTable::seven_nm().and_then(|costs| costs.dram(&file.name).map(|_| ()));
        if let Err(error) = priced {
            return Err(Error::Parse { origin: origin.to_owned(), reason: format!("`name`: {error}") });
        }
        Ok(Standard {
            name: file.name,
            clock_mhz: file.clock_mhz,
            burst_bytes,
            bank_groups: file.bank_groups,
            banks_per_group: file.banks_per_group,
            columns: file.row_bytes / burst_bytes,
            rows: file.rows,
            split_command_bus: file.split_command_bus,
            timing: file.timing,
            currents: file.currents,
        })
    }

    /// Peak bandwidth of one channel, 10^9 bytes a second.
    pub fn channel_peak_gb_s(&self) -> f64 {
        self.burst_bytes as f64 * self.clock_mhz as f64 / self.timing.burst as f64 / 1000.0
    }

    /// Banks of a channel.
    pub fn banks(&self) -> u64 {
        self.bank_groups * self.banks_per_group
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standard_is_consistent() {
        for name in standard_names() {
            standard(name).unwrap();
        }
    }

    #[test]
    fn a_contradiction_is_named() {
        let text = include_str!("../../standards/hbm3.yaml");
        for (named, from, to) in [
            ("`timing.burst`", "burst: 2,", "burst: 4,"),
            ("`timing.rc`", "rc: 72,", "rc: 0,"),
            ("`timing.rrd_l`", "rrd_s: 4,", "rrd_s: 9,"),
            ("`timing.activate_slots`", "activate_slots: 2", "activate_slots: 5"),
            ("`timing.refi`", "rcd_read: 31,", "rcd_read: 6000,"),
            ("`banks_per_group`", "banks_per_group: 4", "banks_per_group: 512"),
            ("`name`", "name: HBM3", "name: HBM9"),
        ] {
            let broken = text.replace(from, to);
            assert_ne!(broken, text, "{named}");
            let error =
                Standard::new(serde_yaml::from_str(&broken).unwrap(), "hbm3").unwrap_err().to_string();
            assert!(error.starts_with("hbm3: ") && error.contains(named), "{error}");
        }
    }
}
