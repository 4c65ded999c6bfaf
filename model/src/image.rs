//! A file of weight images: the ternary matrices of a decoder as an engine streams them from memory
//! (`rtl/README.md`, "A file of images").

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use contract::{IMAGE_VERSION, ImageLayout, Trit};

use crate::checkpoint::Source;
use crate::{Error, LayerWeights, Linear, TritMatrix, WeightScale, Weights};

/// What a file begins with.
pub const IMAGE_MAGIC: [u8; 8] = *b"TRITIMG\0";

/// The version of the file's layout; that of the byte code stands beside it.
pub const IMAGE_FILE_VERSION: u32 = 1;

/// Bytes before the entries.
const HEAD_BYTES: u64 = 32;

/// Bytes of an entry.
const ENTRY_BYTES: u64 = 48;

/// What an image begins at a multiple of, besides its beats: no burst crosses as many bytes.
const PAGE_BYTES: u64 = 4096;

/// The most matrices: seven each of as many layers as a shape may have.
const MOST_MATRICES: u32 = 7 << 12;

/// The largest sizes of an engine, and of a matrix.
const MOST_LANES: u32 = 1024;
const MOST_STREAM_BITS: u32 = 65_536;
const MOST_ROWS: u32 = 1 << 20;

/// The matrices of a layer, in the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ImagePart {
    /// `q_proj`.
    Query,
    /// `k_proj`.
    Key,
    /// `v_proj`.
    Value,
    /// `o_proj`.
    Output,
    /// `gate_proj`.
    Gate,
    /// `up_proj`.
    Up,
    /// `down_proj`.
    Down,
}

impl ImagePart {
    /// All, in order.
    pub const ALL: [ImagePart; 7] = [
        ImagePart::Query,
        ImagePart::Key,
        ImagePart::Value,
        ImagePart::Output,
        ImagePart::Gate,
        ImagePart::Up,
        ImagePart::Down,
    ];

    /// The matrix of a layer.
    fn of(self, layer: &LayerWeights) -> &Linear {
        match self {
            ImagePart::Query => &layer.query,
            ImagePart::Key => &layer.key,
            ImagePart::Value => &layer.value,
            ImagePart::Output => &layer.output,
            ImagePart::Gate => &layer.gate,
            ImagePart::Up => &layer.up,
            ImagePart::Down => &layer.down,
        }
    }
}

/// A matrix in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageEntry {
    /// From 0.
    pub layer: u32,
    /// Which of the layer's.
    pub part: ImagePart,
    /// N of its job.
    pub outputs: u32,
    /// K of its job.
    pub inputs: u32,
    /// How sums become real numbers.
    pub scale: WeightScale,
    /// Its bytes in the file.
    pub range: Range<u64>,
}

/// A file of images whose header is good.
#[derive(Debug)]
pub struct ImageFile {
    file: Source,
    layout: ImageLayout,
    entries: Vec<ImageEntry>,
}

/// Writes the matrices of a decoder.
///
/// # Errors
///
/// Those of `out`, and [`io::ErrorKind::InvalidInput`] for sizes that no field of the file holds: none of a valid shape.
pub fn write_image(weights: &Weights, layout: ImageLayout, out: &mut dyn Write) -> io::Result<()> {
    let matrices = || {
        let layers = (0u32..).zip(&weights.layers);
        layers.flat_map(|(i, layer)| ImagePart::ALL.map(|part| (i, part, part.of(layer))))
    };
    let field =
        |size: usize| u32::try_from(size).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error));
    let alignment = alignment(layout);
    let count = matrices().count();
    out.write_all(&IMAGE_MAGIC)?;
    for value in [
        IMAGE_FILE_VERSION,
        IMAGE_VERSION,
        field(layout.lanes)?,
        field(layout.columns)?,
        field(layout.stream_bits)?,
        field(count)?,
    ] {
        out.write_all(&value.to_le_bytes())?;
    }

    let mut end = HEAD_BYTES + ENTRY_BYTES * count as u64;
    for (layer, part, linear) in matrices() {
        let (outputs, inputs) = (linear.trits.rows(), linear.trits.columns());
        let start = end.next_multiple_of(alignment);
        let bytes = image_bytes(layout, outputs as u64, inputs as u64);
        end = start + bytes;
        let (kind, scale) = match linear.scale {
            WeightScale::Divides(scale) => (0u32, scale),
            WeightScale::Multiplies(scale) => (1, scale),
        };
        out.write_all(&start.to_le_bytes())?;
        out.write_all(&bytes.to_le_bytes())?;
        for value in [field(outputs)?, field(inputs)?, layer, part as u32, kind, scale.to_bits(), 0, 0] {
            out.write_all(&value.to_le_bytes())?;
        }
    }

    let mut written = HEAD_BYTES + ENTRY_BYTES * count as u64;
    for (_, _, linear) in matrices() {
        for _ in written..written.next_multiple_of(alignment) {
            out.write_all(&[0])?;
        }
        written = written.next_multiple_of(alignment);
        let trits = &linear.trits;
        for first in (0..trits.rows()).step_by(layout.columns) {
            let rows: Vec<Vec<Trit>> = (first..trits.rows().min(first + layout.columns))
                .map(|row| trits.row(row).collect())
                .collect();
            let tile = layout.pack_tile(&rows, trits.columns());
            out.write_all(&tile)?;
            written += tile.len() as u64;
        }
    }
    Ok(())
}

