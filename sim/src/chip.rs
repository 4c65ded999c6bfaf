//! A chip: engines, SRAMs, vector unit, DRAM and link, as a YAML file describes them. Complete when it is constructed.

use contract::widths::sum_bits;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::board::BoardSpec;
use crate::dram::{self, Standard};
use crate::preset::{self, Preset};

const PRESETS: [Preset; 6] = [
    ("trellisboard", include_str!("../chips/trellisboard.yaml")),
    ("kv260", include_str!("../chips/kv260.yaml")),
    ("kv260-large", include_str!("../chips/kv260-large.yaml")),
    ("u280", include_str!("../chips/u280.yaml")),
    ("edge", include_str!("../chips/edge.yaml")),
    ("datacenter", include_str!("../chips/datacenter.yaml")),
];

/// A chip's description, validated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chip {
    /// What its file says.
    #[serde(flatten)]
    pub spec: ChipSpec,
    /// The DRAM standard that `spec.dram.standard` names.
    #[serde(skip)]
    pub standard: Standard,
}

/// What a chip's YAML file says; every field must be set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipSpec {
    /// The name in reports.
    pub name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Engines, in step with one another: they share the broadcast activations and take different output tiles.
    pub engines: u64,
    /// Lanes of a column: products summed in one cycle.
    pub lanes: u64,
    /// Columns of an engine: outputs of a tile.
    pub columns: u64,
    /// Token slots: tokens that can share one pass over the weights.
    pub token_slots: u64,
    /// Width of an accumulator, bits.
    pub acc_bits: u32,
    /// Width of an engine's weight stream, bits a cycle.
    pub stream_bits: u64,
    /// Depth of an engine's weight FIFO, beats, a power of two; it must cover the DRAM's latency.
    pub stream_fifo_beats: u64,
    /// Longest burst of weights that an engine asks for, beats, a power of two.
    pub burst_beats: u64,
    /// Width of an engine's activation stream, bits a cycle.
    pub activation_bits: u64,
    /// Results that an engine gives out in a cycle, a power of two.
    pub result_lanes: u64,
    /// Clock of engines and vector unit, MHz.
    pub clock_mhz: u64,
    /// Each engine's copy of the activations of a pass, KiB.
    pub activation_sram_kb: u64,
    /// Each engine's result buffer, KiB; double-buffered.
    pub result_sram_kb: u64,
    /// Each engine's SRAM for a tile's weights of a whole reduction, KiB, from which all but the first tokens take them where more
    /// tokens than slots share a pass; 0 for none.
    pub weight_sram_kb: u64,
    /// The vector unit.
    pub vector: VectorSpec,
    /// The DRAM.
    pub dram: DramSpec,
    /// The link to the next chip of a pipeline.
    pub link: LinkSpec,
    /// Power drawn whatever happens, watts: leakage, clock tree, DRAM background.
    pub static_power_w: f64,
    /// What was measured on a real one, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<BoardSpec>,
}

/// The vector unit: norms, rotary embedding, attention, softmax, activation functions, heads that are not ternary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorSpec {
    /// Operations a cycle.
    pub lanes: u64,
    /// Its SRAM, KiB: residual stream, queries and widest intermediate of a pass.
    pub sram_kb: u64,
    /// Elements that its SRAM gives each lane in a cycle.
    pub read_ports: u64,
    /// Elements that it takes from each lane in a cycle.
    pub write_ports: u64,
}

/// The DRAM of a chip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DramSpec {
    /// A DRAM standard's name.
    pub standard: String,
    /// Channels (pseudo-channels where the standard has them).
    pub channels: u64,
    /// Capacity, GiB.
    pub capacity_gib: u64,
    /// Address mapping, most significant field first.
    pub mapping: String,
    /// Requests a channel's queue holds.
    pub queue_depth: usize,
    /// From the last beat on the DRAM's pins to the stream's FIFO, ns: PHY, controller and interconnect.
    pub interconnect_latency_ns: u64,
}

/// The link between two chips of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSpec {
    /// Bandwidth, 10^9 bytes a second.
    pub bandwidth_gb_s: f64,
    /// Latency of a transfer, ns.
    pub latency_ns: u64,
}

/// The names of the presets.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The preset or the YAML file of that name.
///
/// # Errors
/// An unknown name, a file that cannot be read or parsed, a field out of its range.
pub fn load(name_or_path: &str) -> Result<Chip, Error> {
    let (spec, origin) = preset::load::<ChipSpec>("chip", &PRESETS, name_or_path)?;
    Chip::new(spec, &origin)
}

