//! Re-reads a command trace and finds what breaks the standard: the scheduler's opposite in form, with which it shares no code.
//!
//! It reads the standard's YAML and the trace's lines by itself. Of every bank it remembers when each kind of command was last given to
//! it, and compares a new command with all of them by a table of separations; where the scheduler has turnarounds between column
//! commands, it looks for bursts that meet on the data bus. It also wants every rank or bank refreshed in time.

use std::collections::{BTreeMap, VecDeque};

use serde_yaml::Value;

/// Words of a trace's commands, by which what was last done to a bank is kept.
const WORDS: [&str; 6] = ["ACT", "PRE", "RD", "WR", "REF", "REFB"];

/// What a standard demands, as its YAML says.
#[derive(Clone, Debug)]
struct Demands {
    timing: BTreeMap<String, i64>,
    groups: i64,
    banks: i64,
    split_bus: bool,
    /// The least cycles by the earlier word, the later one, and whether they are in a bank, a group or a rank; 0 where there are none.
    separations: [[[i64; 3]; 6]; 6],
    /// Slots of each word.
    slots: [i64; 6],
    /// From the first to the second slot of an activate at most, where they may be apart.
    aad: Option<i64>,
    /// Cycles to the first and to the last beat of a read's and of a write's data.
    data: [(i64, i64); 2],
    rank_gap: i64,
    faw: i64,
    refi: i64,
}

/// No command yet.
const NEVER: i64 = i64::MIN / 2;

impl Demands {
    fn of(yaml: &str) -> Result<Demands, String> {
        let file: Value = serde_yaml::from_str(yaml).map_err(|error| error.to_string())?;
        let number = |key: &str| file[key].as_i64().ok_or(format!("`{key}` is no number"));
        let mut timing = BTreeMap::new();
        let mut add = |prefix: &str, values: &Value| {
            for (key, value) in values.as_mapping().into_iter().flatten() {
                if let (Some(key), Some(value)) = (key.as_str(), value.as_i64()) {
                    timing.insert(format!("{prefix}{key}"), value);
                }
            }
        };
        add("", &file["timing"]);
        add("per_bank.", &file["timing"]["per_bank"]);
        let mut demands = Demands {
            timing,
            groups: number("bank_groups")?,
            banks: number("banks_per_group")?,
            split_bus: file["split_command_bus"].as_bool().ok_or("`split_command_bus` is no truth value")?,
            separations: [[[0; 3]; 6]; 6],
            slots: [0; 6],
            aad: None,
            data: [(0, 0); 2],
            rank_gap: 0,
            faw: 0,
            refi: 0,
        };
        for (earlier, word) in WORDS.into_iter().enumerate() {
            for (later, later_word) in WORDS.into_iter().enumerate() {
                for (relation, (same_bank, same_group)) in RELATIONS.into_iter().enumerate() {
                    let least = demands.separation(word, later_word, same_bank, same_group);
                    demands.separations[earlier][later][relation] = least.unwrap_or(0);
                }
            }
            demands.slots[earlier] = demands.slots_of(word);
        }
        demands.aad = demands.get("aad");
        demands.data = ["cl", "cwl"].map(|delay| {
            let first = demands.must(delay);
            (first, first + demands.must("burst") - 1)
        });
        demands.rank_gap = demands.get("rtrs").unwrap_or(2);
        demands.faw = demands.must("faw");
        demands.refi = demands.must("refi");
        Ok(demands)
    }

    fn get(&self, name: &str) -> Option<i64> {
        self.timing.get(name).copied()
    }

    /// A timing that every standard has.
    fn must(&self, name: &str) -> i64 {
        self.get(name).unwrap_or(0)
    }

    /// The least cycles from one command to a later one of its rank, where there is such a demand.
    fn separation(&self, earlier: &str, later: &str, same_bank: bool, same_group: bool) -> Option<i64> {
        let t = |name| self.must(name);
        let by_group = |long: i64, short: i64| if same_group { long } else { short };
        let write_data = t("cwl") + t("burst");
        let only = |is_true: bool, cycles: i64| is_true.then_some(cycles);
        match (earlier, later) {
            ("ACT", "ACT") if same_bank => Some(t("rc")),
            ("ACT", "ACT") => Some(by_group(t("rrd_l"), t("rrd_s"))),
            ("ACT", "RD") => only(same_bank, t("rcd_read")),
            ("ACT", "WR") => only(same_bank, t("rcd_write")),
            ("ACT", "PRE") => only(same_bank, t("ras")),
            ("ACT", "REF") => Some(t("rc")),
            ("ACT", "REFB") => Some(if same_bank { t("rc") } else { by_group(t("rrd_l"), t("rrd_s")) }),
            ("PRE", "PRE") => self.get("ppd"),
            ("PRE", "ACT" | "REFB") => only(same_bank, t("rp")),
            ("PRE", "REF") => Some(t("rp")),
            ("RD", "RD") | ("WR", "WR") => Some(by_group(t("ccd_l"), t("ccd_s"))),
            ("RD", "WR") => Some(t("rtw")),
            ("WR", "RD") => Some(write_data + by_group(t("wtr_l"), t("wtr_s"))),
            ("RD", "PRE") => only(same_bank, t("rtp")),
            ("WR", "PRE") => only(same_bank, write_data + t("wr")),
            ("REF", "ACT" | "REF" | "REFB") => Some(t("rfc")),
            ("REFB", "ACT" | "REFB") if same_bank => self.get("per_bank.rfc"),
            ("REFB", "ACT") => self.get("per_bank.to_activate"),
            ("REFB", "REFB") => self.get("per_bank.to_refresh"),
            ("REFB", "REF") => self.get("per_bank.rfc"),
            _ => None,
        }
    }