/// What images begin at a multiple of.
fn alignment(layout: ImageLayout) -> u64 {
    let beat = layout.stream_bits as u64 / 8;
    let (mut a, mut b) = (PAGE_BYTES, beat);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    PAGE_BYTES / a * beat
}

/// The bytes of an image: below 2^20 x 2^20 / 5 x 2^13.
fn image_bytes(layout: ImageLayout, outputs: u64, inputs: u64) -> u64 {
    let (lanes, columns) = (layout.lanes as u64, layout.columns as u64);
    outputs.div_ceil(columns) * inputs.div_ceil(lanes) * layout.step_bytes() as u64
}

impl ImageFile {
    /// Opens a file and checks its header.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no file of images, or is of another version; a size is out of its range, an image is not
    /// in the file, not as long as its matrix makes it, or not behind the one before.
    pub fn open(path: &Path) -> Result<ImageFile, Error> {
        let file = Source::open(path)?;
        if file.bytes() < HEAD_BYTES || file.read(0..8)? != IMAGE_MAGIC {
            return Err(file.malformed("no file of weight images, which `sim pack` writes".to_owned()));
        }
        let head = words(&file.read(8..HEAD_BYTES)?);
        let [version, code, lanes, columns, stream_bits, count] = head[..] else {
            return Err(file.malformed("no header".to_owned()));
        };
        if (version, code) != (IMAGE_FILE_VERSION, IMAGE_VERSION) {
            return Err(file.malformed(format!(
                "version {version} with byte code {code}, must be {IMAGE_FILE_VERSION} with {IMAGE_VERSION}"
            )));
        }
        for (what, value, most) in [
            ("lanes", lanes, MOST_LANES),
            ("columns", columns, MOST_LANES),
            ("stream-bits", stream_bits, MOST_STREAM_BITS),
        ] {
            if !(1..=most).contains(&value) {
                return Err(file.malformed(format!("{value} {what}, must be 1 to {most}")));
            }
        }
        if !stream_bits.is_multiple_of(8) {
            return Err(file.malformed(format!("{stream_bits} stream-bits, must be whole bytes")));
        }
        if count > MOST_MATRICES {
            return Err(file.malformed(format!("{count} matrices, must be at most {MOST_MATRICES}")));
        }
        let size = |size: u32| size as usize;
        let layout =
            ImageLayout { lanes: size(lanes), columns: size(columns), stream_bits: size(stream_bits) };
        let mut end = HEAD_BYTES + ENTRY_BYTES * u64::from(count);
        let table = file.read(HEAD_BYTES..end)?;
        let mut entries = vec![];
        for (i, bytes) in table.chunks_exact(48).enumerate() {
            let entry = entry(&file, layout, i, bytes, end)?;
            end = entry.range.end;
            entries.push(entry);
        }
        if end != file.bytes() {
            return Err(file.malformed(format!("{} bytes, must be {end}", file.bytes())));
        }
        Ok(ImageFile { file, layout, entries })
    }

    /// The engine's sizes that it is for.
    pub fn layout(&self) -> ImageLayout {
        self.layout
    }

    /// Its matrices, in order.
    pub fn entries(&self) -> &[ImageEntry] {
        &self.entries
    }