impl Chip {
    /// Checks every field; `origin` is named in errors.
    ///
    /// # Errors
    /// [`Error::Field`] for the first field out of its range, or an unknown DRAM standard.
    pub fn new(spec: ChipSpec, origin: &str) -> Result<Chip, Error> {
        let fail = |field, value: String, expected| Error::Field {
            origin: origin.to_owned(),
            field,
            value,
            expected,
        };
        let ranges: [(&'static str, u64, std::ops::RangeInclusive<u64>, &'static str); 19] = [
            ("engines", spec.engines, 1..=4096, "from 1 to 4096"),
            ("lanes", spec.lanes, 1..=1024, "from 1 to 1024"),
            ("columns", spec.columns, 1..=1024, "from 1 to 1024"),
            ("token_slots", spec.token_slots, 1..=1024, "from 1 to 1024"),
            (
                "acc_bits",
                u64::from(spec.acc_bits),
                u64::from(sum_bits(spec.lanes))..=32,
                "wide enough for one step's sum, at most 32",
            ),
            ("burst_beats", spec.burst_beats, 1..=256, "from 1 to 256 (AXI4)"),
            ("activation_bits", spec.activation_bits, 8..=8192, "from 8 to 8192"),
            ("result_lanes", spec.result_lanes, 1..=32, "from 1 to 32"),
            ("clock_mhz", spec.clock_mhz, 1..=10_000, "from 1 to 10000"),
            ("activation_sram_kb", spec.activation_sram_kb, 1..=1 << 30, "from 1 to 2^30"),
            ("result_sram_kb", spec.result_sram_kb, 1..=1 << 30, "from 1 to 2^30"),
            ("weight_sram_kb", spec.weight_sram_kb, 0..=1 << 30, "at most 2^30"),
            ("vector.lanes", spec.vector.lanes, 1..=1 << 24, "from 1 to 2^24"),
            ("vector.sram_kb", spec.vector.sram_kb, 1..=1 << 30, "from 1 to 2^30"),
            ("vector.read_ports", spec.vector.read_ports, 1..=16, "from 1 to 16"),
            ("vector.write_ports", spec.vector.write_ports, 1..=16, "from 1 to 16"),
            ("dram.capacity_gib", spec.dram.capacity_gib, 1..=1 << 20, "from 1 to 2^20"),
            ("dram.queue_depth", spec.dram.queue_depth as u64, 1..=1024, "from 1 to 1024"),
            ("link.latency_ns", spec.link.latency_ns, 0..=1_000_000_000, "at most 10^9"),
        ];
        if spec.name.is_empty() || spec.name.chars().any(char::is_control) {
            return Err(fail("name", format!("{:?}", spec.name), "a name without control characters"));
        }
        for (field, value, range, expected) in ranges {
            if !range.contains(&value) {
                return Err(fail(field, value.to_string(), expected));
            }
        }
        if spec.dram.interconnect_latency_ns > 1_000_000 {
            let value = spec.dram.interconnect_latency_ns.to_string();
            return Err(fail("dram.interconnect_latency_ns", value, "at most 10^6"));
        }
        if spec.stream_bits == 0 || spec.stream_bits > 1 << 16 || !spec.stream_bits.is_multiple_of(8) {
            return Err(fail("stream_bits", spec.stream_bits.to_string(), "a multiple of 8 from 8 to 65536"));
        }
        if !(spec.stream_fifo_beats.is_power_of_two() && (4..=1 << 20).contains(&spec.stream_fifo_beats)) {
            let value = spec.stream_fifo_beats.to_string();
            return Err(fail("stream_fifo_beats", value, "a power of two from 4 to 2^20"));
        }
        let burst_bytes = spec.burst_beats * spec.stream_bits / 8;
        if !spec.burst_beats.is_power_of_two()
            || spec.burst_beats > spec.stream_fifo_beats
            || burst_bytes > 4096
        {
            let expected = "a power of two of beats that the FIFO holds, at most 4096 bytes (AXI4)";
            return Err(fail("burst_beats", spec.burst_beats.to_string(), expected));
        }
        if !spec.activation_bits.is_multiple_of(8) {
            return Err(fail("activation_bits", spec.activation_bits.to_string(), "a multiple of 8"));
        }
        if !spec.result_lanes.is_power_of_two() || spec.result_lanes > spec.columns.next_power_of_two() {
            let expected = "a power of two, no more than hold a tile's columns";
            return Err(fail("result_lanes", spec.result_lanes.to_string(), expected));
        }
        if !(spec.dram.channels.is_power_of_two() && spec.dram.channels <= 4096) {
            return Err(fail(
                "dram.channels",
                spec.dram.channels.to_string(),
                "a power of two from 1 to 4096",
            ));
        }
        if !(1e-3..=1e6).contains(&spec.link.bandwidth_gb_s) {
            return Err(fail(
                "link.bandwidth_gb_s",
                spec.link.bandwidth_gb_s.to_string(),
                "from 0.001 to 10^6",
            ));
        }
        if !(spec.static_power_w >= 0.0 && spec.static_power_w <= 1e6) {
            return Err(fail("static_power_w", spec.static_power_w.to_string(), "from 0 to 10^6"));
        }
        if let Some((field, value)) = spec.board.as_ref().and_then(BoardSpec::out_of_range) {
            return Err(fail(field, value.to_string(), "from 10^-6 to 10^9"));
        }
        let standard = dram::standard(&spec.dram.standard)?;
        dram::AddressMapping::new(&spec.dram.mapping, &standard)
            .map_err(|expected| fail("dram.mapping", format!("`{}`", spec.dram.mapping), expected))?;
        let chip = Chip { spec, standard };
        let beat_stripes = (chip.spec.engines * chip.spec.stream_bits / 8).div_ceil(chip.stripe_bytes());
        if chip.fifo_stripes() < beat_stripes + 1 {
            let value = chip.spec.stream_fifo_beats.to_string();
            let expected = "enough to hold a beat of every engine and one more burst of every DRAM channel";
            return Err(fail("stream_fifo_beats", value, expected));
        }
        Ok(chip)
    }

