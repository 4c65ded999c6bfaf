//! Address mapping: which bits of an address select channel, rank, bank group, bank, row and column.

use super::Standard;

/// Where a burst lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// Channel.
    pub channel: usize,
    /// Rank of the channel.
    pub rank: usize,
    /// Bank group, counted through all ranks of the channel.
    pub group: usize,
    /// Bank, counted through all ranks and groups of the channel.
    pub bank: usize,
    /// Column, in bursts.
    pub column: u64,
    /// Row.
    pub row: i64,
}

/// Bits of a burst's number, and where they go in a field.
#[derive(Clone, Copy, Debug, Default)]
struct Piece {
    shift: u32,
    mask: u64,
    to: u32,
}

/// A field may be in two pieces.
#[derive(Clone, Copy, Debug, Default)]
struct Field {
    low: Piece,
    high: Piece,
    bits: u32,
}

impl Piece {
    #[inline]
    fn of(self, burst: u64) -> u64 {
        (burst >> self.shift & self.mask) << self.to
    }
}

impl Field {
    /// Adds bits from `shift` on, above those that it has.
    fn extend(&mut self, shift: u32, bits: u32) {
        let piece = Piece { shift, mask: mask(bits), to: self.bits };
        if self.bits == 0 {
            self.low = piece
        } else {
            self.high = piece
        }
        self.bits += bits;
    }
}

fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

/// The fields, by their names in a mapping.
const NAMES: [&str; 6] = ["Ch", "Ra", "Bg", "Ba", "Ro", "Co"];
const CHANNEL: usize = 0;
const RANK: usize = 1;
const GROUP: usize = 2;
const BANK: usize = 3;
const ROW: usize = 4;
const COLUMN: usize = 5;

/// A field that is exclusive-ored with bits of row or column.
#[derive(Clone, Copy, Debug)]
struct Hash {
    field: usize,
    /// Of row or column.
    source: usize,
    from: u32,
}

/// What a mapping maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Channels, a power of two.
    pub channels: u64,
    /// Ranks of a channel, a power of two.
    pub ranks: u64,
}

impl Organisation {
    /// One channel of one rank.
    pub const SINGLE: Organisation = Organisation { channels: 1, ranks: 1 };
}

/// A mapping of bursts, numbered in the order of their addresses, to locations.
#[derive(Clone, Debug)]
pub struct AddressMapping {
    fields: [Field; 6],
    hashes: Vec<Hash>,
    has_parts: bool,
    /// There are several channels or ranks.
    is_shared: bool,
    /// The row is the first field, and in one part.
    rows_go_on: bool,
    /// Bursts that it holds: all that are larger wrap around.
    bursts: u64,
}

