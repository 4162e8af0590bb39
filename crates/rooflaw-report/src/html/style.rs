//! The style sheet of the page, with the font inside.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

static REGULAR: &[u8] = include_bytes!("../../assets/Inter-Regular.latin.woff2");
static SEMIBOLD: &[u8] = include_bytes!("../../assets/Inter-SemiBold.latin.woff2");
static SHEET: &str = include_str!("../../assets/page.css");

/// The whole style sheet; needs nothing from the network.
pub(super) fn sheet() -> String {
    let face = |weight: &str, data: &[u8]| {
        let data = STANDARD.encode(data);
        format!(
            "@font-face{{font-family:Inter;font-weight:{weight};font-display:swap;src:url(data:font/woff2;base64,{data}) format(\"woff2\")}}\n"
        )
    };
    // Plotters writes its second weight as bold (700): the semibold serves both.
    [
        face("400", REGULAR).as_str(),
        face("600 700", SEMIBOLD).as_str(),
        SHEET,
    ]
    .concat()
}
