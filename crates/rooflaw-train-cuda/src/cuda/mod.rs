//! A GPU as a [`Device`]. All that is unsafe on the way there is in this folder.

mod compiler;
mod libraries;

use crate::array::{Array, Element, Precision};
use crate::device::{Argument, Device, Grid, check_bytes};
use crate::engine::{DeviceEngine, EngineOptions};
use crate::kernels::Kernel;
use crate::product::{ColumnMajor, Operand};
use cudarc::cublas::{CudaBlas, result::gemm_strided_batched_ex, sys as blas};
use cudarc::driver::{
    CudaContext, CudaFunction, CudaSlice, CudaStream, DevicePtr, DriverError, LaunchConfig, PushKernelArg,
};
use cudarc::nvrtc::Ptx;
use libraries::{Library, require};
use rooflaw_train::engine::EngineError;
use rooflaw_train::model::Model;
use std::ffi::c_void;
use std::sync::Arc;

/// The GPU engine. **Experimental: it has never run on a GPU.**
///
/// Equal calls on one GPU are meant to give equal bits: no kernel adds with atomics, and cuBLAS promises it for one stream.
pub type CudaEngine = DeviceEngine<CudaDevice>;

impl DeviceEngine<CudaDevice> {
    /// An engine on the GPU of a number (0 is the first). Its weights are zero until they are written.
    ///
    /// # Errors
    /// A model that it does not compute; no driver, NVRTC, cuBLAS or GPU; kernels that do not compile; not enough memory.
    pub fn new(
        model: Model,
        options: EngineOptions,
        precision: Precision,
        number: usize,
    ) -> Result<CudaEngine, EngineError> {
        DeviceEngine::on(CudaDevice::new(precision, number)?, model, options)
    }
}

/// A GPU with the kernels loaded.
pub struct CudaDevice {
    precision: Precision,
    stream: Arc<CudaStream>,
    blas: CudaBlas,
    /// In the order of [`Kernel::ALL`].
    functions: Vec<CudaFunction>,
    allocations: Vec<CudaSlice<u8>>,
}

fn failed(what: &str) -> impl FnOnce(DriverError) -> EngineError {
    move |error| EngineError::Device(format!("{what}: {error}"))
}

impl CudaDevice {
    /// The GPU of a number.
    fn new(precision: Precision, number: usize) -> Result<CudaDevice, EngineError> {
        for library in [Library::Driver, Library::Nvrtc, Library::CuBlas] {
            require(library)?;
        }
        let context = context(number)?;
        let (major, minor) = context
            .compute_capability()
            .map_err(failed("compute capability"))?;
        if major < 8 {
            let name = context.name().unwrap_or_default();
            let message = format!(
                "{name} has compute capability {major}.{minor}; bfloat16 needs 8.0 (Ampere) or later"
            );
            return Err(EngineError::Device(message));
        }
        let compiled = compiler::compile(precision, (10 * major + minor).unsigned_abs())?;
        let module = context
            .load_module(Ptx::from_binary(compiled.code))
            .map_err(failed("the kernels"))?;
        let functions = Kernel::ALL.iter().map(|kernel| {
            let function = module.load_function(kernel.name());
            function.map_err(failed(kernel.name()))
        });
        let functions = functions.collect::<Result<_, _>>()?;
        let stream = context.default_stream();
        let blas =
            CudaBlas::new(stream.clone()).map_err(|error| EngineError::Device(format!("cuBLAS: {error}")))?;
        Ok(CudaDevice {
            precision,
            stream,
            blas,
            functions,
            allocations: Vec::new(),
        })
    }

    /// The address of an array that lies within its allocation.
    fn address(&self, array: Array) -> Result<u64, EngineError> {
        let (first, end) = self.bytes(array)?;
        let (address, _same_stream) = self.allocations[array.allocation].device_ptr(&self.stream);
        debug_assert!(first <= end);
        Ok(address + first as u64)
    }

    /// First and last byte of an array in its allocation.
    fn bytes(&self, array: Array) -> Result<(usize, usize), EngineError> {
        let size = array.element.bytes(self.precision);
        let (first, end) = (array.first * size, (array.first + array.elements) * size);
        match self.allocations.get(array.allocation) {
            Some(allocation) if end <= allocation.len() => Ok((first, end)),
            _ => Err(EngineError::Device(format!(
                "{array:?} lies outside its allocation"
            ))),
        }
    }

    fn data_type(&self, operand: &Operand) -> Result<blas::cudaDataType, EngineError> {
        match (operand.array.element, self.precision) {
            (Element::Operand, Precision::Bf16) => Ok(blas::cudaDataType::CUDA_R_16BF),
            (Element::Operand, Precision::F32) | (Element::F32, _) => Ok(blas::cudaDataType::CUDA_R_32F),
            (element, _) => Err(EngineError::Device(format!("a product of {element:?}"))),
        }
    }
}

fn context(number: usize) -> Result<Arc<CudaContext>, EngineError> {
    let count = CudaContext::device_count();
    match count {
        Ok(count) if usize::try_from(count).is_ok_and(|count| number < count) => {}
        Ok(count) => {
            return Err(EngineError::Device(format!(
                "GPU {number} of {count} (they are numbered from 0)"
            )));
        }
        Err(error) => {
            return Err(EngineError::Device(format!(
                "the NVIDIA driver has no GPU: {error}"
            )));
        }
    }
    CudaContext::new(number).map_err(failed("GPU"))
}

impl Device for CudaDevice {
    fn precision(&self) -> Precision {
        self.precision
    }