    /// The trits of a matrix.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds what no matrix is packed as.
    pub fn matrix(&self, entry: &ImageEntry) -> Result<TritMatrix, Error> {
        let (outputs, inputs) = (entry.outputs as usize, entry.inputs as usize);
        let mut matrix = TritMatrix::zeros(outputs, inputs);
        let mut start = entry.range.start;
        for first in (0..outputs).step_by(self.layout.columns) {
            let end = start + self.layout.tile_bytes(inputs) as u64;
            let rows = self.layout.columns.min(outputs - first);
            let tile = self.layout.unpack_tile(&self.file.read(start..end)?, rows, inputs);
            let tile =
                tile.map_err(|error| self.file.malformed(format!("in the tile at byte {start}: {error}")))?;
            tile.iter().enumerate().for_each(|(row, trits)| matrix.set_row(first + row, trits));
            start = end;
        }
        Ok(matrix)
    }

    /// Whether the file holds the matrices of a decoder, each trit and each scale; the trits.
    ///
    /// # Errors
    ///
    /// The first that differs, and those of [`ImageFile::matrix`].
    pub fn compare(&self, weights: &Weights) -> Result<u64, Error> {
        let expected = ImagePart::ALL.len() * weights.layers.len();
        if self.entries.len() != expected {
            let found = self.entries.len();
            return Err(self
                .file
                .malformed(format!("{found} matrices, where the checkpoint has {expected}")));
        }
        let mut trits = 0;
        let parts = weights.layers.iter().flat_map(|layer| ImagePart::ALL.map(|part| (part, part.of(layer))));
        for (i, (entry, (part, linear))) in self.entries.iter().zip(parts).enumerate() {
            let layer = i / ImagePart::ALL.len();
            let differs = |what: String| Err(self.file.malformed(format!("layer {layer}, {part:?}: {what}")));
            let place = (entry.layer as usize, entry.part);
            if place != (layer, part) {
                return differs(format!("here is layer {}, {:?}", place.0, place.1));
            }
            let sizes = |rows: usize, columns: usize| format!("{rows} x {columns} trits");
            let (found, expected) = (
                sizes(entry.outputs as usize, entry.inputs as usize),
                sizes(linear.trits.rows(), linear.trits.columns()),
            );
            if found != expected {
                return differs(format!("{found}, where the checkpoint has {expected}"));
            }
            if entry.scale != linear.scale {
                return differs(format!("{:?}, where the checkpoint has {:?}", entry.scale, linear.scale));
            }
            let matrix = self.matrix(entry)?;
            for row in 0..matrix.rows() {
                if let Some(column) = matrix.row(row).zip(linear.trits.row(row)).position(|(a, b)| a != b) {
                    return differs(format!("the trit of output {row} and input {column} is another"));
                }
            }
            trits += matrix.rows() as u64 * matrix.columns() as u64;
        }
        Ok(trits)
    }
}

/// An entry, whose image begins where the one before ends, or at the next multiple of the alignment.
fn entry(file: &Source, layout: ImageLayout, i: usize, bytes: &[u8], end: u64) -> Result<ImageEntry, Error> {
    let error = |what: String| file.malformed(format!("matrix {i}: {what}"));
    let [start_low, start_high, bytes_low, bytes_high, outputs, inputs, layer, part, kind, scale, 0, 0] =
        words(bytes)[..]
    else {
        return Err(error("what is reserved is not 0".to_owned()));
    };
    let long = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
    let (start, bytes) = (long(start_low, start_high), long(bytes_low, bytes_high));
    for (what, size) in [("outputs", outputs), ("inputs", inputs)] {
        if !(1..=MOST_ROWS).contains(&size) {
            return Err(error(format!("{size} {what}, must be 1 to {MOST_ROWS}")));
        }
    }
    let expected = image_bytes(layout, outputs.into(), inputs.into());
    let expected_start = end.next_multiple_of(alignment(layout));
    if (start, bytes) != (expected_start, expected) {
        let place = format!("{bytes} bytes at {start}");
        return Err(error(format!("{place}, must be {expected} at {expected_start}")));
    }
    if start + bytes > file.bytes() {
        return Err(error(format!("ends at byte {} of {}: truncated?", start + bytes, file.bytes())));
    }
    let part = ImagePart::ALL.into_iter().find(|of| *of as u32 == part);
    let part = part.ok_or_else(|| error("an unknown part".to_owned()))?;
    let value = f32::from_bits(scale);
    let scale = match kind {
        0 => WeightScale::Divides(value),
        1 => WeightScale::Multiplies(value),
        _ => return Err(error(format!("a scale of kind {kind}, must be 0 or 1"))),
    };
    if !(value.is_finite() && value > 0.0) {
        return Err(error(format!("scaled by {value}, must be a positive number")));
    }
    Ok(ImageEntry { layer, part, outputs, inputs, scale, range: start..start + bytes })
}

/// Little-endian words.
fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word)).collect()
}
