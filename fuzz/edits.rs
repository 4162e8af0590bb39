//! Edits of a valid file: random bytes seldom make one, and what comes after parsing wants to be reached as well.

/// The input's first byte that asks for edits; no text begins with it.
const EDITS: u8 = 0;

/// `input` as text; or, where it begins with a zero byte, `template` with some of its words replaced: of each pair of
/// bytes that follow, the first chooses the word and the second what takes its place.
pub fn text(input: &[u8], template: &str, replacements: &[&str]) -> Option<String> {
    let Some((&EDITS, edits)) = input.split_first() else {
        return std::str::from_utf8(input).ok().map(str::to_owned);
    };
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let mut pieces: Vec<&str> = Vec::new();
    let mut start = 0;
    for (at, pair) in template.as_bytes().windows(2).enumerate() {
        if is_word(pair[0] as char) != is_word(pair[1] as char) {
            pieces.push(&template[start..=at]);
            start = at + 1;
        }
    }
    pieces.push(&template[start..]);
    let words: Vec<usize> = (0..pieces.len())
        .filter(|&piece| pieces[piece].starts_with(is_word))
        .collect();
    for edit in edits.chunks_exact(2) {
        pieces[words[edit[0] as usize % words.len()]] = replacements[edit[1] as usize % replacements.len()];
    }
    Some(pieces.concat())
}