    fn slots_of(&self, word: &str) -> i64 {
        let name = match word {
            "ACT" => "activate_slots",
            "RD" | "WR" => "column_slots",
            _ => "precharge_slots",
        };
        self.get(name).unwrap_or(1)
    }
}

/// In a bank, in a group, in a rank: the same bank, the same group.
const RELATIONS: [(bool, bool); 3] = [(true, true), (false, true), (false, false)];

/// A line of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    cycle: i64,
    first_slot: i64,
    word: &'static str,
    channel: i64,
    rank: i64,
    group: i64,
    bank: i64,
    row: i64,
}

impl Line {
    fn parse(text: &str) -> Option<Line> {
        let mut words = text.split_ascii_whitespace();
        let number = |words: &mut std::str::SplitAsciiWhitespace<'_>| words.next()?.parse::<i64>().ok();
        let cycle = number(&mut words)?;
        let first_slot = number(&mut words)?;
        let channel = number(&mut words)?;
        let word = words.next()?;
        let word = WORDS.into_iter().find(|known| *known == word)?;
        let rank = number(&mut words)?;
        let (mut group, mut bank, mut row) = (-1, -1, -1);
        if word != "REF" {
            group = number(&mut words)?;
            bank = number(&mut words)?;
            if word != "REFB" {
                row = number(&mut words)?;
            }
        }
        Some(Line { cycle, first_slot, word, channel, rank, group, bank, row })
    }
}

/// What a channel has seen.
#[derive(Clone, Debug, Default)]
struct Channel {
    /// By bank of a rank and word, the cycle of its last command; a refresh of a rank stands at bank -1.
    last: BTreeMap<(i64, i64, i64), [i64; 6]>,
    open: BTreeMap<(i64, i64, i64), i64>,
    /// By rank, its last activates and refreshes of banks.
    activates: BTreeMap<i64, VecDeque<i64>>,
    /// Slots taken lately, by bus.
    slots: [VecDeque<i64>; 2],
    /// Bursts lately: first and last cycle, rank.
    bursts: VecDeque<(i64, i64, i64)>,
    cycle: i64,
}

/// Checks a trace line by line.
#[derive(Clone, Debug)]
pub struct Checker {
    demands: Demands,
    ranks: i64,
    /// "REF", "REFB" or nothing: what must come in time.
    refresh: Option<&'static str>,
    channels: BTreeMap<i64, Channel>,
    lines: u64,
}

impl Checker {
    /// A checker of a standard's traces, by its YAML. `refresh` is what must come in time: `REF` of every rank, `REFB` of every bank, or
    /// nothing.
    ///
    /// # Errors
    /// What of the YAML is not what it should be.
    pub fn new(yaml: &str, ranks: u64, refresh: Option<&'static str>) -> Result<Checker, String> {
        let demands = Demands::of(yaml)?;
        Ok(Checker { demands, ranks: ranks.cast_signed(), refresh, channels: BTreeMap::new(), lines: 0 })
    }

    /// Lines read.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Reads the next line: what it breaks, if it breaks anything.
    ///
    /// # Errors
    /// What it breaks.
    pub fn line(&mut self, text: &str) -> Result<(), String> {
        self.lines += 1;
        let line = Line::parse(text).ok_or_else(|| format!("`{}` is no command", text.escape_debug()))?;
        let demands = &self.demands;
        if line.rank < 0
            || line.rank >= self.ranks
            || (line.word != "REF"
                && !((0..demands.groups).contains(&line.group) && (0..demands.banks).contains(&line.bank)))
        {
            return Err(format!("`{text}` is for a bank that there is not"));
        }
        let channel = self.channels.entry(line.channel).or_default();
        let wrong = |why: String| Err(format!("`{text}` {why}"));
        if line.cycle < channel.cycle {
            return wrong(format!("comes behind cycle {}", channel.cycle));
        }
        channel.cycle = line.cycle;
        if let Some(why) = channel.bus_conflict(demands, &line) {
            return wrong(why);
        }
        let later = line.index();
        for (place, cycles) in channel.last.range((line.rank, -1, -1)..(line.rank + 1, -1, -1)) {
            let relation = if *place == line.place() {
                0
            } else if place.1 == line.group {
                1
            } else {
                2
            };
            for (earlier, cycle) in cycles.iter().enumerate() {
                let least = demands.separations[earlier][later][relation];
                if line.cycle - cycle < least {
                    let word = WORDS[earlier];
                    return wrong(format!("is less than {least} cycles behind {word} in cycle {cycle}"));
                }
            }
        }
        if let Some(why) = channel.wrong_state(demands, &line) {
            return wrong(why);
        }
        if self.refresh == Some(line.word) {
            let before = channel.last.get(&line.place()).map_or(0, |last| last[later].max(0));
            let late = line.cycle - before;
            // Nothing is postponed by a whole interval.
            if late >= 2 * demands.refi {
                return wrong(format!("comes {late} cycles behind the one before"));
            }
        }
        channel.last.entry(line.place()).or_insert([NEVER; 6])[later] = line.cycle;
        Ok(())
    }

