//! Plain text: the file, its lines, or its articles.

use super::stream::Stream;
use super::{Each, MAX_DOCUMENT_BYTES, SourceFile, TextDocuments};
use crate::CorpusError;
use std::ops::ControlFlow;

pub(super) fn read(
    source: &SourceFile,
    stream: &mut Stream<'_>,
    each: Each<'_>,
) -> Result<ControlFlow<()>, CorpusError> {
    let mut line_of_document = 1;
    let mut give = |bytes: Vec<u8>, line: &mut u64, stream: &Stream<'_>| {
        if bytes.len() as u64 > MAX_DOCUMENT_BYTES {
            return Err(source.too_long(*line));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let lines = error.as_bytes()[..error.utf8_error().valid_up_to()]
                .iter()
                .filter(|&&byte| byte == b'\n')
                .count();
            source.wrong(format!("line {}: not UTF-8: expected text", *line + lines as u64))
        })?;
        *line = stream.line;
        each(text, stream.bytes())
    };
    let mut text = Vec::new();
    match source.options.text {
        TextDocuments::File => {
            stream.push_rest(&mut text)?;
            give(text, &mut line_of_document, stream)
        }
        TextDocuments::Lines => {
            while stream.push_line(&mut text)? {
                line_of_document = stream.line;
                let mut line = std::mem::take(&mut text);
                while line.last().is_some_and(|end| matches!(end, b'\n' | b'\r')) {
                    line.pop();
                }
                if give(line, &mut line_of_document, stream)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        }
        TextDocuments::Articles => {
            let mut articles = Articles::default();
            let mut line = Vec::new();
            while stream.push_line(&mut line)? {
                if let Some(article) = articles.push(&line)
                    && give(article, &mut line_of_document, stream)?.is_break()
                {
                    return Ok(ControlFlow::Break(()));
                }
                if articles.text.len() as u64 > MAX_DOCUMENT_BYTES {
                    return Err(source.too_long(line_of_document));
                }
                line.clear();
            }
            give(articles.text, &mut line_of_document, stream)
        }
    }
}

/// Articles of WikiText: each begins at a title, a line ` = Title = ` after a blank line. Blank lines before the first
/// title belong to the first article, so that the articles together are the whole text.
#[derive(Default)]
pub(super) struct Articles {
    text: Vec<u8>,
    was_text: bool,
    has_text: bool,
}

impl Articles {
    /// Adds a line with its end; the article before it, where it begins a new one.
    fn push(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let begins = !self.was_text && is_title(line);
        let done = (begins && self.has_text).then(|| std::mem::take(&mut self.text));
        self.text.extend_from_slice(line);
        self.was_text = !line.trim_ascii().is_empty();
        self.has_text |= self.was_text;
        done
    }
}

/// ` = Title = `, not ` = = Heading = = `; prose that is not WikiText's has no spaces around it.
fn is_title(line: &[u8]) -> bool {
    let Some(inner) = line
        .trim_ascii()
        .strip_prefix(b"= ")
        .and_then(|rest| rest.strip_suffix(b" ="))
    else {
        return false;
    };
    !inner.is_empty() && !inner.starts_with(b"=") && !inner.ends_with(b"=")
}

/// The articles of a text, each a part of it; together they are all of it.
#[must_use]
pub fn articles(text: &str) -> Vec<&str> {
    let mut articles = Vec::new();
    let (mut split, mut start, mut end) = (Articles::default(), 0, 0);
    for line in text.split_inclusive('\n') {
        if split.push(line.as_bytes()).is_some() {
            articles.push(&text[start..end]);
            start = end;
        }
        end += line.len();
    }
    if start < end {
        articles.push(&text[start..end]);
    }
    articles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_begin_at_titles() {
        let text = " \n = One = \n \n = = Part = = \n \n x = y \n = 5 = \n \n = Two = \n \n text \n";
        let found = articles(text);
        assert_eq!(found.concat(), text);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with(" \n = One") && found[0].ends_with(" = 5 = \n \n"));
        assert!(found[1].starts_with(" = Two = \n"));
        assert_eq!(articles("no title\n"), ["no title\n"]);
        assert!(articles("").is_empty());
    }
}
