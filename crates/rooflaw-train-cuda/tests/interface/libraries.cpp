// The part of CUDA's driver, NVRTC and cuBLAS that the engine calls, on the host, as NVIDIA's manuals describe it: memory is the host's, a
// stream runs what it is given at once, kernels are those that the host's compiler made of the same sources (above in this file).
// What the manuals forbid stops the process with a message.

#include <dlfcn.h>
#include <map>
#include <stdio.h>
#include <stdlib.h>
#include <string>

#define API extern "C"

static void demand(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

// Allocations by address: their ends.
static std::map<char *, char *> allocations;
static size_t allocated = 0;
static const size_t TOTAL_BYTES = (size_t)1 << 30;

static void demand_inside(const void *address, size_t bytes, const char *what) {
    auto after = allocations.upper_bound((char *)address);
    demand(after != allocations.begin(), what);
    auto here = std::prev(after);
    demand((char *)address + bytes <= here->second, what);
}

// The driver, https://docs.nvidia.com/cuda/cuda-driver-api/
typedef unsigned long long Address;
static const int SUCCESS = 0, INVALID_DEVICE = 101, NOT_FOUND = 500, OUT_OF_MEMORY = 2;
static int context, module;

API int cuInit(unsigned) { return SUCCESS; }
API int cuDeviceGetCount(int *count) { return *count = 1, SUCCESS; }
API int cuDeviceGet(int *device, int number) { return *device = number, number == 0 ? SUCCESS : INVALID_DEVICE; }
API int cuDeviceGetName(char *name, int length, int) { return snprintf(name, length, "host"), SUCCESS; }
API int cuDeviceGetAttribute(int *value, int attribute, int) {
    // Compute capability 9.0; memory pools.
    *value = attribute == 75 ? 9 : attribute == 76 ? 0 : attribute == 115 ? 1 : -1;
    demand(*value >= 0, "an attribute that is not known");
    return SUCCESS;
}
API int cuDevicePrimaryCtxRetain(void **to, int) { return *to = &context, SUCCESS; }
API int cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
API int cuCtxSetCurrent(void *) { return SUCCESS; }
API int cuCtxGetCurrent(void **to) { return *to = &context, SUCCESS; }
API int cuCtxSynchronize() { return SUCCESS; }
API int cuGetErrorName(int, const char **name) { return *name = "CUDA_ERROR", SUCCESS; }
API int cuGetErrorString(int, const char **text) { return *text = "error", SUCCESS; }
API int cuMemGetInfo_v2(size_t *free, size_t *total) {
    return *total = TOTAL_BYTES, *free = TOTAL_BYTES - allocated, SUCCESS;
}
API int cuMemAllocAsync(Address *to, size_t bytes, void *) {
    demand(bytes > 0, "an allocation of nothing");
    if (allocated + bytes > TOTAL_BYTES) {
        return OUT_OF_MEMORY;
    }
    char *memory = (char *)malloc(bytes);
    memset(memory, 0xff, bytes);
    allocations[memory] = memory + bytes;
    allocated += bytes;
    return *to = (Address)memory, SUCCESS;
}
API int cuMemFreeAsync(Address address, void *) {
    auto here = allocations.find((char *)address);
    demand(here != allocations.end(), "memory freed that is not allocated");
    allocated -= here->second - here->first;
    free(here->first);
    allocations.erase(here);
    return SUCCESS;
}
API int cuMemcpyHtoDAsync_v2(Address to, const void *from, size_t bytes, void *) {
    demand_inside((void *)to, bytes, "a copy to what is not allocated");
    return memcpy((void *)to, from, bytes), SUCCESS;
}
API int cuMemcpyDtoHAsync_v2(void *to, Address from, size_t bytes, void *) {
    demand_inside((void *)from, bytes, "a copy from what is not allocated");
    return memcpy(to, (void *)from, bytes), SUCCESS;
}
API int cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes, void *) {
    demand_inside((void *)to, bytes, "a copy to what is not allocated");
    demand_inside((void *)from, bytes, "a copy from what is not allocated");
    return memcpy((void *)to, (void *)from, bytes), SUCCESS;
}
API int cuMemsetD8Async(Address to, unsigned char value, size_t bytes, void *) {
    demand_inside((void *)to, bytes, "what is not allocated set");
    return memset((void *)to, value, bytes), SUCCESS;
}
API int cuStreamSynchronize(void *) { return SUCCESS; }
API int cuStreamWaitEvent(void *, void *, unsigned) { return SUCCESS; }
API int cuEventCreate(void **event, unsigned) { return *event = &context, SUCCESS; }
API int cuEventRecord(void *, void *) { return SUCCESS; }
API int cuEventSynchronize(void *) { return SUCCESS; }
API int cuEventDestroy_v2(void *) { return SUCCESS; }
API int cuModuleLoadData(void **to, const void *image) {
    demand(strcmp((const char *)image, CODE) == 0, "a module that NVRTC did not make");
    return *to = &module, SUCCESS;
}
API int cuModuleUnload(void *) { return SUCCESS; }
API int cuModuleGetFunction(void **to, void *, const char *name) {
    Dl_info library;
    demand(dladdr((void *)cuInit, &library) != 0, "this library is not found");
    void *self = dlopen(library.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    *to = dlsym(self, (std::string("launch_") + name).c_str());
    return *to == nullptr ? NOT_FOUND : SUCCESS;
}
API int cuLaunchKernel(void *function, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned threads_y,
                       unsigned threads_z, unsigned shared_bytes, void *, void **arguments, void **extra) {
    demand(x > 0 && y > 0 && y <= 65535 && z == 1, "a grid beyond the limits");
    demand(threads > 0 && threads <= 1024 && threads_y == 1 && threads_z == 1, "a block beyond the limits");
    demand(shared_bytes == 0 && extra == nullptr, "shared memory, or arguments in another form");
    typedef int Launch(void **, const int *, int, unsigned, unsigned, unsigned, bool);
    return ((Launch *)function)(arguments, nullptr, 0, x, y, threads, false);
}

// NVRTC, https://docs.nvidia.com/cuda/nvrtc/
API int nvrtcCreateProgram(void **program, const char *, const char *, int, const char *const *, const char *const *) {
    return *program = &module, SUCCESS;
}
API int nvrtcCompileProgram(void *, int n, const char *const *options) {
    demand(n >= 1 && strcmp(options[0], "--gpu-architecture=sm_90") == 0, "another GPU than this one");
    return SUCCESS;
}
API int nvrtcGetProgramLogSize(void *, size_t *size) { return *size = 1, SUCCESS; }
API int nvrtcGetProgramLog(void *, char *log) { return *log = 0, SUCCESS; }
API int nvrtcGetCUBINSize(void *, size_t *size) { return *size = sizeof CODE, SUCCESS; }
API int nvrtcGetCUBIN(void *, char *code) { return memcpy(code, CODE, sizeof CODE), SUCCESS; }
API int nvrtcDestroyProgram(void **program) { return *program = nullptr, SUCCESS; }

// cuBLAS, https://docs.nvidia.com/cuda/cublas/#cublasgemmstridedbatchedex: column-major, C = alpha op(A) op(B) + beta C.
static const int R_32F = 0, R_16BF = 14, COMPUTE_32F = 68, COMPUTE_32F_PEDANTIC = 69;

API int cublasCreate_v2(void **handle) { return *handle = &context, SUCCESS; }
API int cublasDestroy_v2(void *) { return SUCCESS; }
API int cublasSetStream_v2(void *, void *) { return SUCCESS; }

static size_t size_of(int type) {
    demand(type == R_32F || type == R_16BF, "a type that is not known");
    return type == R_32F ? 4 : 2;
}
static float load(const void *array, int type, size_t index) {
    return type == R_32F ? ((const float *)array)[index] : __uint_as_float(((const unsigned short *)array)[index] << 16);
}

API int cublasGemmStridedBatchedEx(void *, int transa, int transb, int m, int n, int k, const float *alpha, const void *a,
                                   int a_type, int lda, long long stride_a, const void *b, int b_type, int ldb,
                                   long long stride_b, const float *beta, void *c, int c_type, int ldc,
                                   long long stride_c, int batch, int compute_type, int) {
    demand(m > 0 && n > 0 && k > 0 && batch > 0, "a product of nothing");
    demand(lda >= (transa ? k : m) && ldb >= (transb ? n : k) && ldc >= m, "a leading dimension too short");
    demand(a_type == b_type && (c_type == a_type || c_type == R_32F), "types that do not go together");
    demand(compute_type == (a_type == R_32F ? COMPUTE_32F_PEDANTIC : COMPUTE_32F), "another compute type");
    auto extent = [&](int rows, int columns, int leading, long long stride) {
        return (size_t)((batch - 1) * stride + (columns - 1) * (long long)leading + rows);
    };
    demand_inside(a, size_of(a_type) * extent(transa ? k : m, transa ? m : k, lda, stride_a), "a is not allocated");
    demand_inside(b, size_of(b_type) * extent(transb ? n : k, transb ? k : n, ldb, stride_b), "b is not allocated");
    demand_inside(c, size_of(c_type) * extent(m, n, ldc, stride_c), "c is not allocated");
    for (int i = 0; i < batch; i++) {
        for (int column = 0; column < n; column++) {
            for (int row = 0; row < m; row++) {
                float sum = 0.0f;
                for (int l = 0; l < k; l++) {
                    float x = load(a, a_type, i * stride_a + (transa ? (size_t)row * lda + l : (size_t)l * lda + row));
                    float y = load(b, b_type, i * stride_b + (transb ? (size_t)l * ldb + column : (size_t)column * ldb + l));
                    sum += x * y;
                }
                size_t place = i * stride_c + (size_t)column * ldc + row;
                // What beta = 0 replaces is not read: it may be NaN.
                float value = *alpha * sum + (*beta == 0.0f ? 0.0f : *beta * load(c, c_type, place));
                if (c_type == R_32F) {
                    ((float *)c)[place] = value;
                } else {
                    ((operand *)c)[place] = from_float<operand>(value);
                }
            }
        }
    }
    return SUCCESS;
}
