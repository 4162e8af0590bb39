// What kernels/*.cu need to run on the host, with the semantics of a block: its threads are fibres that run in turn from barrier to
// barrier, in rising or falling order, so that a missing barrier shows as a result that depends on the order.

#include <math.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <tuple>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __global__
#define __device__
// Blocks run one after another, and a block's fibres on one thread of the host.
#define __shared__ static thread_local

struct Coordinates {
    unsigned x, y, z;
};
static thread_local Coordinates threadIdx, blockIdx, blockDim, gridDim;

static inline float __uint_as_float(unsigned bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline unsigned __float_as_uint(float value) {
    unsigned bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

namespace host {

enum Kind { F32_ARRAY, F64_ARRAY, U32_ARRAY, OPERAND_ARRAY, U32, SIZE, F32 };

const size_t MOST_THREADS = 256;
const size_t STACK_BYTES = 64 * 1024;

// A thread of a block. It lives on from block to block; switching is by setjmp, which, unlike swapcontext, asks nothing of the kernel.
struct Fibre {
    jmp_buf at;
    ucontext_t start;
    std::vector<char> stack;
    bool is_started, is_done;
};

static thread_local std::vector<Fibre> fibres;
static thread_local jmp_buf scheduler;
static thread_local unsigned current;
static thread_local void (*body)(void *);
static thread_local void *body_argument;

__attribute__((noinline)) static void yield() {
    if (_setjmp(fibres[current].at) == 0) {
        _longjmp(scheduler, 1);
    }
}

static void run_fibre() {
    for (;;) {
        body(body_argument);
        fibres[current].is_done = true;
        yield();
    }
}

__attribute__((noinline)) static void resume(Fibre &fibre) {
    if (_setjmp(scheduler) == 0) {
        if (fibre.is_started) {
            _longjmp(fibre.at, 1);
        }
        fibre.is_started = true;
        setcontext(&fibre.start);
    }
}

// Whether all threads of the block came through the same barriers.
static bool run_block(bool is_reversed) {
    if (fibres.empty()) {
        fibres.resize(MOST_THREADS);
        for (Fibre &fibre : fibres) {
            fibre.stack.resize(STACK_BYTES);
            fibre.is_started = false;
            getcontext(&fibre.start);
            fibre.start.uc_stack.ss_sp = fibre.stack.data();
            fibre.start.uc_stack.ss_size = STACK_BYTES;
            fibre.start.uc_link = nullptr;
            makecontext(&fibre.start, run_fibre, 0);
        }
    }
    unsigned threads = blockDim.x;
    for (unsigned i = 0; i < threads; i++) {
        fibres[i].is_done = false;
    }
    unsigned n_done = 0;
    while (n_done == 0) {
        for (unsigned i = 0; i < threads; i++) {
            current = is_reversed ? threads - 1 - i : i;
            threadIdx = {current, 0, 0};
            resume(fibres[current]);
            n_done += fibres[current].is_done;
        }
    }
    return n_done == threads;
}

template <class T> struct KindOf;
template <> struct KindOf<unsigned> { static const int value = U32; };
template <> struct KindOf<size_t> { static const int value = SIZE; };
template <> struct KindOf<float> { static const int value = F32; };
template <> struct KindOf<float *> { static const int value = F32_ARRAY; };
template <> struct KindOf<double *> { static const int value = F64_ARRAY; };
template <> struct KindOf<unsigned *> { static const int value = U32_ARRAY; };
template <class T> struct KindOf<const T *> { static const int value = KindOf<T *>::value; };

template <class... P> struct Launch {
    void (*kernel)(P...);
    void **arguments;

    template <size_t... I> void call(std::index_sequence<I...>) { kernel(*(P *)arguments[I]...); }
    static void run(void *self) { ((Launch *)self)->call(std::index_sequence_for<P...>()); }
};

// Without kinds the arguments are taken for what the kernel wants. 0 if it ran, 1 if the arguments are not those of the kernel, 2 if threads parted at a barrier.
template <class... P>
int launch(void (*kernel)(P...), void **arguments, const int *kinds, int n, unsigned x, unsigned y, unsigned threads,
           bool is_reversed) {
    const int wanted[] = {KindOf<P>::value...};
    if (kinds != nullptr && (n != (int)sizeof...(P) || memcmp(kinds, wanted, sizeof wanted) != 0)) {
        return 1;
    }
    Launch<P...> bound = {kernel, arguments};
    body = Launch<P...>::run;
    body_argument = &bound;
    gridDim = {x, y, 1};
    blockDim = {threads, 1, 1};
    for (size_t i = 0; i < (size_t)x * y; i++) {
        size_t block = is_reversed ? (size_t)x * y - 1 - i : i;
        blockIdx = {(unsigned)(block % x), (unsigned)(block / x), 0};
        if (!run_block(is_reversed)) {
            return 2;
        }
    }
    return 0;
}

} // namespace host

// To the next thread of the block; this one goes on when all have come here.
static inline void __syncthreads() { host::yield(); }

#define LAUNCHER(kernel)                                                                                             \
    extern "C" int launch_##kernel(void **arguments, const int *kinds, int n, unsigned x, unsigned y,              \
                                   unsigned threads, bool is_reversed) {                                           \
        return host::launch(kernel, arguments, kinds, n, x, y, threads, is_reversed);                              \
    }
