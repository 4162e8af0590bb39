//! Matrix products: row-major as the engine thinks of them, column-major as BLAS takes them.

use crate::array::Array;
use rooflaw_train::engine::EngineError;

/// A row-major matrix, and how far the next one of a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Matrix {
    array: Array,
    rows: usize,
    columns: usize,
    is_transposed: bool,
    batch_stride: usize,
}

impl Matrix {
    /// The matrix that fills an array's beginning.
    pub(crate) fn new(array: Array, rows: usize, columns: usize) -> Matrix {
        Matrix {
            array,
            rows,
            columns,
            is_transposed: false,
            batch_stride: rows * columns,
        }
    }

    /// Its transpose, where it lies.
    pub(crate) fn transposed(self) -> Matrix {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            is_transposed: !self.is_transposed,
            ..self
        }
    }

    /// Elements from one row, as it lies, to the next.
    const fn row_stride(&self) -> usize {
        if self.is_transposed {
            self.rows
        } else {
            self.columns
        }
    }
}

/// What becomes of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Into {
    /// It replaces what is there.
    Replace,
    /// It is added to what is there.
    Add,
}

/// `c = op(a)·op(b) (+ c)` of a batch of column-major matrices, the arguments of BLAS: `m` × `k` by `k` × `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnMajor {
    /// The first factor, `m` × `k`.
    pub a: Operand,
    /// The second factor, `k` × `n`.
    pub b: Operand,
    /// The result, `m` × `n`.
    pub c: Operand,
    /// Rows of the result.
    pub m: i32,
    /// Columns of the result.
    pub n: i32,
    /// What is summed over.
    pub k: i32,
    /// Whether the product is added to what is in `c`.
    pub adds: bool,
    /// How many matrices.
    pub batch: i32,
}

/// A matrix of a [`ColumnMajor`] product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// All of the batch.
    pub array: Array,
    /// Whether it is transposed.
    pub is_transposed: bool,
    /// Elements from column to column.
    pub leading: i32,
    /// Elements from matrix to matrix.
    pub stride: i64,
}

/// `c = a·b` or `c += a·b` for each of a batch. Row-major matrices are the transposes of column-major ones, so the product that is
/// asked of BLAS is cᵀ = bᵀ·aᵀ, with which matrix is transposed unchanged.
pub(crate) fn product(
    a: Matrix,
    b: Matrix,
    c: Matrix,
    into: Into,
    batch: usize,
) -> Result<ColumnMajor, EngineError> {
    if a.columns != b.rows || c.rows != a.rows || c.columns != b.columns || c.is_transposed {
        let shape = |matrix: &Matrix| format!("{}x{}", matrix.rows, matrix.columns);
        let message = format!("a product of {} and {} into {}", shape(&a), shape(&b), shape(&c));
        return Err(EngineError::Device(message));
    }
    Ok(ColumnMajor {
        a: operand(&b, batch)?,
        b: operand(&a, batch)?,
        c: operand(&c, batch)?,
        m: narrow(c.columns)?,
        n: narrow(c.rows)?,
        k: narrow(a.columns)?,
        adds: into == Into::Add,
        batch: narrow(batch)?,
    })
}

fn operand(matrix: &Matrix, batch: usize) -> Result<Operand, EngineError> {
    let elements = batch * matrix.batch_stride;
    if matrix.array.elements < elements {
        let message = format!(
            "a matrix of {elements} elements in an array of {}",
            matrix.array.elements
        );
        return Err(EngineError::Device(message));
    }
    Ok(Operand {
        array: matrix.array.head(elements),
        is_transposed: matrix.is_transposed,
        leading: narrow(matrix.row_stride())?,
        stride: matrix.batch_stride as i64,
    })
}

fn narrow(value: usize) -> Result<i32, EngineError> {
    i32::try_from(value)
        .map_err(|_| EngineError::Device(format!("a matrix product of extent {value}: 2^31 is too much")))
}
