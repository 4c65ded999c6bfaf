//! Where things lie, how they are cut, and what does not fit.

use model::Shape;

use super::*;
use crate::chip;
use crate::workload::Machine;

fn ternary<'a>(shape: &'a Shape, phase: Phase, batch: u64, length: u64) -> Workload<'a> {
    Workload::new(shape, Machine::Ternary, shape.head_format, phase, batch, length)
}

fn linear_images(mapping: &Mapping) -> u64 {
    let images = mapping.workload.layer().into_iter().filter_map(|operator| match operator.work {
        Work::Linear { n, k, format } => Some(Tiling::new(mapping.chip, format, n, k).image_bytes()),
        _ => None,
    });
    images.sum::<u64>() * mapping.workload.shape.num_hidden_layers
}

#[test]
fn kv260_streams_the_bytes_that_the_board_was_measured_to() {
    // bitnet-kv260: a model stream of 417,546,240 bytes and a head stream of 65,667,072.
    let (shape, chip) = (model::preset("bitnet-2b-4t").unwrap(), chip::load("kv260").unwrap());
    let mut workload = ternary(&shape, Phase::Decode, 1, 512);
    workload.head_format = WeightFormat::Ternary;
    let mapping = Mapping::new(workload, &chip).unwrap();
    assert_eq!(linear_images(&mapping), 417_546_240);
    assert_eq!(mapping.layout.head.stripes * chip.stripe_bytes(), 65_667_072);
}

#[test]
fn a_tile_is_padded_to_bytes_of_five_trits_and_to_whole_beats() {
    let chip = chip::load("datacenter").unwrap();
    // 128 lanes are 26 bytes a column; 64 columns of them are 26 beats of 64 bytes.
    let tiling = Tiling::new(&chip, WeightFormat::Ternary, 1000, 300);
    assert_eq!((tiling.tiles, tiling.steps, tiling.beats, tiling.beat_bytes), (16, 3, 26, 64));
    assert_eq!(tiling.image_bytes(), 16 * 3 * 1664);
    assert_eq!(tiling.rounds(10), [(10, 1), (6, 1)]);
    assert_eq!(tiling.rounds(16), [(16, 1), (0, 0)]);
    // In FP16 a step is 128 x 64 x 2 bytes.
    assert_eq!(Tiling::new(&chip, WeightFormat::F16, 1000, 300).beats, 256);
}

#[test]
fn memory_holds_layers_head_embedding_and_cache_without_overlap() {
    let (shape, chip) = (model::preset("70b").unwrap(), chip::load("datacenter").unwrap());
    let mapping = Mapping::new(ternary(&shape, Phase::Decode, 3, 512), &chip).unwrap();
    let layout = &mapping.layout;
    assert_eq!(layout.head.base, 80 * layout.layer_stripes);
    assert_eq!(layout.embedding_base, layout.head.base + layout.head.stripes);
    // 16 KiB a row of the embedding, four stripes of 4 KiB; 4 KiB a position of a layer's cache, one stripe.
    // Regions begin at a sweep of 512 stripes.
    assert_eq!(layout.cache_base, (layout.embedding_base + 32_000 * 4).next_multiple_of(512));
    assert_eq!(layout.cache_stripes, (3_u64 * 513).next_multiple_of(512));
    let pass = mapping.pass(0);
    let steps = mapping.layer(&pass, 7);
    let written = steps.iter().find_map(|step| match step.job {
        Job::Write { first, rows, stride, .. } => Some((first, rows, stride)),
        _ => None,
    });
    // The first sequence's new position follows its 512 old ones, and the next sequence's is 513 further.
    let first = Extent { base: layout.cache_base + 7 * 2048 + 512, stripes: 1 };
    assert_eq!(written, Some((first, 3, 513)));
    let mut base = 7 * layout.layer_stripes;
    for step in steps {
        if let Job::Array { image, .. } = step.job {
            assert_eq!(image.base, base, "{}", step.operator);
            base += image.stripes;
        }
    }
    assert_eq!(base.next_multiple_of(512), 8 * layout.layer_stripes);
}

#[test]
fn layers_are_split_over_as_few_chips_as_hold_them() {
    let (shape, chip) = (model::preset("70b").unwrap(), chip::load("datacenter").unwrap());
    let fp16 = Workload::new(&shape, Machine::Fp16, WeightFormat::F16, Phase::Decode, 1, 512);
    let mapping = Mapping::new(fp16, &chip).unwrap();
    assert_eq!(mapping.chips, 2);
    let pass = mapping.pass(0);
    let links: Vec<u64> = (0..80)
        .filter(|&layer| mapping.layer(&pass, layer).iter().any(|step| step.operator == "chip_link"))
        .collect();
    assert_eq!(links, [39]);
    assert_eq!(Mapping::new(ternary(&shape, Phase::Decode, 1, 512), &chip).unwrap().chips, 1);
    let stages: Vec<u64> = (0..10).map(|layer| stage_of(layer, 10, 4)).collect();
    assert_eq!(stages, [0, 0, 0, 1, 1, 1, 2, 2, 3, 3]);
}

#[test]
fn the_smallest_sram_limits_the_tokens_of_a_pass() {
    let (shape, chip) = (model::preset("70b").unwrap(), chip::load("datacenter").unwrap());
    let fp16 = Workload::new(&shape, Machine::Fp16, WeightFormat::F16, Phase::Prefill, 1, 512);
    let mapping = Mapping::new(fp16, &chip).unwrap();
    // 1 MiB of activation SRAM holds 18 vectors of 28,672 halves.
    assert_eq!((mapping.tokens_per_pass, mapping.passes()), (18, 29));
    let mapping = Mapping::new(ternary(&shape, Phase::Prefill, 1, 512), &chip).unwrap();
    assert_eq!((mapping.tokens_per_pass, mapping.passes()), (32, 16));
}

#[test]
fn what_cannot_be_held_is_refused_by_name() {
    let mut shape = model::preset("70b").unwrap();
    let chip = chip::load("kv260").unwrap();
    let mut small = chip.clone();
    small.spec.activation_sram_kb = 16;
    let error = Mapping::new(ternary(&shape, Phase::Decode, 1, 1), &small).unwrap_err().to_string();
    assert!(error.starts_with("activation_sram_kb of chip `kv260` holds 10240 bytes"), "{error}");
    let error =
        Mapping::new(ternary(&shape, Phase::Decode, 1 << 20, 1 << 20), &chip).unwrap_err().to_string();
    assert!(error.starts_with("chip `kv260` has 4294967296 bytes of DRAM"), "{error}");
    shape.intermediate_size = contract::max_k(24) + 1;
    let error = Mapping::new(ternary(&shape, Phase::Decode, 1, 1), &chip).unwrap_err().to_string();
    assert!(error.starts_with("`down_proj` of model `70b` sums 65536 products"), "{error}");
}