impl AddressMapping {
    /// Parses a mapping of one channel whose interleaving is another's: row first, channel last, as chips have it, so that
    /// consecutive bursts go to consecutive channels and every channel sees the same stream.
    ///
    /// # Errors
    /// What a mapping must look like, when it does not.
    pub fn new(text: &str, standard: &Standard) -> Result<AddressMapping, &'static str> {
        const EXPECTED: &str = "Ro, then Ba, Bg and Co in any order, then Ch (such as RoBaCoBgCh), and then hashes of Bg or Ba, \
                                each such as `,Bg^Ro`";
        let plain = text.split(',').next().unwrap_or_default();
        if !plain.starts_with("Ro") || !plain.ends_with("Ch") || text.contains("Ra") || text.contains("Ch^") {
            return Err(EXPECTED);
        }
        let mapping = AddressMapping::of(text, standard, Organisation::SINGLE).map_err(|_| EXPECTED)?;
        if mapping.rows_go_on { Ok(mapping) } else { Err(EXPECTED) }
    }

    /// Parses a mapping such as `RoBaRaCoBgCh`, most significant field first: row, bank in a group, rank, column, bank group,
    /// channel. A field may be in two parts, of which the first or both say how many bits they have: `RoCo5BaBgCo2Ch`. Ra and Ch may be
    /// left out where there is one of them; without Bg, the low bits of Ba are the bank group.
    ///
    /// Behind it, separated by commas, fields are exclusive-ored with the low bits of row or column: `,Bg^Ro,Ba^Ro2` takes the row's
    /// first bits for the bank group, and those from its bit 2 on for the bank.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn of(
        text: &str,
        standard: &Standard,
        organisation: Organisation,
    ) -> Result<AddressMapping, &'static str> {
        let mut parts = text.split(',');
        let mut tokens = tokens(parts.next().unwrap_or_default())?;
        let has = |tokens: &[(usize, Option<u32>)], field| tokens.iter().any(|(name, _)| *name == field);
        let sizes = [
            organisation.channels,
            organisation.ranks,
            standard.bank_groups,
            standard.banks_per_group,
            standard.rows,
            standard.columns,
        ];
        let mut left = sizes.map(u64::trailing_zeros);
        if !has(&tokens, GROUP) {
            split_banks(&mut tokens, left[GROUP], left[BANK])?;
        }
        for (field, size) in sizes.into_iter().enumerate() {
            if !has(&tokens, field) && size > 1 {
                return Err("every field once: Ro, Ra, Ba, Bg, Co, Ch, such as RoBaRaCoBgCh");
            }
        }
        let mut fields = [Field::default(); 6];
        let mut shift = 0;
        for (index, &(field, bits)) in tokens.iter().enumerate().rev() {
            let is_last_part = !has(&tokens[..index], field);
            let bits = match bits {
                None if is_last_part => left[field],
                None => return Err("bits for all parts of a field but the first, such as RoCo5BaBgCo2Ch"),
                Some(bits) if bits > left[field] || (is_last_part && bits != left[field]) => {
                    return Err("parts of a field with as many bits as the field has");
                }
                Some(bits) => bits,
            };
            if fields[field].high.mask != 0 {
                return Err("a field in at most two parts");
            }
            fields[field].extend(shift, bits);
            left[field] -= bits;
            shift += bits;
        }
        let hashes = parts.map(|part| hash(part, &fields)).collect::<Result<Vec<_>, _>>()?;
        if shift > 60 {
            return Err("at most 60 bits in all fields");
        }
        let row_is_first = tokens.first().is_some_and(|(field, _)| *field == ROW);
        Ok(AddressMapping {
            fields,
            hashes,
            has_parts: fields.iter().any(|field| field.high.mask != 0),
            is_shared: organisation != Organisation::SINGLE,
            rows_go_on: row_is_first && fields[ROW].high.mask == 0,
            bursts: 1 << shift,
        })
    }

    /// Where the burst number `burst` lies. Where the row is the first field, it goes on beyond the device's rows.
    #[inline(always)]
    pub fn locate(&self, burst: u64) -> Location {
        let low = |field: usize| burst >> self.fields[field].low.shift & self.fields[field].low.mask;
        let mut values = [0, 0, low(GROUP), low(BANK), low(ROW), low(COLUMN)];
        if self.is_shared {
            values[CHANNEL] = low(CHANNEL);
            values[RANK] = low(RANK);
        }
        if self.has_parts {
            for (value, field) in values.iter_mut().zip(&self.fields) {
                *value |= field.high.of(burst);
            }
        }
        if self.rows_go_on {
            values[ROW] = burst >> self.fields[ROW].low.shift;
        }
        for hash in &self.hashes {
            values[hash.field] ^= values[hash.source] >> hash.from & mask(self.fields[hash.field].bits);
        }
        let group = values[RANK] << self.fields[GROUP].bits | values[GROUP];
        let index = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        Location {
            channel: index(values[CHANNEL]),
            rank: index(values[RANK]),
            group: index(group),
            bank: index(group << self.fields[BANK].bits | values[BANK]),
            column: values[COLUMN],
            row: values[ROW].cast_signed(),
        }
    }

    /// Bursts after which the mapping repeats [`Self::sweep_rows`] rows further.
    pub fn sweep(&self) -> u64 {
        let row = &self.fields[ROW];
        (1 << row.low.shift) * self.sweep_rows().unsigned_abs()
    }

    /// Rows after which hashed fields repeat.
    pub fn sweep_rows(&self) -> i64 {
        let of_row = self.hashes.iter().filter(|hash| hash.source == ROW);
        of_row.map(|hash| 1 << (hash.from + self.fields[hash.field].bits)).max().unwrap_or(1)
    }

    /// Bursts that the device holds.
    pub fn bursts(&self) -> u64 {
        self.bursts
    }
}

