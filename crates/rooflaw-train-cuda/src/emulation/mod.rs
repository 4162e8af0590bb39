//! The host as a [`Device`]: the same kernels, compiled by the C++ compiler of the machine, and matrix products as BLAS defines them.
//! It finds what no GPU is needed to find: wrong formulas, wrong arguments, wrong types, bounds, missing barriers.
#![expect(
    unsafe_code,
    reason = "it loads the kernels as a shared library, and calls them"
)]

use crate::array::{Array, Element, Precision};
use crate::device::{Argument, Device, Grid, MAX_THREADS, check_bytes};
use crate::kernels::{Kernel, source};
use crate::product::{ColumnMajor, Operand};
use rooflaw_train::engine::EngineError;
use std::ffi::{c_int, c_uint, c_void};
use std::process::Command;
use std::sync::OnceLock;

/// Bytes before and after each allocation that nothing may write.
const GUARD_BYTES: usize = 64;
const GUARD: u8 = 0xa5;
/// What memory is filled with: NaN in every format.
const UNWRITTEN: u8 = 0xff;

/// The host.
pub(crate) struct Host {
    precision: Precision,
    is_reversed: bool,
    library: &'static libloading::Library,
    /// Of 8 bytes, so that all elements are aligned.
    allocations: Vec<Vec<u64>>,
    /// Kernels launched and products computed.
    pub(crate) launches: usize,
}

type Launch =
    unsafe extern "C" fn(*mut *mut c_void, *const c_int, c_int, c_uint, c_uint, c_uint, bool) -> c_int;

impl Host {
    /// `is_reversed`: whether blocks and threads run in falling order.
    pub(crate) fn new(precision: Precision, is_reversed: bool) -> Host {
        static BF16: OnceLock<libloading::Library> = OnceLock::new();
        static F32: OnceLock<libloading::Library> = OnceLock::new();
        let library = match precision {
            Precision::Bf16 => &BF16,
            Precision::F32 => &F32,
        };
        Host {
            precision,
            is_reversed,
            library: library.get_or_init(|| compile(precision)),
            allocations: Vec::new(),
            launches: 0,
        }
    }

    fn bytes_of(&self, array: Array) -> std::ops::Range<usize> {
        let size = array.element.bytes(self.precision);
        let range = array.first * size..(array.first + array.elements) * size;
        let whole = self.allocations[array.allocation].len() * 8 - 2 * GUARD_BYTES;
        assert!(range.end <= whole, "{array:?} of {whole} bytes");
        range.start + GUARD_BYTES..range.end + GUARD_BYTES
    }

    fn bytes(&self, array: Array) -> &[u8] {
        &bytemuck::cast_slice(&self.allocations[array.allocation])[self.bytes_of(array)]
    }

    fn bytes_mut(&mut self, array: Array) -> &mut [u8] {
        let range = self.bytes_of(array);
        &mut bytemuck::cast_slice_mut(&mut self.allocations[array.allocation])[range]
    }

    fn floats(&self, array: Array) -> Vec<f32> {
        let bytes = self.bytes(array);
        if self.is_bf16(array) {
            let bits = bytemuck::cast_slice::<u8, u16>(bytes);
            return bits
                .iter()
                .map(|bits| f32::from_bits(u32::from(*bits) << 16))
                .collect();
        }
        bytemuck::cast_slice(bytes).to_vec()
    }

    fn set_floats(&mut self, array: Array, values: &[f32]) {
        if self.is_bf16(array) {
            let bits = bytemuck::cast_slice_mut::<u8, u16>(self.bytes_mut(array));
            for (bits, value) in bits.iter_mut().zip(values) {
                *bits = bf16(*value);
            }
        } else {
            self.bytes_mut(array)
                .copy_from_slice(bytemuck::cast_slice(values));
        }
    }

    fn is_bf16(&self, array: Array) -> bool {
        assert!(
            matches!(array.element, Element::Operand | Element::F32),
            "{array:?}"
        );
        array.element == Element::Operand && self.precision == Precision::Bf16
    }

    fn check_guards(&self) {
        for (number, allocation) in self.allocations.iter().enumerate() {
            let bytes: &[u8] = bytemuck::cast_slice(allocation);
            let guards = bytes[..GUARD_BYTES]
                .iter()
                .chain(&bytes[bytes.len() - GUARD_BYTES..]);
            assert!(
                guards.copied().all(|byte| byte == GUARD),
                "written beyond allocation {number}"
            );
        }
    }
}

/// bfloat16 to nearest, ties to even.
fn bf16(value: f32) -> u16 {
    if value.is_nan() {
        return 0x7fc0;
    }
    let bits = value.to_bits();
    ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16) as u16
}

fn compile(precision: Precision) -> libloading::Library {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (
        folder.path().join("kernels.cpp"),
        folder.path().join("kernels.so"),
    );
    let mut text = format!(
        "#line 1 \"host.h\"\n{}{}",
        include_str!("host.h"),
        source(precision)
    );
    if precision == Precision::Bf16 {
        text.push_str(
            "template <> struct host::KindOf<operand *> { static const int value = OPERAND_ARRAY; };\n",
        );
    }
    for kernel in Kernel::ALL {
        text.push_str(&format!("LAUNCHER({})\n", kernel.name()));
    }
    std::fs::write(&from, text).unwrap();
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let flags = [
        "-std=c++17",
        "-O2",
        "-Wall",
        "-Werror",
        "-ffp-contract=off",
        "-U_FORTIFY_SOURCE",
        "-shared",
        "-fPIC",
        "-o",
    ];
    let output = Command::new(compiler)
        .args(flags)
        .arg(&to)
        .arg(&from)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // SAFETY: the library has no initialisers but those of its own thread-local variables.
    unsafe { libloading::Library::new(&to) }.unwrap()
}

