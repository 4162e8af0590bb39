//! What the engine needs of a device: memory, the kernels of `kernels/`, matrix products.

use crate::array::{Array, Element, Precision};
use crate::kernels::Kernel;
use crate::product::ColumnMajor;
use rooflaw_train::engine::EngineError;

/// An argument of a kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Argument {
    /// The address of an array's first element.
    Array(Array),
    /// An `unsigned`.
    U32(u32),
    /// A `size_t`.
    Size(usize),
    /// A `float`.
    F32(f32),
}

impl From<Array> for Argument {
    fn from(array: Array) -> Argument {
        Argument::Array(array)
    }
}

/// How many blocks run a kernel, and of how many threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Blocks: x and y.
    pub blocks: (usize, usize),
    /// Threads of a block: a power of two, 256 at most.
    pub threads: u32,
}

/// A device that runs what it is given in order. Implemented by [`CudaDevice`](crate::cuda::CudaDevice), and in tests by the host, so that
/// all that is launched, with what arguments, is the same code in both.
pub trait Device {
    /// In what precision it multiplies.
    fn precision(&self) -> Precision;

    /// Memory for `elements`, of any content, called `what` if there is none left.
    ///
    /// # Errors
    /// Not enough memory.
    fn allocate(
        &mut self,
        element: Element,
        elements: usize,
        what: &'static str,
    ) -> Result<Array, EngineError>;

    /// Copies bytes to the device.
    ///
    /// # Errors
    /// A length that does not fit the array, a device that failed.
    fn write(&mut self, to: Array, bytes: &[u8]) -> Result<(), EngineError>;

    /// Copies bytes from the device, after all that was launched before.
    ///
    /// # Errors
    /// As [`Device::write`].
    fn read(&mut self, from: Array, bytes: &mut [u8]) -> Result<(), EngineError>;

    /// Copies an array to another of the same length and kind.
    ///
    /// # Errors
    /// As [`Device::write`].
    fn copy(&mut self, from: Array, to: Array) -> Result<(), EngineError>;

    /// Sets all elements to zero.
    ///
    /// # Errors
    /// An array that is none of this device's, a device that failed.
    fn clear(&mut self, array: Array) -> Result<(), EngineError>;

    /// Runs a kernel; nothing happens where there are no blocks.
    ///
    /// # Errors
    /// As [`Device::clear`].
    fn launch(&mut self, kernel: Kernel, grid: Grid, arguments: &[Argument]) -> Result<(), EngineError>;

    /// Computes a product.
    ///
    /// # Errors
    /// As [`Device::clear`].
    fn multiply(&mut self, product: &ColumnMajor) -> Result<(), EngineError>;
}

/// Threads of a block for rows of a width.
pub(crate) fn threads_for(width: usize) -> u32 {
    u32::try_from(width.next_power_of_two())
        .unwrap_or(MAX_THREADS)
        .clamp(32, MAX_THREADS)
}

/// Most threads of a block (`MAX_THREADS` in `kernels/prelude.cuh`).
pub(crate) const MAX_THREADS: u32 = 256;

/// A block for each of `rows` rows of a width.
pub(crate) fn rows(rows: usize, width: usize) -> Grid {
    Grid {
        blocks: (rows, 1),
        threads: threads_for(width),
    }
}

/// A thread for each element.
pub(crate) fn elements(elements: usize) -> Grid {
    Grid {
        blocks: (elements.div_ceil(MAX_THREADS as usize), 1),
        threads: MAX_THREADS,
    }
}

/// How many bytes an array's copy has, checked against what is given.
pub(crate) fn check_bytes(array: Array, precision: Precision, given: usize) -> Result<(), EngineError> {
    let bytes = array.elements * array.element.bytes(precision);
    if bytes == given {
        return Ok(());
    }
    Err(EngineError::Device(format!(
        "a copy of {given} bytes to or from an array of {bytes}"
    )))
}
