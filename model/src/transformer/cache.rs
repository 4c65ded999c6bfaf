//! Keys and values of the positions before, in f32 or in a form of contract clauses C-KV.

use std::borrow::Cow;

use contract::NotFinite;
use contract::kv::{KvForm, KvVector};

use super::Rows;
use crate::Shape;

/// What the cache holds its values in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheForm {
    /// As they were computed: the framework's cache.
    #[default]
    F32,
    /// A form of the contract, which a machine's memory holds.
    Contract(KvForm),
}

/// The cache of a whole model, for one sequence.
#[derive(Clone, Debug)]
pub struct Cache {
    layers: Vec<LayerCache>,
}

/// Of one layer: keys, turned by their positions, and values.
#[derive(Clone, Debug)]
pub(super) struct LayerCache {
    pub(super) keys: Heads,
    pub(super) values: Heads,
}

/// \[KV head\]\[position\], a vector of head_dim each.
#[derive(Clone, Debug)]
pub(super) struct Heads {
    head_dim: usize,
    heads: Vec<Head>,
}

#[derive(Clone, Debug)]
enum Head {
    F32(Vec<f32>),
    Coded { form: KvForm, vectors: Vec<KvVector> },
}

impl Cache {
    /// An empty one.
    pub fn new(shape: &Shape, form: CacheForm) -> Cache {
        let size = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
        let head = match form {
            CacheForm::F32 => Head::F32(vec![]),
            CacheForm::Contract(form) => Head::Coded { form, vectors: vec![] },
        };
        let heads =
            Heads { head_dim: size(shape.head_dim), heads: vec![head; size(shape.num_key_value_heads)] };
        let layer = LayerCache { keys: heads.clone(), values: heads };
        Cache { layers: vec![layer; size(shape.num_hidden_layers)] }
    }

    /// Positions held.
    pub fn positions(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.keys.positions())
    }

    /// The cache of each layer in turn.
    pub(super) fn layers(&mut self) -> impl Iterator<Item = &mut LayerCache> {
        self.layers.iter_mut()
    }
}

impl Heads {
    /// Appends positions: x \[tokens, KV heads * head_dim\].
    ///
    /// # Errors
    ///
    /// The token, and a value that is not finite, which no coded form holds.
    pub(super) fn push(&mut self, x: &Rows) -> Result<(), (usize, NotFinite)> {
        for (token, row) in x.iter().enumerate() {
            for (head, vector) in self.heads.iter_mut().zip(row.chunks_exact(self.head_dim)) {
                match head {
                    Head::F32(values) => values.extend_from_slice(vector),
                    Head::Coded { form, vectors } => {
                        vectors.push(form.encode(vector).map_err(|error| (token, error))?);
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn positions(&self) -> usize {
        match self.heads.first() {
            Some(Head::F32(values)) => values.len() / self.head_dim,
            Some(Head::Coded { vectors, .. }) => vectors.len(),
            None => 0,
        }
    }

    /// Each head's vectors as they are read back, \[positions, head_dim\].
    pub(super) fn read(&self) -> impl Iterator<Item = Cow<'_, [f32]>> {
        self.heads.iter().map(|head| match head {
            Head::F32(values) => Cow::Borrowed(values.as_slice()),
            Head::Coded { form, vectors } => {
                vectors.iter().flat_map(|vector| form.decode(vector, self.head_dim)).collect()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back_what_the_contract_says() {
        let shape = Shape {
            num_hidden_layers: 2,
            num_key_value_heads: 2,
            head_dim: 6,
            ..crate::preset("7b").unwrap()
        };
        let number = |i: usize| (i as f32 * 0.7).sin() * 3.0;
        let tokens = Rows::new(12, (0..36).map(number).collect());
        for form in [CacheForm::F32].into_iter().chain(KvForm::ALL.map(CacheForm::Contract)) {
            let mut cache = Cache::new(&shape, form);
            assert_eq!(cache.positions(), 0);
            for layer in cache.layers() {
                layer.keys.push(&tokens).unwrap();
                assert_eq!((layer.keys.positions(), layer.values.positions()), (3, 0));
                let heads: Vec<Cow<'_, [f32]>> = layer.keys.read().collect();
                assert_eq!(heads.len(), 2);
                for (i, head) in heads.iter().enumerate() {
                    for (token, vector) in head.chunks_exact(6).enumerate() {
                        let given = &tokens.row(token)[6 * i..6 * (i + 1)];
                        let expected = match form {
                            CacheForm::F32 => given.to_vec(),
                            CacheForm::Contract(form) => form.decode(&form.encode(given).unwrap(), 6),
                        };
                        assert_eq!(vector, expected, "{form:?}");
                    }
                }
            }
            assert_eq!(cache.positions(), 3);
        }
    }
}
