//! The reference transformer: the golden model of everything that this project builds.
//!
//! A LLaMA-like decoder whose linears are ternary. Its integers are those of the contract, whatever computes them; its
//! floats are 32 bits wide and follow Hugging Face `transformers` operation by operation.
//!
//! | file | has |
//! |---|---|
//! | `decoder` | the forward pass, from ids to logits |
//! | `attention`, `feed_forward` | the two halves of a layer |
//! | `linear` | a linear layer; behind the trait [`Linears`] stands what sums its integers |
//! | `contract_linears`, `kernel` | sums by the contract's own function, and the same sums fast |
//! | `quantized` | activations as the array takes them |
//! | `rms_norm`, `rotary`, `softmax`, `gate` | the float operations |
//! | `exp`, `trigonometry`, `fused` | the functions in them, and products that are added with one rounding |
//! | `arithmetic` | the trait that they stand behind, so that another arithmetic can take their place |
//! | `cache` | keys and values of the positions before |
//! | `table` | the embedding's rows, and the head |
//! | `sampling`, `generate` | from logits to the next token, and from a prompt to a text |
//! | `trace` | every integer of every linear |
//! | `rows` | a matrix of floats, a row a token |

mod arithmetic;
mod attention;
mod cache;
mod contract_linears;
mod decoder;
mod exp;
mod feed_forward;
mod fused;
mod gate;
mod generate;
mod kernel;
mod linear;
mod quantized;
mod rms_norm;
mod rotary;
mod rows;
mod sampling;
mod softmax;
mod table;
mod trace;
mod trigonometry;

pub use arithmetic::{Arithmetic, Float32};
pub use attention::probabilities;
pub use cache::{Cache, CacheForm};
pub use contract_linears::ContractLinears;
pub use decoder::{Decoder, Machine};
pub use gate::gate;
pub use generate::{Event, Request, generate};
pub use kernel::Kernel;
pub use linear::{Linears, Place, Projection};
pub use quantized::Quantized;
pub use rms_norm::rms_norm;
pub use rotary::{Rotary, rotate};
pub use rows::Rows;
pub use sampling::Sampler;
pub use softmax::softmax;
pub use trace::{LinearTrace, Trace};
