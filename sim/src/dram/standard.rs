//! DRAM standards: organisation and timings in command-clock cycles, each file with its source.

use serde::Deserialize;

use crate::Error;
use crate::preset::{self, Preset};

const STANDARDS: [Preset; 6] = [
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
    /// Name, as the energy tables call it.
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
        let t = &file.timing;
        let all = [
            t.burst,
            t.cl,
            t.cwl,
            t.rcd_read,
            t.rcd_write,
            t.rp,
            t.ras,
            t.rc,
            t.ccd_s,
            t.ccd_l,
            t.rrd_s,
            t.rrd_l,
            t.faw,
            t.rtp,
            t.wr,
            t.wtr_s,
            t.wtr_l,
            t.rtw,
            t.activate_slots,
            t.refi,
            t.rfc,
        ];
        if let Some(bad) = all.iter().find(|cycles| !(1..=1_000_000).contains(*cycles)) {
            return Err(fail("timing", format!("a value of {bad}"), "from 1 to 1000000 cycles"));
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
        if t.refi <= t.rfc + t.rc + t.rp {
            return Err(fail("timing.refi", t.refi.to_string(), "longer than a refresh with its precharge"));
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
        let broken = include_str!("../../standards/hbm3.yaml").replace("burst: 2,", "burst: 4,");
        let error = Standard::new(serde_yaml::from_str(&broken).unwrap(), "hbm3").unwrap_err().to_string();
        assert!(error.contains("timing.burst"), "{error}");
    }
}
