//! Address mapping: which field of a burst's address selects channel, bank group, bank, column and row.

use super::Standard;

/// Where a burst of one channel lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// Bank, `bank_group * banks_per_group + bank in the group`.
    pub bank: usize,
    /// Bank group.
    pub group: usize,
    /// Column, in bursts.
    pub column: u64,
    /// Row.
    pub row: i64,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    shift: u32,
    mask: u64,
}

impl Field {
    fn of(self, burst: u64) -> u64 {
        burst >> self.shift & self.mask
    }
}

/// A mapping of a channel's bursts, numbered in the order of their addresses, to locations.
#[derive(Clone, Debug)]
pub struct AddressMapping {
    group: Field,
    bank: Field,
    column: Field,
    row_shift: u32,
    banks_per_group: u64,
}

impl AddressMapping {
    /// Parses a mapping such as `RoBaCoBgCh`, most significant field first: row, bank in a group, column, bank group,
    /// channel. The row comes first and the channel last: consecutive bursts go to consecutive channels, so that every
    /// channel sees the same stream.
    ///
    /// # Errors
    /// What a mapping must look like, when it does not.
    pub fn new(text: &str, standard: &Standard) -> Result<AddressMapping, &'static str> {
        const EXPECTED: &str = "Ro, then Ba, Bg and Co in any order, then Ch (such as RoBaCoBgCh)";
        let middle = text.strip_prefix("Ro").and_then(|rest| rest.strip_suffix("Ch")).ok_or(EXPECTED)?;
        if !middle.is_ascii() || middle.len() != 6 {
            return Err(EXPECTED);
        }
        let mut shift = 0;
        let (mut group, mut bank, mut column) = (None, None, None);
        for start in [4, 2, 0] {
            let (slot, size) = match &middle[start..start + 2] {
                "Bg" => (&mut group, standard.bank_groups),
                "Ba" => (&mut bank, standard.banks_per_group),
                "Co" => (&mut column, standard.columns),
                _ => return Err(EXPECTED),
            };
            if slot.replace(Field { shift, mask: size - 1 }).is_some() {
                return Err(EXPECTED);
            }
            shift += size.trailing_zeros();
        }
        let (Some(group), Some(bank), Some(column)) = (group, bank, column) else { return Err(EXPECTED) };
        Ok(AddressMapping {
            group,
            bank,
            column,
            row_shift: shift,
            banks_per_group: standard.banks_per_group,
        })
    }

    /// Where the channel's burst number `burst` lies.
    pub fn locate(&self, burst: u64) -> Location {
        let group = self.group.of(burst);
        Location {
            group: usize::try_from(group).unwrap_or(usize::MAX),
            bank: usize::try_from(group * self.banks_per_group + self.bank.of(burst)).unwrap_or(usize::MAX),
            column: self.column.of(burst),
            row: i64::try_from(burst >> self.row_shift).unwrap_or(i64::MAX),
        }
    }

    /// Bursts after which the mapping repeats with the next row: one row of every bank.
    pub fn sweep(&self) -> u64 {
        1 << self.row_shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dram::standard;

    #[test]
    fn consecutive_bursts_alternate_bank_groups() {
        let hbm3 = standard("hbm3").unwrap();
        let mapping = AddressMapping::new("RoBaCoBgCh", &hbm3).unwrap();
        assert_eq!(mapping.sweep(), 512); // 32 columns x 4 banks x 4 groups
        assert_eq!(mapping.locate(0), Location { bank: 0, group: 0, column: 0, row: 0 });
        assert_eq!(mapping.locate(1), Location { bank: 4, group: 1, column: 0, row: 0 });
        assert_eq!(mapping.locate(4), Location { bank: 0, group: 0, column: 1, row: 0 });
        assert_eq!(mapping.locate(128), Location { bank: 1, group: 0, column: 0, row: 0 });
        assert_eq!(mapping.locate(512), Location { bank: 0, group: 0, column: 0, row: 1 });
    }

    #[test]
    fn a_mapping_visits_every_location_of_a_row_once() {
        for name in crate::dram::standard_names() {
            let standard = standard(name).unwrap();
            for text in ["RoBaCoBgCh", "RoCoBaBgCh", "RoBgBaCoCh"] {
                let mapping = AddressMapping::new(text, &standard).unwrap();
                let seen: std::collections::HashSet<_> = (0..mapping.sweep())
                    .map(|burst| mapping.locate(burst))
                    .inspect(|l| assert_eq!(l.row, 0))
                    .map(|l| (l.bank, l.column))
                    .collect();
                assert_eq!(seen.len() as u64, standard.banks() * standard.columns, "{name} {text}");
            }
        }
    }

    #[test]
    fn what_is_not_a_mapping_is_refused() {
        let hbm3 = standard("hbm3").unwrap();
        for text in ["", "RoCh", "RoBaCoCoCh", "ChRoBaBgCo", "RoBaCoBg", "RoBaCoXxCh", "RoBäCoCh"] {
            assert!(AddressMapping::new(text, &hbm3).is_err(), "{text}");
        }
    }
}
