//! A little text, and a tokenizer learnt from it.

use rooflaw_corpus::Tokenizer;
use std::sync::LazyLock;

/// From Charles Darwin, On the Origin of Species (1859), public domain.
pub const DOCUMENTS: [&str; 4] = [
    "When on board H.M.S. Beagle, as naturalist, I was much struck with certain facts in the distribution of the \
     inhabitants of South America, and in the geological relations of the present to the past inhabitants of that \
     continent.\nThese facts seemed to me to throw some light on the origin of species—that mystery of mysteries, as it \
     has been called by one of our greatest philosophers.\n",
    "On my return home, it occurred to me, in 1837, that something might perhaps be made out on this question by \
     patiently accumulating and reflecting on all sorts of facts which could possibly have any bearing on it.\n",
    "After five years' work I allowed myself to speculate on the subject, and drew up some short notes; these I \
     enlarged in 1844 into a sketch of the conclusions, which then seemed to me probable: from that period to the \
     present day I have steadily pursued the same object.",
    "I hope that I may be excused for entering on these personal details, as I give them to show that I have not been \
     hasty in coming to a decision.\n",
];

/// Of 300 words.
pub static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| {
    let documents: Vec<String> = DOCUMENTS.iter().map(|&text| text.to_owned()).collect();
    Tokenizer::train(&documents, 300).unwrap()
});

/// The tokens of each document.
pub fn tokens() -> Vec<Vec<u32>> {
    DOCUMENTS
        .iter()
        .map(|text| TOKENIZER.encode(text).unwrap())
        .collect()
}