/// The fields of a mapping, most significant first, each with the bits that it says.
fn tokens(text: &str) -> Result<Vec<(usize, Option<u32>)>, &'static str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let name = rest.get(..2).ok_or("fields of two letters: Ro, Ra, Ba, Bg, Co, Ch")?;
        let field = NAMES.iter().position(|known| *known == name);
        let field = field.ok_or("fields Ro, Ra, Ba, Bg, Co and Ch, such as RoBaRaCoBgCh")?;
        rest = &rest[2..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let bits = if digits == 0 { None } else { Some(rest[..digits].parse().map_err(|_| "few bits")?) };
        rest = &rest[digits..];
        tokens.push((field, bits));
        if tokens.len() > 2 * NAMES.len() {
            return Err("a field in at most two parts");
        }
    }
    Ok(tokens)
}

/// Where no bank group is named, the banks' low bits are it.
fn split_banks(
    tokens: &mut Vec<(usize, Option<u32>)>,
    group_bits: u32,
    bank_bits: u32,
) -> Result<(), &'static str> {
    let at = tokens.iter().position(|(field, _)| *field == BANK).ok_or("Ba among the fields")?;
    match tokens[at].1 {
        None => tokens.splice(at..=at, [(BANK, Some(bank_bits)), (GROUP, Some(group_bits))]),
        Some(_) => return Err("Bg among the fields, where Ba says how many bits it has"),
    };
    Ok(())
}

