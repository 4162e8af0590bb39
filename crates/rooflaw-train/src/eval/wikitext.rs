//! The texts that results are published for, known by their hashes.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// SHA-256 of `wiki.test.raw` of `wikitext-2-raw-v1.zip` (Merity et al., arXiv 1609.07843), 1,290,590 bytes.
pub const WIKITEXT_2_RAW_SHA256: &str = "173c87a53759e0201f33e0ccf978e510c2042d7f2cb78229d9a50d79b9e7dd08";

/// SHA-256 of `wiki.test.tokens` of `wikitext-2-v1.zip`, 1,256,449 bytes; as in PyTorch's examples.
pub const WIKITEXT_2_SHA256: &str = "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0";

/// A text that results are published for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownText {
    /// The test set of WikiText-2 with its rare words: what language models over sub-words are evaluated on.
    #[serde(rename = "wikitext-2-raw-test")]
    WikiText2Raw,
    /// The test set of WikiText-2, rare words replaced by `<unk>`: for models over its words.
    #[serde(rename = "wikitext-2-test")]
    WikiText2,
}

impl KnownText {
    /// SHA-256 of its file.
    #[must_use]
    pub const fn sha256(self) -> &'static str {
        match self {
            KnownText::WikiText2Raw => WIKITEXT_2_RAW_SHA256,
            KnownText::WikiText2 => WIKITEXT_2_SHA256,
        }
    }

    /// Which of them these bytes are.
    #[must_use]
    pub fn recognise(bytes: &[u8]) -> Option<KnownText> {
        let digest: String = Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        match digest.as_str() {
            WIKITEXT_2_RAW_SHA256 => Some(KnownText::WikiText2Raw),
            WIKITEXT_2_SHA256 => Some(KnownText::WikiText2),
            _ => None,
        }
    }
}

impl fmt::Display for KnownText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            KnownText::WikiText2Raw => "WikiText-2 test, raw (wiki.test.raw)",
            KnownText::WikiText2 => "WikiText-2 test, rare words as <unk> (wiki.test.tokens)",
        })
    }
}
