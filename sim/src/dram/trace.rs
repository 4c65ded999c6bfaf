//! Reads a trace of requests, line by line, in bounded memory.

use std::io::{BufRead, BufReader, Read};

use super::Access;

/// A request of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Read or write.
    pub access: Access,
    /// Byte address.
    pub address: u64,
    /// The cycle in which it is made, where the trace says so.
    pub made: Option<i64>,
}

/// What is wrong with a trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// A line is no request.
    #[error("line {line} is `{text}`: {expected}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// Its beginning.
        text: String,
        /// What would be right.
        expected: &'static str,
    },
}

const EXPECTED: &str = "must be `LD 0x...` or `ST 0x...`, or `0x... READ cycle` or `0x... WRITE cycle`, with at most 64 bits of address";
const EXPECTED_CYCLE: &str = "its cycle must be at most 2^53, and not before that of the line above";
/// No line is longer.
const LONGEST: usize = 256;
const LAST_CYCLE: u64 = 1 << 53;

/// The requests of a trace. `LD 0x...` or `ST 0x...` are made as soon as they can enter; `0x... READ cycle` and `0x... WRITE cycle` no
/// earlier than in their cycle. Addresses may be decimal; what follows `#` and empty lines are left out.
pub struct Requests<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    number: u64,
    cycle: i64,
}

impl<R: Read> Requests<R> {
    /// The requests of a text.
    pub fn new(text: R) -> Requests<R> {
        Requests { reader: BufReader::with_capacity(1 << 16, text), line: Vec::new(), number: 0, cycle: 0 }
    }

    /// The next request.
    ///
    /// # Errors
    /// [`TraceError`] for a text that cannot be read, or the first line that is no request.
    #[inline]
    pub fn request(&mut self) -> Result<Option<Request>, TraceError> {
        if let Some((request, length)) = parse_plain(self.reader.buffer()) {
            self.number += 1;
            self.reader.consume(length);
            return Ok(Some(request));
        }
        self.any_request()
    }

    /// The next request, in whatever form.
    #[cold]
    fn any_request(&mut self) -> Result<Option<Request>, TraceError> {
        loop {
            let buffer = self.reader.buffer();
            // A whole line, mostly; one at the buffer's end is put together.
            let (request, used) = match buffer.iter().take(LONGEST).position(|&byte| byte == b'\n') {
                Some(end) => (parse(&buffer[..end]), end + 1),
                None => match self.long_line()? {
                    0 => return Ok(None),
                    LONGEST => (Err(EXPECTED), 0),
                    _ => (parse(&self.line), 0),
                },
            };
            self.number += 1;
            match request {
                Ok(request)
                    if request.is_none_or(|request| request.made.is_none_or(|made| made >= self.cycle)) =>
                {
                    self.reader.consume(used);
                    if let Some(request) = request {
                        self.cycle = request.made.unwrap_or(self.cycle);
                        return Ok(Some(request));
                    }
                }
                wrong => {
                    let expected = wrong.err().unwrap_or(EXPECTED_CYCLE);
                    let text = if used == 0 { &self.line } else { &self.reader.buffer()[..used - 1] };
                    let text = String::from_utf8_lossy(&text[..text.len().min(60)])
                        .trim_end()
                        .escape_debug()
                        .to_string();
                    return Err(TraceError::Line { line: self.number, text, expected });
                }
            }
        }
    }

    /// Puts together a line that is not all in the buffer, of at most [`LONGEST`] bytes; the bytes that it has.
    #[cold]
    fn long_line(&mut self) -> Result<usize, TraceError> {
        self.line.clear();
        let limit = LONGEST as u64;
        let length = (&mut self.reader).take(limit).read_until(b'\n', &mut self.line)?;
        Ok(length)
    }
}

/// The request of a line that is `LD 0x...` or `ST 0x...` and nothing else, as most are, and its length; none for all others, right or
/// wrong.
#[inline]
fn parse_plain(buffer: &[u8]) -> Option<(Request, usize)> {
    let (start, rest) = buffer.split_first_chunk::<5>()?;
    let access = match start {
        b"LD 0x" => Access::Read,
        b"ST 0x" => Access::Write,
        _ => return None,
    };
    let mut address: u64 = 0;
    // Up to sixteen digits, and the end of the line behind them.
    for (index, &byte) in rest.iter().take(17).enumerate() {
        let digit = DIGITS[usize::from(byte)];
        if digit == NO_DIGIT {
            let is_end = byte == b'\n' && index > 0;
            return is_end.then_some((Request { access, address, made: None }, index + 6));
        }
        address = address << 4 | u64::from(digit);
    }
    None
}

const NO_DIGIT: u8 = 0xff;

