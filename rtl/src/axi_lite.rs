//! axi_lite.
