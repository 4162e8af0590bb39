//! Figures and the HTML page of rooflaw.