/// The values of hexadecimal digits.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value as usize] as usize] = value;
        digits[b"0123456789ABCDEF"[value as usize] as usize] = value;
        value += 1;
    }
    digits
};

/// The request of a line, or none in an empty one; what would be right if it is wrong.
#[inline]
fn parse(line: &[u8]) -> Result<Option<Request>, &'static str> {
    let mut at = Words(line);
    let Some(first) = at.word() else { return Ok(None) };
    let request = match first {
        b"LD" => Request { access: Access::Read, address: at.number().ok_or(EXPECTED)?, made: None },
        b"ST" => Request { access: Access::Write, address: at.number().ok_or(EXPECTED)?, made: None },
        address => {
            let address = number(address).ok_or(EXPECTED)?;
            let access = match at.word() {
                Some(b"READ") => Access::Read,
                Some(b"WRITE") => Access::Write,
                _ => return Err(EXPECTED),
            };
            let cycle = at.number().ok_or(EXPECTED)?;
            if cycle > LAST_CYCLE {
                return Err(EXPECTED_CYCLE);
            }
            Request { access, address, made: Some(cycle.cast_signed()) }
        }
    };
    if at.word().is_some() { Err(EXPECTED) } else { Ok(Some(request)) }
}

/// The words of a line.
struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    #[inline]
    fn word(&mut self) -> Option<&'a [u8]> {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let start = self.0.iter().position(|byte| !is_space(byte))?;
        let rest = &self.0[start..];
        if rest[0] == b'#' {
            return None;
        }
        let end = rest.iter().position(is_space).unwrap_or(rest.len());
        self.0 = &rest[end..];
        Some(&rest[..end])
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        self.word().and_then(number)
    }
}

/// A number, hexadecimal after `0x`.
#[inline]
fn number(word: &[u8]) -> Option<u64> {
    let mut value: u64 = 0;
    if let [b'0', b'x' | b'X', digits @ ..] = word {
        if digits.is_empty() {
            return None;
        }
        for &digit in digits {
            let digit = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                b'A'..=b'F' => digit - b'A' + 10,
                _ => return None,
            };
            if value >> 60 != 0 {
                return None;
            }
            value = value << 4 | u64::from(digit);
        }
        return Some(value);
    }
    if word.is_empty() {
        return None;
    }
    for &digit in word {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<Request>, TraceError> {
        let mut requests = Requests::new(text.as_bytes());
        let mut read = Vec::new();
        while let Some(request) = requests.request()? {
            read.push(request);
        }
        Ok(read)
    }

    #[test]
    fn both_forms_are_read() {
        let request = |access, address, made| Request { access, address, made };
        let text = "LD 0x1F\n\n  ST\t0XfF \r\n# note\nLD 64 # note\n0x40 READ 7\n0x80 WRITE 7\nST 0xffffffffffffffff";
        let expected = [
            request(Access::Read, 0x1f, None),
            request(Access::Write, 0xff, None),
            request(Access::Read, 64, None),
            request(Access::Read, 0x40, Some(7)),
            request(Access::Write, 0x80, Some(7)),
            request(Access::Write, u64::MAX, None),
        ];
        assert_eq!(all(text).unwrap(), expected);
        assert_eq!(all("").unwrap(), []);
    }

    #[test]
    fn a_long_trace_crosses_buffers() {
        let text: String = (0..300_000).map(|index| format!("LD 0x{index:x}\n")).collect();
        let read = all(&text).unwrap();
        assert_eq!(read.len(), 300_000);
        assert!(read.iter().enumerate().all(|(index, request)| request.address == index as u64));
    }

    #[test]
    fn the_first_wrong_line_is_named() {
        for (text, line) in [
            ("LD 0x0\nLD\n", 2),
            ("LD 0x0\n\nLD 0xg\n", 3),
            ("LD 0x10000000000000000", 1),
            ("LD 18446744073709551616", 1),
            ("LD 0x", 1),
            ("XX 0x0", 1),
            ("LD 0x0 0", 1),
            ("0x0 READ", 1),
            ("0x0 READ -1", 1),
            ("0x0 FETCH 1", 1),
            ("0x0 READ 5\n0x0 READ 4", 2),
            ("0x0 READ 9007199254740993", 1),
            ("LD 0x0\n\u{0}\u{1b}[31m", 2),
        ] {
            match all(text) {
                Err(TraceError::Line { line: found, text: shown, .. }) => {
                    assert_eq!(found, line, "{text}");
                    assert!(!shown.contains(['\u{1b}', '\u{0}']), "{shown}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        let long = format!("LD 0x{}\n", "0".repeat(1000));
        assert!(matches!(all(&long), Err(TraceError::Line { line: 1, .. })));
    }
}