fn hash(text: &str, fields: &[Field; 6]) -> Result<Hash, &'static str> {
    const EXPECTED: &str =
        "hashes such as Bg^Ro or Ba^Ro2: one of Ch, Ra, Bg, Ba with bits of Ro or Co from a bit on";
    let (field, source) = text.split_once('^').ok_or(EXPECTED)?;
    let position = |name: &str| NAMES.iter().position(|known| *known == name);
    let field =
        position(field).filter(|field| [CHANNEL, RANK, GROUP, BANK].contains(field)).ok_or(EXPECTED)?;
    let name = source.get(..2).ok_or(EXPECTED)?;
    let source_field = position(name).filter(|source| [ROW, COLUMN].contains(source)).ok_or(EXPECTED)?;
    let from = match &source[2..] {
        "" => 0,
        digits => digits.parse().map_err(|_| EXPECTED)?,
    };
    if from + fields[field].bits > fields[source_field].bits {
        return Err("hashes with bits that row or column has");
    }
    Ok(Hash { field, source: source_field, from })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dram::standard;

    fn at(channel: usize, bank: usize, group: usize, column: u64, row: i64) -> Location {
        Location { channel, rank: 0, group, bank, column, row }
    }

    #[test]
    fn consecutive_bursts_alternate_bank_groups() {
        let hbm3 = standard("hbm3").unwrap();
        let mapping = AddressMapping::new("RoBaCoBgCh", &hbm3).unwrap();
        assert_eq!(mapping.sweep(), 512); // 32 columns x 4 banks x 4 groups
        assert_eq!(mapping.locate(0), at(0, 0, 0, 0, 0));
        assert_eq!(mapping.locate(1), at(0, 4, 1, 0, 0));
        assert_eq!(mapping.locate(4), at(0, 0, 0, 1, 0));
        assert_eq!(mapping.locate(128), at(0, 1, 0, 0, 0));
        assert_eq!(mapping.locate(512), at(0, 0, 0, 0, 1));
    }

    #[test]
    fn a_mapping_visits_every_location_once() {
        let organisation = Organisation { channels: 4, ranks: 2 };
        for name in crate::dram::standard_names() {
            let mut standard = standard(name).unwrap();
            standard.rows = 8;
            for text in [
                "RoBaRaCoBgCh",
                "RoCoBaBgRaCh",
                "RoBaRaCoCh",
                "ChRaBgBaRoCo",
                "CoRoChBaBgRa",
                "RoCoBaRaBgCo2Ch",
                "Ro2BaCoRaBgRo1Ch",
                "RoBaRaCoBgCh,Bg^Co,Ba^Ro,Ch^Co1,Ra^Ro2",
            ] {
                // One of the standards has one group: nothing to hash.
                let mapping = AddressMapping::of(text, &standard, organisation).unwrap();
                let locations = 8 * standard.banks() * standard.columns * 8;
                assert_eq!(mapping.bursts(), locations, "{name} {text}");
                let seen: std::collections::HashSet<_> = (0..locations)
                    .map(|burst| mapping.locate(burst))
                    .inspect(|l| assert!(l.row < 8))
                    .collect();
                assert_eq!(seen.len() as u64, locations, "{name} {text}");
            }
        }
    }

    #[test]
    fn parts_and_hashes_take_their_bits() {
        // 7 bits of column, 2 of bank, 2 of group.
        let ddr4 = standard("ddr4-3200").unwrap();
        let single = Organisation::SINGLE;
        let split = AddressMapping::of("RoCo5BaBgCo2", &ddr4, single).unwrap();
        assert_eq!(split.locate(1 << 11 | 1 << 6 | 2 << 4 | 1 << 2 | 3), at(0, 6, 1, 1 << 2 | 3, 1));
        // Without Bg, the low bits of Ba are the group.
        let plain = AddressMapping::of("RoBaCo", &ddr4, single).unwrap();
        assert_eq!(plain.locate(9 << 7), at(0, 6, 1, 0, 0));
        let hashed = AddressMapping::of("RoBaCoBg,Bg^Ro,Ba^Ro2", &ddr4, single).unwrap();
        assert_eq!(hashed.locate(9 << 11), at(0, 6, 1, 0, 9));
        assert_eq!((hashed.sweep(), hashed.sweep_rows()), (16 << 11, 16));
    }

    #[test]
    fn what_is_not_a_mapping_is_refused() {
        let hbm3 = standard("hbm3").unwrap();
        for text in
            ["", "RoCh", "RoBaCoCoCh", "ChRoBaBgCo", "RoBaCoBg", "RoBaCoXxCh", "RoBäCoCh", "RoBaCoBgCh,Ch^Ro"]
        {
            assert!(AddressMapping::new(text, &hbm3).is_err(), "{text}");
        }
        let organisation = Organisation { channels: 2, ranks: 2 };
        for text in [
            "",
            "R",
            "RoBaRaCoBg",
            "RoBaCoBgCh",
            "RoRoBaRaCoBgCh",
            "RoCo9BaRaBgCo2Ch",
            "RoBaRaCo4BgCh",
            "RoBa3RaCoCh",
            "RoCo1BaRaBgCo1Co3Ch",
            "RoBaRaCoBgCh,",
            "RoBaRaCoBgCh,Ro^Co",
            "RoBaRaCoBgCh,Bg^Ro99",
            "RoBaRaCoBgCh,Bg^Ba",
            "RoBaRaCoBgCh,Bg^R",
            "RoBaRaCo99999999999BgCh",
        ] {
            assert!(AddressMapping::of(text, &hbm3, organisation).is_err(), "{text}");
        }
    }
}
