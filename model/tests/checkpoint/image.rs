//! Files of weight images.

use std::fs;
use std::path::PathBuf;

use contract::{ImageLayout, packing};
use model::{ImageFile, ImagePart, WeightScale, checkpoint, write_image};
use tempfile::TempDir;

use crate::fixtures::fixture;

const LAYOUT: ImageLayout = ImageLayout { lanes: 12, columns: 5, stream_bits: 64 };

fn written(name: &str, layout: ImageLayout) -> (TempDir, PathBuf) {
    let weights = checkpoint::read(&fixture(name)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    write_image(&weights, layout, &mut fs::File::create(&path).unwrap()).unwrap();
    (folder, path)
}

#[test]
fn an_image_unpacks_to_the_trits_and_scales_it_was_made_of() {
    for (name, layers, trits) in
        [("bitnet", 1, 188_416), ("llama", 2, 2 * 7_680), ("llama.gguf", 2, 2 * 7_680)]
    {
        let weights = checkpoint::read(&fixture(name)).unwrap();
        // Lanes and columns that divide the matrices or do not, beats that divide a page or do not.
        for (lanes, columns, stream_bits) in
            [(80, 2, 128), (12, 5, 64), (1, 1, 8), (7, 3, 24), (300, 300, 512)]
        {
            let layout = ImageLayout { lanes, columns, stream_bits };
            let (_folder, path) = written(name, layout);
            let image = ImageFile::open(&path).unwrap();
            assert_eq!((image.layout(), image.entries().len()), (layout, 7 * layers));
            assert_eq!(image.compare(&weights).unwrap(), trits, "{name}: {layout:?}");
            for entry in image.entries() {
                assert_eq!(entry.range.start % 4096, 0);
                assert_eq!(entry.range.start % (stream_bits as u64 / 8), 0);
            }
        }
    }
}

/// Byte by byte as rtl/README.md has it, from a matrix's trits alone.
#[test]
fn the_bytes_of_an_image_are_where_the_formula_says() {
    let weights = checkpoint::read(&fixture("llama")).unwrap();
    let (_folder, path) = written("llama", LAYOUT);
    let image = ImageFile::open(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    let entry = &image.entries()[7 + 6];
    assert_eq!((entry.layer, entry.part, entry.outputs, entry.inputs), (1, ImagePart::Down, 32, 48));
    let down = &weights.layers[1].down;
    assert!(matches!(down.scale, WeightScale::Divides(_)) && entry.scale == down.scale);
    // ceil(5 x ceil(12 / 5) x 8 / 64) beats of 8 bytes, 4 steps, 7 tiles.
    let (column_bytes, step_bytes, steps) = (3, 16, 4);
    assert_eq!(entry.range.end - entry.range.start, 7 * steps * step_bytes);
    for n in 0..32 {
        for (k, trit) in (0u64..).zip(down.trits.row(n)) {
            let n = n as u64;
            let block = (n / 5 * steps + k / 12) * step_bytes;
            let place = entry.range.start + block + n % 5 * column_bytes + k % 12 / 5;
            let five = packing::unpack5(bytes[usize::try_from(place).unwrap()]).unwrap();
            assert_eq!(five[usize::try_from(k % 12 % 5).unwrap()], trit);
        }
    }
}

#[test]
fn a_file_that_was_damaged_is_refused() {
    let weights = checkpoint::read(&fixture("llama")).unwrap();
    let (_folder, path) = written("llama", LAYOUT);
    let whole = fs::read(&path).unwrap();
    let error = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
        let image = ImageFile::open(&path).and_then(|image| image.compare(&weights));
        let error = image.unwrap_err().to_string();
        assert_eq!(error.lines().count(), 1);
        error.replace(&format!("{}: ", path.display()), "")
    };
    let word =
        |at: usize, value: u32| error(&move |bytes| bytes[at..at + 4].copy_from_slice(&value.to_le_bytes()));
    for length in [0, 7, 31] {
        let none = "no file of weight images, which `sim pack` writes";
        assert_eq!(error(&|bytes| bytes.truncate(length)), none);
    }
    assert_eq!(word(8, 2), "version 2 with byte code 2, must be 1 with 2");
    assert_eq!(word(12, 1), "version 1 with byte code 1, must be 1 with 2");
    assert_eq!(word(16, 0), "0 lanes, must be 1 to 1024");
    assert_eq!(word(20, u32::MAX), "4294967295 columns, must be 1 to 1024");
    assert_eq!(word(24, 65_544), "65544 stream-bits, must be 1 to 65536");
    assert_eq!(word(24, 12), "12 stream-bits, must be whole bytes");
    assert_eq!(word(28, u32::MAX), "4294967295 matrices, must be at most 28672");
    assert_eq!(word(28, 28_672), "bytes 32 to 1376288 are not in a file of 57792 bytes");
    assert_eq!(word(28, 13), "57792 bytes, must be 53728");
    // The first entry: its place, its length, N, K, layer, part, kind and scale of its weights, what is reserved.
    assert_eq!(word(32, 0), "matrix 0: 336 bytes at 0, must be 336 at 4096");
    assert_eq!(word(44, 1), "matrix 0: 4294967632 bytes at 4096, must be 336 at 4096");
    assert_eq!(word(48, 0), "matrix 0: 0 outputs, must be 1 to 1048576");
    assert_eq!(word(52, u32::MAX), "matrix 0: 4294967295 inputs, must be 1 to 1048576");
    assert_eq!(word(52, 1 << 20), "matrix 0: 336 bytes at 4096, must be 9786784 at 4096");
    assert_eq!(word(56, 1), "layer 0, Query: here is layer 1, Query");
    assert_eq!(word(60, 7), "matrix 0: an unknown part");
    assert_eq!(word(60, 1), "layer 0, Query: here is layer 0, Key");
    assert_eq!(word(64, 2), "matrix 0: a scale of kind 2, must be 0 or 1");
    assert_eq!(word(68, f32::NAN.to_bits()), "matrix 0: scaled by NaN, must be a positive number");
    let error_at = word(68, 1f32.to_bits());
    assert!(
        error_at.starts_with("layer 0, Query: Divides(1.0), where the checkpoint has Divides("),
        "{error_at}"
    );
    assert_eq!(word(76, 1), "matrix 0: what is reserved is not 0");
    // The image: a byte that is no code, other trits, padding.
    assert_eq!(
        error(&|bytes| bytes[4096 + 50] = 8),
        "in the tile at byte 4144: byte 8 at position 2 is none of the 243 codes of five trits"
    );
    let other = |byte: u8| u8::from(byte == 0);
    assert_eq!(
        error(&|bytes| bytes[4096] = other(bytes[4096])),
        "layer 0, Query: the trit of output 0 and input 0 is another"
    );
    assert_eq!(
        error(&|bytes| bytes[4096 + 15] = 1),
        "in the tile at byte 4096: the last byte holds nonzero trits past the 160 expected: padding must be zero"
    );
    assert_eq!(error(&|bytes| bytes.push(0)), "57793 bytes, must be 57792");
    assert_eq!(error(&|bytes| bytes.truncate(57_000)), "matrix 13: ends at byte 57792 of 57000: truncated?");
    let bitnet = checkpoint::read(&fixture("bitnet")).unwrap();
    fs::write(&path, &whole).unwrap();
    let error = ImageFile::open(&path).unwrap().compare(&bitnet).unwrap_err().to_string();
    assert!(error.ends_with("14 matrices, where the checkpoint has 7"), "{error}");
}
