//! Writing a law's TOML file: what [`LawFile::from_toml`] reads back equal.

use super::power::Power;
use super::{Family, Feature, LawFile, RunsRecord};
use crate::law::fit::{Coefficient, Exponent, ExponentParameter, Form};
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
struct File<'a> {
    name: &'a str,
    source: &'a str,
    loss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    form: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    irreducible_loss: Option<f64>,
    #[serde(skip_serializing_if = "is_false")]
    fix_irreducible_loss: bool,
    #[serde(skip_serializing_if = "toml::Table::is_empty")]
    exponents: toml::Table,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    terms: Vec<TermFile>,
    #[serde(skip_serializing_if = "toml::Table::is_empty")]
    routed: toml::Table,
    #[serde(skip_serializing_if = "toml::Table::is_empty")]
    fitted_range: toml::Table,
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<&'a RunsRecord>,
}

#[derive(Serialize)]
struct TermFile {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    coefficient: Option<f64>,
    #[serde(skip_serializing_if = "is_false")]
    fixed: bool,
    powers: toml::Table,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
const fn is_false(value: &bool) -> bool {
    !*value
}

fn pair(low: f64, high: f64) -> toml::Value {
    toml::Value::Array(vec![low.into(), high.into()])
}

fn exponent(parameter: &ExponentParameter, value: Option<f64>) -> toml::Table {
    let mut table = toml::Table::new();
    if let Some(value) = value {
        table.insert("value".to_owned(), value.into());
    }
    if parameter.start != ExponentParameter::new("").start {
        table.insert("start".to_owned(), pair(parameter.start.0, parameter.start.1));
    }
    if parameter.lower == parameter.upper {
        table.insert("fixed".to_owned(), true.into());
    } else if parameter.lower.is_finite() && parameter.upper.is_finite() {
        table.insert("bounds".to_owned(), pair(parameter.lower, parameter.upper));
    }
    table
}

fn terms(form: &Form, numbers: Option<&[f64]>) -> Vec<TermFile> {
    let name = |index: usize| {
        form.exponents
            .get(index)
            .map_or_else(String::new, |exponent| exponent.name.clone())
    };
    let power = |exponent: Exponent| match Power::of(exponent, name) {
        Power::Number(number) => number.into(),
        named @ Power::Named { .. } => named.to_string().into(),
    };
    let terms = form.terms.iter().enumerate();
    terms
        .map(|(index, term)| TermFile {
            name: term.name.clone(),
            coefficient: match term.coefficient {
                Coefficient::Fixed(value) => Some(value),
                Coefficient::Free => numbers.and_then(|numbers| numbers.get(1 + index)).copied(),
            },
            fixed: term.coefficient != Coefficient::Free,
            powers: term
                .powers
                .iter()
                .map(|(variable, exponent)| (variable.clone(), power(*exponent)))
                .collect(),
        })
        .collect()
}

impl LawFile {
    /// The file's text.
    ///
    /// # Errors
    /// What the TOML writer says of a number that TOML cannot hold; the numbers of a fit are finite.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let numbers = self.numbers.as_deref();
        let mut file = File {
            name: &self.about.name,
            source: &self.about.source,
            loss: &self.about.loss,
            unit: self.about.unit.as_deref(),
            quality: self.about.quality.as_deref(),
            note: self.about.note.as_deref(),
            form: match self.family {
                Family::AdditivePower(_) => "additive_power",
                Family::Routed => "routed",
            },
            irreducible_loss: None,
            fix_irreducible_loss: false,
            exponents: toml::Table::new(),
            terms: Vec::new(),
            routed: toml::Table::new(),
            fitted_range: toml::Table::new(),
            runs: self.runs.as_ref(),
        };
        match &self.family {
            Family::AdditivePower(form) => {
                file.fix_irreducible_loss = form.irreducible_loss != Coefficient::Free;
                file.irreducible_loss = match form.irreducible_loss {
                    Coefficient::Fixed(value) => Some(value),
                    Coefficient::Free => numbers.and_then(|numbers| numbers.first()).copied(),
                };
                file.terms = terms(form, numbers);
                for (index, parameter) in form.exponents.iter().enumerate() {
                    let value = numbers.and_then(|numbers| numbers.get(1 + form.terms.len() + index));
                    let fixed = (parameter.lower == parameter.upper).then_some(parameter.lower);
                    let table = exponent(parameter, value.copied().or(fixed));
                    file.exponents.insert(parameter.name.clone(), table.into());
                }
            }
            Family::Routed => {
                let names = ["a", "b", "c", "d", "expert_start", "expert_max"];
                for (name, &value) in names.into_iter().zip(numbers.unwrap_or_default()) {
                    file.routed.insert(name.to_owned(), value.into());
                }
            }
        }
        for feature in Feature::ALL {
            if let Some((min, max)) = self.fitted_range.get(feature) {
                file.fitted_range
                    .insert(feature.name().to_owned(), pair(min, max));
            }
        }
        let mut text = toml::to_string(&file)?;
        if let Some(ensemble) = &self.ensemble {
            // By hand: a line for each member, which the writer's styles do not have.
            let _ = write!(
                text,
                "\n[ensemble]\nresidual_sd = {:?}\nmembers = [\n",
                ensemble.residual_sd
            );
            for member in &ensemble.members {
                let numbers: Vec<String> = member.iter().map(|number| format!("{number:?}")).collect();
                let _ = writeln!(text, "  [{}],", numbers.join(", "));
            }
            text.push_str("]\n");
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Ensemble, embedded};
    use super::*;

    #[test]
    fn what_is_written_reads_back_equal() {
        for (id, text) in embedded::LAWS {
            let mut file = LawFile::from_toml(id, text).unwrap();
            let again = LawFile::from_toml(id, &file.to_toml().unwrap()).unwrap();
            assert_eq!(file, again, "{id}");
            file.runs = Some(RunsRecord {
                digest: "00ff".to_owned(),
                rows: 7,
                groups: 3,
                objective: "huber:0.001".to_owned(),
            });
            file.ensemble = Some(Ensemble {
                members: vec![vec![1.0, 2.5e-300][..1].repeat(file.family.n_numbers()); 3],
                residual_sd: 0.01,
            });
            let text = file.to_toml().unwrap();
            assert_eq!(LawFile::from_toml(id, &text).unwrap(), file, "{text}");
        }
    }
}
