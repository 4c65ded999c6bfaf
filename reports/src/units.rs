//! Numbers as people read them: an SI prefix and a few significant digits. Documents for programs keep the raw values.

/// Significant digits of a quantity in a table.
const DIGITS: i32 = 4;

/// `value` with `digits` significant digits and no exponent: 0.01234, 1.234, 1234.
pub(crate) fn significant(value: f64, digits: i32) -> String {
    let decimals = usize::try_from(digits - 1 - exponent(value, digits)).unwrap_or(0);
    format!("{value:.decimals$}")
}

/// `value` with an SI prefix before `unit`, four significant digits: `5.512 ms`, `14.21 GB`.
pub(crate) fn si(value: f64, unit: &str) -> String {
    if value == 0.0 {
        return format!("0 {unit}");
    }
    let (scale, prefix) = prefix(value);
    format!("{} {prefix}{unit}", significant(value / scale, DIGITS))
}

/// The SI prefix that `value` is best written with, and what it stands for: 0.0055 is 5.5 of (0.001, "m").
pub(crate) fn prefix(value: f64) -> (f64, &'static str) {
    const PREFIXES: [&str; 11] = ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P"];
    const NO_PREFIX: i32 = 5;
    let group = exponent(value, DIGITS).div_euclid(3).clamp(-NO_PREFIX, NO_PREFIX);
    (10f64.powi(3 * group), PREFIXES[usize::try_from(group + NO_PREFIX).unwrap_or(0)])
}

/// Bytes with a decimal prefix; below a thousand they are exact.
pub(crate) fn bytes(count: u64) -> String {
    if count < 1000 { format!("{count} B") } else { si(count as f64, "B") }
}

/// A count with its thousands apart: `5,512,345`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number, four significant digits, from ten thousand on as a count.
pub(crate) fn number(value: f64) -> String {
    if value < 10_000.0 {
        return significant(value, DIGITS);
    }
    let whole = format!("{value:.0}");
    whole.parse().map_or(whole, count)
}

/// A count in little room: exact below ten thousand, four significant digits above.
pub(crate) fn short_count(value: u64) -> String {
    if value < 10_000 { count(value) } else { si(value as f64, "") }
}

/// A fraction as a percentage, at most three significant digits.
pub(crate) fn percent(fraction: f64) -> String {
    match fraction * 100.0 {
        0.0 => "0%".to_owned(),
        tiny if tiny < 0.005 => "~0%".to_owned(),
        small if small < 0.995 => format!("{small:.2}%"),
        percent => format!("{}%", significant(percent, 3)),
    }
}

/// How many times: `9.64x`.
pub(crate) fn times(ratio: f64) -> String {
    format!("{}x", significant(ratio, 3))
}

/// The power of ten of `value` once it is rounded to `digits` digits: 9.999 to three digits is 10.0.
fn exponent(value: f64, digits: i32) -> i32 {
    let precision = usize::try_from(digits - 1).unwrap_or(0);
    let rounded = format!("{value:.precision$e}");
    rounded.rsplit('e').next().and_then(|power| power.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_digits() {
        let cases = [
            (0.0, "0.00"),
            (9.644, "9.64"),
            (9.996, "10.0"),
            (71.43, "71.4"),
            (1234.4, "1234"),
            (0.01234, "0.0123"),
        ];
        for (value, text) in cases {
            assert_eq!(significant(value, 3), text);
        }
    }

    #[test]
    fn prefixes_follow_the_rounded_value() {
        let cases = [
            (0.0, "0 s"),
            (0.005_512_345, "5.512 ms"),
            (0.000_999_96, "1.000 ms"),
            (0.000_999_94, "999.9 µs"),
            (1.0, "1.000 s"),
            (78.9, "78.90 s"),
            (1.379_53e11, "138.0 Gs"),
            (3e-17, "0.03000 fs"),
        ];
        for (value, text) in cases {
            assert_eq!(si(value, "s"), text);
        }
    }

    #[test]
    fn counts_bytes_and_ratios() {
        assert_eq!([0, 999, 1000, 5_512_345].map(count), ["0", "999", "1,000", "5,512,345"]);
        assert_eq!([0, 999, 1000, 14_211_000_000].map(bytes), ["0 B", "999 B", "1.000 kB", "14.21 GB"]);
        assert_eq!([0.0, 0.00001, 0.0012, 0.786, 1.0].map(percent), ["0%", "~0%", "0.12%", "78.6%", "100%"]);
        assert_eq!(percent(0.009_999_9), "1.00%");
        assert_eq!([0.42, 725.64, 371_530.4].map(number), ["0.4200", "725.6", "371,530"]);
        assert_eq!([9_999, 10_000, 748_860_730].map(short_count), ["9,999", "10.00 k", "748.9 M"]);
        assert_eq!([1.0, 9.644, 71.43].map(times), ["1.00x", "9.64x", "71.4x"]);
    }

    #[test]
    fn what_is_no_number_is_shown_as_such() {
        assert_eq!(si(f64::NAN, "s"), "NaN s");
        assert_eq!(times(f64::INFINITY), "infx");
    }
}