impl Device for Host {
    fn precision(&self) -> Precision {
        self.precision
    }

    fn allocate(&mut self, element: Element, elements: usize, _: &'static str) -> Result<Array, EngineError> {
        let words = (elements * element.bytes(self.precision)).div_ceil(8);
        let mut allocation = vec![u64::from_ne_bytes([GUARD; 8]); words + 2 * GUARD_BYTES / 8];
        let inside = GUARD_BYTES / 8..GUARD_BYTES / 8 + words;
        allocation[inside].fill(u64::from_ne_bytes([UNWRITTEN; 8]));
        self.allocations.push(allocation);
        Ok(Array {
            allocation: self.allocations.len() - 1,
            first: 0,
            elements,
            element,
        })
    }

    fn write(&mut self, to: Array, bytes: &[u8]) -> Result<(), EngineError> {
        check_bytes(to, self.precision, bytes.len())?;
        self.bytes_mut(to).copy_from_slice(bytes);
        Ok(())
    }

    fn read(&mut self, from: Array, bytes: &mut [u8]) -> Result<(), EngineError> {
        check_bytes(from, self.precision, bytes.len())?;
        self.check_guards();
        bytes.copy_from_slice(self.bytes(from));
        Ok(())
    }

    fn copy(&mut self, from: Array, to: Array) -> Result<(), EngineError> {
        assert_eq!(from.element, to.element);
        let bytes = self.bytes(from).to_vec();
        self.bytes_mut(to).copy_from_slice(&bytes);
        Ok(())
    }

    fn clear(&mut self, array: Array) -> Result<(), EngineError> {
        self.bytes_mut(array).fill(0);
        Ok(())
    }

    fn launch(&mut self, kernel: Kernel, grid: Grid, arguments: &[Argument]) -> Result<(), EngineError> {
        assert!(
            grid.threads.is_power_of_two() && grid.threads <= MAX_THREADS,
            "{grid:?}"
        );
        self.launches += 1;
        // As the driver has them: each in 8 bytes, in order.
        let mut values: Vec<u64> = Vec::new();
        let mut kinds: Vec<c_int> = Vec::new();
        for argument in arguments {
            let (value, kind) = match argument {
                Argument::Array(array) => {
                    let address = self.bytes_mut(*array).as_mut_ptr() as u64;
                    let kind = match (array.element, self.precision) {
                        (Element::F32, _) | (Element::Operand, Precision::F32) => 0,
                        (Element::F64, _) => 1,
                        (Element::U32, _) => 2,
                        (Element::Operand, Precision::Bf16) => 3,
                    };
                    (address, kind)
                }
                Argument::U32(value) => (u64::from(*value), 4),
                Argument::Size(value) => (*value as u64, 5),
                Argument::F32(value) => (u64::from(value.to_bits()), 6),
            };
            values.push(value);
            kinds.push(kind);
        }
        let mut pointers: Vec<*mut c_void> = values
            .iter_mut()
            .map(|value| std::ptr::from_mut(value).cast())
            .collect();
        let name = format!("launch_{}", kernel.name());
        let n = c_int::try_from(pointers.len()).unwrap();
        let blocks = [grid.blocks.0, grid.blocks.1].map(|blocks| c_uint::try_from(blocks).unwrap());
        // SAFETY: the function has this type (`LAUNCHER`); it checks number and kinds of the arguments before it reads them. Kernels
        // stay within arrays that are long enough, which the callers see to; guards and checks of parts find where they do not.
        let result = unsafe {
            let launch = self.library.get::<Launch>(name.as_bytes()).unwrap();
            let (pointers, kinds) = (pointers.as_mut_ptr(), kinds.as_ptr());
            launch(
                pointers,
                kinds,
                n,
                blocks[0],
                blocks[1],
                grid.threads,
                self.is_reversed,
            )
        };
        match result {
            0 => Ok(()),
            1 => panic!("arguments of {kernel:?}: {arguments:?}"),
            _ => panic!("{kernel:?}: threads of a block parted at a barrier"),
        }
    }

    fn multiply(&mut self, product: &ColumnMajor) -> Result<(), EngineError> {
        self.launches += 1;
        let ColumnMajor { a, b, c, .. } = product;
        let (m, n, k) = (product.m as usize, product.n as usize, product.k as usize);
        let (of_a, of_b, mut of_c) = (self.floats(a.array), self.floats(b.array), self.floats(c.array));
        let at = |operand: &Operand, batch: usize, row: usize, column: usize| {
            let (row, column) = if operand.is_transposed {
                (column, row)
            } else {
                (row, column)
            };
            batch * operand.stride as usize + column * operand.leading as usize + row
        };
        assert_eq!(
            (a.array.element, b.array.element),
            (Element::Operand, Element::Operand)
        );
        assert!(!c.is_transposed);
        for batch in 0..product.batch as usize {
            for column in 0..n {
                for row in 0..m {
                    let terms = (0..k).map(|l| of_a[at(a, batch, row, l)] * of_b[at(b, batch, l, column)]);
                    let sum: f32 = terms.sum();
                    let place = &mut of_c[at(c, batch, row, column)];
                    *place = if product.adds { *place + sum } else { sum };
                }
            }
        }
        self.set_floats(c.array, &of_c);
        Ok(())
    }
}
