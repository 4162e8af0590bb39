//! Parquet: one column of strings is the text. Row groups are read page by page.

use super::{Each, MAX_DOCUMENT_BYTES, SourceFile};
use crate::CorpusError;
use parquet::basic::Type as Physical;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor as _;
use parquet::schema::types::Type;
use std::fs::File;
use std::sync::Arc;

pub(super) fn read(source: &SourceFile, each: Each<'_>) -> Result<(), CorpusError> {
    let field = &source.options.field;
    let wrong =
        |error: parquet::errors::ParquetError| source.wrong(format!("{error}: expected a Parquet file"));
    let file = File::open(&source.path).map_err(CorpusError::io(&source.path, "read"))?;
    let reader = SerializedFileReader::new(file).map_err(wrong)?;
    let metadata = reader.metadata().file_metadata();
    let rows = u64::try_from(metadata.num_rows()).unwrap_or(0).max(1);
    let projection = column(source, metadata.schema())?;
    let found = reader.get_row_iter(Some(projection)).map_err(wrong)?;
    for (index, row) in found.enumerate() {
        let row = row.map_err(wrong)?;
        let text = row.get_string(0).map_err(|error| {
            source.wrong(format!("row {}: {error}: expected text in `{field}`", index + 1))
        })?;
        if text.len() as u64 > MAX_DOCUMENT_BYTES {
            return Err(source.too_long(index as u64 + 1));
        }
        let share = (index as u64 + 1) as f64 / rows as f64;
        let bytes = (share.min(1.0) * source.bytes as f64) as u64;
        if each(text.clone(), bytes)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// The schema with only the column of text.
fn column(source: &SourceFile, schema: &Type) -> Result<Type, CorpusError> {
    let field = &source.options.field;
    let Some(column) = schema.get_fields().iter().find(|column| column.name() == field) else {
        let names: Vec<&str> = schema
            .get_fields()
            .iter()
            .take(8)
            .map(|column| column.name())
            .collect();
        return Err(source.wrong(format!(
            "no column `{field}`: expected one of its columns ({}) by --text-field",
            names.join(", ")
        )));
    };
    if !column.is_primitive() || column.get_physical_type() != Physical::BYTE_ARRAY {
        return Err(source.wrong(format!("column `{field}` is not of strings: expected the text")));
    }
    Type::group_type_builder(schema.name())
        .with_fields(vec![Arc::clone(column)])
        .build()
        .map_err(|error| source.wrong(error.to_string()))
}