    #[expect(unsafe_code, reason = "memory of any content")]
    fn allocate(
        &mut self,
        element: Element,
        elements: usize,
        what: &'static str,
    ) -> Result<Array, EngineError> {
        let bytes = elements * element.bytes(self.precision);
        // SAFETY: every bit pattern is a u8.
        let allocation = unsafe { self.stream.alloc::<u8>(bytes.max(1)) };
        let allocation = allocation.map_err(|error| {
            let free = self.stream.context().mem_get_info().map_or(0, |(free, _)| free);
            EngineError::Device(format!(
                "{bytes} bytes for {what}, where {free} are free: {error}"
            ))
        })?;
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
        let (first, end) = self.bytes(to)?;
        let mut part = self.allocations[to.allocation].slice_mut(first..end);
        self.stream
            .memcpy_htod(bytes, &mut part)
            .map_err(failed("copying to the GPU"))
    }

    fn read(&mut self, from: Array, bytes: &mut [u8]) -> Result<(), EngineError> {
        check_bytes(from, self.precision, bytes.len())?;
        let (first, end) = self.bytes(from)?;
        let part = self.allocations[from.allocation].slice(first..end);
        self.stream
            .memcpy_dtoh(&part, bytes)
            .map_err(failed("copying from the GPU"))?;
        self.stream.synchronize().map_err(failed("the GPU"))
    }

    fn copy(&mut self, from: Array, to: Array) -> Result<(), EngineError> {
        let ((first, end), (first_to, end_to)) = (self.bytes(from)?, self.bytes(to)?);
        let disjoint = self
            .allocations
            .get_disjoint_mut([from.allocation, to.allocation]);
        let [from, to] = disjoint.map_err(|error| EngineError::Device(format!("a copy: {error}")))?;
        let (from, mut to) = (from.slice(first..end), to.slice_mut(first_to..end_to));
        self.stream
            .memcpy_dtod(&from, &mut to)
            .map_err(failed("copying on the GPU"))
    }

    fn clear(&mut self, array: Array) -> Result<(), EngineError> {
        let (first, end) = self.bytes(array)?;
        let mut part = self.allocations[array.allocation].slice_mut(first..end);
        self.stream
            .memset_zeros(&mut part)
            .map_err(failed("clearing memory"))
    }

    #[expect(
        unsafe_code,
        reason = "what a kernel does with its arguments is its own affair"
    )]
    fn launch(&mut self, kernel: Kernel, grid: Grid, arguments: &[Argument]) -> Result<(), EngineError> {
        let blocks = [grid.blocks.0, grid.blocks.1].map(u32::try_from);
        let [Ok(x), Ok(y)] = blocks else {
            return Err(EngineError::Device(format!(
                "{kernel:?} on {:?} blocks",
                grid.blocks
            )));
        };
        if x == 0 || y == 0 {
            return Ok(());
        }
        let addresses = arguments.iter().map(|argument| match argument {
            Argument::Array(array) => self.address(*array),
            _ => Ok(0),
        });
        let addresses = addresses.collect::<Result<Vec<u64>, _>>()?;
        let mut launch = self.stream.launch_builder(&self.functions[kernel as usize]);
        for (argument, address) in arguments.iter().zip(&addresses) {
            match argument {
                Argument::Array(_) => launch.arg(address),
                Argument::U32(value) => launch.arg(value),
                Argument::Size(value) => launch.arg(value),
                Argument::F32(value) => launch.arg(value),
            };
        }
        let config = LaunchConfig {
            grid_dim: (x, y, 1),
            block_dim: (grid.threads, 1, 1),
            shared_mem_bytes: 0,
        };
        // SAFETY: number and types of the arguments are those of the kernel, which stays within its arrays: the tests check both for every
        // launch of the engine, on the host. Arrays lie within their allocations, which live as long as the stream.
        unsafe { launch.launch(config) }.map_err(failed(kernel.name()))?;
        Ok(())
    }

    #[expect(unsafe_code, reason = "cuBLAS is a foreign library")]
    fn multiply(&mut self, product: &ColumnMajor) -> Result<(), EngineError> {
        let ColumnMajor { a, b, c, .. } = product;
        let (alpha, beta) = (1.0_f32, if product.adds { 1.0_f32 } else { 0.0 });
        let pointer = |operand: &Operand| self.address(operand.array).map(|address| address as *mut c_void);
        let transposition = |operand: &Operand| {
            if operand.is_transposed {
                blas::cublasOperation_t::CUBLAS_OP_T
            } else {
                blas::cublasOperation_t::CUBLAS_OP_N
            }
        };
        let compute = match self.precision {
            Precision::Bf16 => blas::cublasComputeType_t::CUBLAS_COMPUTE_32F,
            Precision::F32 => blas::cublasComputeType_t::CUBLAS_COMPUTE_32F_PEDANTIC,
        };
        let (a_pointer, b_pointer, c_pointer) = (pointer(a)?, pointer(b)?, pointer(c)?);
        // SAFETY: the arrays lie within their allocations and hold all matrices of the batch (`product::product`); alpha and beta are
        // on the host, where cuBLAS looks for them by default, and are read before it returns.
        let result = unsafe {
            gemm_strided_batched_ex(
                *self.blas.handle(),
                transposition(a),
                transposition(b),
                product.m,
                product.n,
                product.k,
                (&raw const alpha).cast(),
                a_pointer,
                self.data_type(a)?,
                a.leading,
                a.stride,
                b_pointer,
                self.data_type(b)?,
                b.leading,
                b.stride,
                (&raw const beta).cast(),
                c_pointer,
                self.data_type(c)?,
                c.leading,
                c.stride,
                product.batch,
                compute,
                blas::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
            )
        };
        result.map_err(|error| EngineError::Device(format!("cuBLAS: {error} in a product of {product:?}")))
    }
}