    /// Bytes of one burst from every channel: what the DRAM delivers at a time, since channels are interleaved by burst.
    pub fn stripe_bytes(&self) -> u64 {
        self.spec.dram.channels * self.standard.burst_bytes
    }

    /// Stripes that the engines' FIFOs hold together.
    pub fn fifo_stripes(&self) -> u64 {
        self.spec.engines * self.spec.stream_fifo_beats * (self.spec.stream_bits / 8) / self.stripe_bytes()
    }

    /// Peak DRAM bandwidth, 10^9 bytes a second.
    pub fn dram_peak_gb_s(&self) -> f64 {
        self.spec.dram.channels as f64 * self.standard.channel_peak_gb_s()
    }

    /// What the engines' weight streams take together, 10^9 bytes a second.
    pub fn stream_peak_gb_s(&self) -> f64 {
        (self.spec.engines * self.spec.stream_bits / 8 * self.spec.clock_mhz) as f64 / 1000.0
    }

    /// Multiply-accumulates a cycle, all engines.
    pub fn lanes_total(&self) -> u64 {
        self.spec.engines * self.spec.lanes * self.spec.columns
    }

    /// DRAM capacity, bytes.
    pub fn capacity_bytes(&self) -> u64 {
        self.spec.dram.capacity_gib << 30
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid_and_named_as_its_key() {
        for name in preset_names() {
            assert_eq!(load(name).unwrap().spec.name, name);
        }
    }

    #[test]
    fn peaks_are_those_of_the_parts() {
        // JEDEC data rate x width, as on the parts' data sheets.
        for (name, gb_s) in
            [("trellisboard", 3.2), ("kv260", 19.2), ("u280", 460.8), ("edge", 51.2), ("datacenter", 3276.8)]
        {
            approx::assert_relative_eq!(load(name).unwrap().dram_peak_gb_s(), gb_s, max_relative = 1e-12);
        }
    }

    #[test]
    fn a_field_out_of_range_is_named() {
        let text = include_str!("../chips/edge.yaml");
        for (field, broken) in [
            ("lanes", text.replace("\nlanes: 128", "\nlanes: 0")),
            ("stream_bits", text.replace("stream_bits: 512", "stream_bits: 511")),
            ("dram.mapping", text.replace("RoBaCoBgCh", "RoBaCoBg")),
            ("dram.channels", text.replace("channels: 4", "channels: 3")),
            ("static_power_w", text.replace("static_power_w: ", "static_power_w: -")),
        ] {
            assert_ne!(broken, text, "{field}");
            let error = Chip::new(serde_yaml::from_str(&broken).unwrap(), "x.yaml").unwrap_err().to_string();
            assert!(error.starts_with(&format!("x.yaml: `{field}`")), "{error}");
        }
    }

    #[test]
    fn an_unknown_chip_lists_the_known_and_the_nearest() {
        let error = load("datacentre").unwrap_err().to_string();
        assert!(
            error.contains("trellisboard, kv260, kv260-large, u280, edge, datacenter")
                && error.contains("did you mean `datacenter`?"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_or_unknown_field_is_named() {
        let text = include_str!("../chips/edge.yaml");
        let missing =
            serde_yaml::from_str::<ChipSpec>(&text.replace("engines: 1\n", "")).unwrap_err().to_string();
        assert!(missing.contains("engines"), "{missing}");
        let unknown =
            serde_yaml::from_str::<ChipSpec>(&format!("{text}\ncolour: red\n")).unwrap_err().to_string();
        assert!(unknown.contains("colour"), "{unknown}");
    }
}
