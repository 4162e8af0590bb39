// What all kernels use. Blocks have a power of two of threads, 256 at most. No kernel adds with atomics: every sum has one
// order, so that equal calls give equal bits.

#define KERNEL extern "C" __global__ void
#define MAX_THREADS 256
#define LOWEST -3.402823466e+38f

// What matrix products multiply: bfloat16, or f32 where results are checked.
#ifdef OPERAND_F32
typedef float operand;
#else
struct operand {
    unsigned short bits;
};
#endif

__device__ inline float to_float(float value) { return value; }

template <class To> __device__ inline To from_float(float value);
template <> __device__ inline float from_float<float>(float value) { return value; }

#ifndef OPERAND_F32
__device__ inline float to_float(operand value) { return __uint_as_float((unsigned)value.bits << 16); }

// To nearest, ties to even; a NaN stays one.
template <> __device__ inline operand from_float<operand>(float value) {
    unsigned bits = __float_as_uint(value);
    operand rounded;
    if (value != value) {
        rounded.bits = 0x7fc0;
    } else {
        rounded.bits = (unsigned short)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }
    return rounded;
}
#endif

// The sum over a block's threads, in one order, for all of them.
template <class Number> __device__ inline Number block_sum(Number value) {
    __shared__ Number shared[MAX_THREADS];
    __syncthreads();
    shared[threadIdx.x] = value;
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            shared[threadIdx.x] += shared[threadIdx.x + half];
        }
        __syncthreads();
    }
    return shared[0];
}

// The largest value of a block's threads, for all of them.
__device__ inline float block_max(float value) {
    __shared__ float shared[MAX_THREADS];
    __syncthreads();
    shared[threadIdx.x] = value;
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            shared[threadIdx.x] = fmaxf(shared[threadIdx.x], shared[threadIdx.x + half]);
        }
        __syncthreads();
    }
    return shared[0];
}

// This thread's number among all of a one-dimensional grid.
__device__ inline size_t thread_index() { return (size_t)blockIdx.x * blockDim.x + threadIdx.x; }
