//! Which nets toggled.

use std::collections::BTreeMap;

/// How often each bit of each net changed, by `module.net[bit]`; instances of a module count together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    toggles: BTreeMap<String, u64>,
}

impl Coverage {
    /// Adds what Verilator wrote to a `coverage.dat`: lines of `C '\x01key\x02value...' count`.
    pub(crate) fn add(&mut self, text: &str) {
        for line in text.lines() {
            let Some((point, count)) = line.strip_prefix("C '").and_then(|rest| rest.rsplit_once("' "))
            else {
                continue;
            };
            let field = |key: &str| {
                point.split('\x01').find_map(|field| field.strip_prefix(key)?.strip_prefix('\x02'))
            };
            // The page is "v_toggle/MODULE".
            let module = field("page").and_then(|page| page.strip_prefix("v_toggle/"));
            if let (Some(module), Some(net), Ok(count)) = (module, field("o"), count.trim().parse::<u64>()) {
                *self.toggles.entry(format!("{module}.{net}")).or_default() += count;
            }
        }
    }

    /// How often the net `module.net` changed, all its bits together; nothing where there is no such net.
    pub fn toggles(&self, net: &str) -> Option<u64> {
        self.bits(net).map(|(_, count)| count).reduce(|sum, count| sum + count)
    }

    /// The same for all modules whose name begins with `kind`.
    pub fn toggles_of_kind(&self, kind: &str, net: &str) -> Option<u64> {
        let named = |point: &str| {
            point.split_once('.').is_some_and(|(module, own)| module.starts_with(kind) && own == net)
        };
        let counts = self.toggles.iter().filter(|(point, _)| named(point)).map(|(_, count)| *count);
        counts.reduce(|sum, count| sum + count)
    }

    /// Bits of the given nets that never changed; a net that is not there is among them.
    pub fn untouched(&self, nets: &[&str]) -> Vec<String> {
        nets.iter()
            .flat_map(|net| {
                let missing = self.bits(net).next().is_none().then(|| (*net).to_owned());
                self.bits(net).filter(|(_, count)| *count == 0).map(|(bit, _)| bit.to_owned()).chain(missing)
            })
            .collect()
    }

    fn bits<'a>(&'a self, net: &str) -> impl Iterator<Item = (&'a str, u64)> {
        let whole = self.toggles.get_key_value(net);
        let element = format!("{net}[");
        let elements =
            self.toggles.range(element.clone()..).take_while(move |(bit, _)| bit.starts_with(&element));
        whole.into_iter().chain(elements).map(|(bit, &count)| (bit.as_str(), count))
    }
}
