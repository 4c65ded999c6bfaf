//! The lists of what is known by name.

use reports::Grid;

/// The model presets with their shapes.
pub(crate) fn models() -> anyhow::Result<String> {
    let mut grid = Grid::new("<>>>>>>>>");
    grid.row([
        "model",
        "parameters",
        "hidden",
        "feed-forward",
        "layers",
        "heads",
        "KV heads",
        "vocabulary",
        "experts",
    ]);
    grid.rule();
    for name in model::preset_names() {
        let shape = model::preset(name)?;
        let numbers = [
            shape.hidden_size,
            shape.intermediate_size,
            shape.num_hidden_layers,
            shape.num_attention_heads,
            shape.num_key_value_heads,
            shape.vocab_size,
        ];
        let mut cells = vec![shape.name.clone(), format!("{:.2}B", shape.parameters() as f64 / 1e9)];
        cells.extend(numbers.map(|number| number.to_string()));
        cells.push(shape.experts.map_or_else(String::new, |experts| {
            format!("{} of {}", experts.num_experts_per_tok, experts.num_local_experts)
        }));
        grid.row(cells);
    }
    Ok(grid.text())
}

/// The chip presets with their sizes.
pub(crate) fn chips() -> anyhow::Result<String> {
    let mut grid = Grid::new("<>>>><>>");
    grid.row(["chip", "engines", "lanes x columns x slots", "stream", "clock", "DRAM", "peak", "size"]);
    grid.rule();
    for name in sim::chip::preset_names() {
        let chip = sim::chip::load(name)?;
        let spec = &chip.spec;
        grid.row([
            spec.name.clone(),
            spec.engines.to_string(),
            format!("{} x {} x {}", spec.lanes, spec.columns, spec.token_slots),
            format!("{} bit", spec.stream_bits),
            format!("{} MHz", spec.clock_mhz),
            format!("{} x {}", spec.dram.channels, spec.dram.standard),
            format!("{:.1} GB/s", chip.dram_peak_gb_s()),
            format!("{} GiB", spec.dram.capacity_gib),
        ]);
    }
    Ok(grid.text())
}