    /// After the last line of a trace that ends in cycle `end`: whether every refresh came.
    ///
    /// # Errors
    /// The first that did not.
    pub fn finish(&self, end: i64) -> Result<(), String> {
        let Some(word) = self.refresh else { return Ok(()) };
        let (groups, banks) =
            if word == "REF" { (-1..0, -1..0) } else { (0..self.demands.groups, 0..self.demands.banks) };
        for (number, channel) in &self.channels {
            for rank in 0..self.ranks {
                for (group, bank) in groups.clone().flat_map(|g| banks.clone().map(move |b| (g, b))) {
                    let index = WORDS.iter().position(|known| *known == word).unwrap_or(0);
                    let last = channel.last.get(&(rank, group, bank)).map_or(0, |last| last[index].max(0));
                    if end - last >= 2 * self.demands.refi {
                        return Err(format!(
                            "channel {number}, rank {rank}, group {group}, bank {bank}: no {word} for two intervals before cycle {end}"
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Line {
    fn place(&self) -> (i64, i64, i64) {
        (self.rank, self.group, self.bank)
    }

    fn index(&self) -> usize {
        WORDS.iter().position(|known| *known == self.word).unwrap_or(0)
    }
}

impl Channel {
    /// Two commands in a slot, or two bursts at once on the data bus.
    fn bus_conflict(&mut self, demands: &Demands, line: &Line) -> Option<String> {
        let is_column = matches!(line.word, "RD" | "WR");
        let slots = demands.slots[line.index()];
        let apart = line.cycle - line.first_slot;
        let split = demands.aad.filter(|_| line.word == "ACT");
        let longest = split.unwrap_or(slots - 1);
        if apart > longest || apart < slots - 1 {
            return Some(format!("takes {} slots", apart + 1));
        }
        let bus = &mut self.slots[usize::from(demands.split_bus && is_column)];
        let step = if split.is_some() { apart } else { 1 };
        for slot in (line.first_slot..=line.cycle).step_by(usize::try_from(step.max(1)).unwrap_or(1)) {
            if bus.contains(&slot) {
                return Some("shares its slot".to_owned());
            }
            bus.push_back(slot);
        }
        while bus.len() > 24 {
            bus.pop_front();
        }
        if !is_column {
            return None;
        }
        let (first, last) = demands.data[usize::from(line.word == "WR")];
        let (first, last) = (line.cycle + first, line.cycle + last);
        for &(other_first, other_last, rank) in &self.bursts {
            let gap = if rank == line.rank { 0 } else { demands.rank_gap };
            if first <= other_last + gap && other_first <= last + gap {
                return Some(format!("has its data where those of cycles {other_first} to {other_last} are"));
            }
        }
        self.bursts.push_back((first, last, line.rank));
        if self.bursts.len() > 16 {
            self.bursts.pop_front();
        }
        None
    }

    /// The fifth activate within tFAW, where the refresh of a bank counts as one.
    fn fifth(&mut self, demands: &Demands, line: &Line) -> Option<String> {
        let window = self.activates.entry(line.rank).or_default();
        if window.len() == 4 && window.front().is_some_and(|&first| line.cycle - first < demands.faw) {
            return Some("is the fifth activate within tFAW".to_owned());
        }
        window.push_back(line.cycle);
        if window.len() > 4 {
            window.pop_front();
        }
        None
    }

    /// A command that its bank or rank cannot take.
    fn wrong_state(&mut self, demands: &Demands, line: &Line) -> Option<String> {
        let place = line.place();
        match line.word {
            "ACT" => self
                .fifth(demands, line)
                .or_else(|| self.open.insert(place, line.row).map(|row| format!("finds row {row} open"))),
            "PRE" => match self.open.remove(&place) {
                Some(row) if row == line.row => None,
                _ => Some("does not find its row open".to_owned()),
            },
            "RD" | "WR" => {
                (self.open.get(&place) != Some(&line.row)).then(|| "does not find its row open".to_owned())
            }
            "REFB" => self
                .fifth(demands, line)
                .or_else(|| self.open.get(&place).map(|row| format!("finds row {row} open"))),
            _ => {
                let open = self.open.keys().find(|(rank, _, _)| *rank == line.rank);
                open.map(|(_, group, bank)| format!("finds bank {bank} of group {group} open"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
