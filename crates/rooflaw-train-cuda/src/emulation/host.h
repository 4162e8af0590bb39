// What kernels/*.cu need to run on the host, with the semantics of a block: its threads are fibres that run in turn from barrier to
// barrier, in rising or falling order, so that a missing barrier shows as a result that depends on the order.

#include <math.h>
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

const size_t STACK_BYTES = 64 * 1024;

struct Fibre {
    ucontext_t context;
    std::vector<char> stack;
    bool is_done;
};

static thread_local std::vector<Fibre> fibres;
static thread_local ucontext_t scheduler;
static thread_local unsigned current;
static thread_local void (*body)(void *);
static thread_local void *body_argument;

static void run_fibre() {
    body(body_argument);
    fibres[current].is_done = true;
    swapcontext(&fibres[current].context, &scheduler);
}

// Whether all threads of the block came through the same barriers.
static bool run_block(bool is_reversed) {
    unsigned threads = blockDim.x;
    if (fibres.size() < threads) {
        fibres.resize(threads);
    }
    for (unsigned i = 0; i < threads; i++) {
        Fibre &fibre = fibres[i];
        fibre.stack.resize(STACK_BYTES);
        fibre.is_done = false;
        getcontext(&fibre.context);
        fibre.context.uc_stack.ss_sp = fibre.stack.data();
        fibre.context.uc_stack.ss_size = STACK_BYTES;
        fibre.context.uc_link = nullptr;
        makecontext(&fibre.context, run_fibre, 0);
    }
    unsigned n_done = 0;
    while (n_done == 0) {
        for (unsigned i = 0; i < threads; i++) {
            current = is_reversed ? threads - 1 - i : i;
            threadIdx = {current, 0, 0};
            swapcontext(&scheduler, &fibres[current].context);
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

// 0 if it ran, 1 if the arguments are not those of the kernel, 2 if threads parted at a barrier.
template <class... P>
int launch(void (*kernel)(P...), void **arguments, const int *kinds, int n, unsigned x, unsigned y, unsigned threads,
           bool is_reversed) {
    const int wanted[] = {KindOf<P>::value...};
    if (n != (int)sizeof...(P) || memcmp(kinds, wanted, sizeof wanted) != 0) {
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
static inline void __syncthreads() {
    host::Fibre &fibre = host::fibres[host::current];
    swapcontext(&fibre.context, &host::scheduler);
}

#define LAUNCHER(kernel)                                                                                             \
    extern "C" int launch_##kernel(void **arguments, const int *kinds, int n, unsigned x, unsigned y,              \
                                   unsigned threads, bool is_reversed) {                                           \
        return host::launch(kernel, arguments, kinds, n, x, y, threads, is_reversed);                              \
    }
