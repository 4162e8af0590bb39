use super::*;
use crate::figure::NamedPoint;
use crate::figure::frontier::FrontierFigure;

const EVIL: &str = "<script>alert('x')</script>&\"";

fn page() -> Page {
    let figure = FrontierFigure {
        title: EVIL.into(),
        known_models: vec![NamedPoint {
            name: EVIL.into(),
            x: 3.0,
            y: 2.5,
        }],
        ..Default::default()
    };
    Page {
        title: EVIL.into(),
        headline: EVIL.into(),
        summary: EVIL.into(),
        cards: vec![Card {
            label: EVIL.into(),
            value: EVIL.into(),
            detail: EVIL.into(),
        }],
        blocks: vec![
            Block::Heading(EVIL.into()),
            Block::Paragraph(EVIL.into()),
            Block::Figure(Box::new(FigureBlock::draw(&figure, EVIL).unwrap())),
            Block::Table(Table {
                caption: EVIL.into(),
                headers: vec![EVIL.into(), "b".into()],
                rows: vec![
                    vec![EVIL.into()],
                    vec!["1".into(), "2".into(), "3".into()],
                    vec![],
                ],
                align: vec![Align::Left, Align::Right],
                highlight: Some(1),
            }),
        ],
        notes: vec![
            Note {
                kind: NoteKind::Note,
                text: EVIL.into(),
            },
            Note {
                kind: NoteKind::Warning,
                text: "first".into(),
            },
        ],
        command: EVIL.into(),
        version: EVIL.into(),
    }
}

#[test]
fn every_text_is_escaped() {
    let document = page().to_html();
    assert!(!document.contains("<script"));
    assert!(document.matches("&lt;script&gt;").count() >= 18);
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let document = page().to_html();
    for reference in ["src=", "href=", "@import", "url(http", "url(//"] {
        assert!(!document.contains(reference), "{reference}");
    }
    // The name of the SVG language is the only address, and it is not fetched.
    assert_eq!(
        document.matches("http").count(),
        document.matches("http://www.w3.org/2000/svg").count()
    );
}

#[test]
fn all_four_variants_of_a_figure_are_there() {
    let document = page().to_html();
    for variant in ["wide light", "wide dark", "narrow light", "narrow dark"] {
        assert_eq!(
            document.matches(&format!("variant {variant}")).count(),
            1,
            "{variant}"
        );
    }
    assert_eq!(document.matches("<svg").count(), 4);
}

#[test]
fn short_rows_are_filled_and_warnings_come_first() {
    let document = page().to_html();
    assert_eq!(document.matches("<td").count(), 9);
    assert!(document.find(">Warning<").unwrap() < document.find(">Note<").unwrap());
}

#[test]
fn an_empty_page_is_a_document_and_survives_serialisation() {
    let document = Page::default().to_html();
    assert!(document.starts_with("<!DOCTYPE html>") && document.ends_with("</html>"));
    let page = page();
    let copy: Page = serde_json::from_str(&serde_json::to_string(&page).unwrap()).unwrap();
    assert_eq!(page, copy);
}
