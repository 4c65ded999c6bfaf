//! DRAM standards: organisation and timings in command-clock cycles, each file with its source.

use energy::CostTable;
use serde::Deserialize;

use crate::Error;
use crate::preset::{self, Preset};

const STANDARDS: [Preset; 7] = [
    ("ddr3-800-x16", include_str!("../../standards/ddr3-800-x16.yaml")),
    ("ddr4-2400", include_str!("../../standards/ddr4-2400.yaml")),
    ("ddr4-2400-x16", include_str!("../../standards/ddr4-2400-x16.yaml")),
    ("ddr4-3200", include_str!("../../standards/ddr4-3200.yaml")),
    ("lpddr5-6400", include_str!("../../standards/lpddr5-6400.yaml")),
    ("hbm2", include_str!("../../standards/hbm2.yaml")),
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
    /// Row commands (activate, precharge) have a bus of their own.
    pub split_command_bus: bool,
    /// Timings.
    pub timing: Timing,
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
    /// Command-bus slots of an activate.
    pub activate_slots: i64,
    pub refi: i64,
    pub rfc: i64,
}

impl Timing {
    fn by_name(&self) -> [(&'static str, i64); 21] {
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
            ("timing.activate_slots", self.activate_slots),
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
    split_command_bus: bool,
    timing: Timing,
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
        if t.activate_slots > 2 {
            return Err(fail("timing.activate_slots", t.activate_slots.to_string(), "1 or 2"));
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
            split_command_bus: file.split_command_bus,
            timing: file.timing,
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
            ("`timing.activate_slots`", "activate_slots: 2", "activate_slots: 3"),
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
