// Attention between its matrix products: heads apart and turned by position, the softmax of scores and its gradient.

#define UNTURNED 0u
#define HALVES 1u // Elements i and i + head_dim / 2 turn together.

// The two elements of a pair that the rotary embedding (arXiv 2104.09864) turns together.
__device__ inline void pair_elements(unsigned pair, unsigned head_dim, unsigned rotation, unsigned *a, unsigned *b) {
    *a = rotation == HALVES ? pair : 2 * pair;
    *b = rotation == HALVES ? pair + head_dim / 2 : 2 * pair + 1;
}

__device__ inline void turn(operand *to, const operand *from, const float *cosines, const float *sines,
                            unsigned position, unsigned head_dim, unsigned rotation, float direction) {
    if (rotation == UNTURNED) {
        for (unsigned c = threadIdx.x; c < head_dim; c += blockDim.x) {
            to[c] = from[c];
        }
        return;
    }
    for (unsigned pair = threadIdx.x; pair < head_dim / 2; pair += blockDim.x) {
        unsigned a, b;
        pair_elements(pair, head_dim, rotation, &a, &b);
        float cosine = cosines[(size_t)position * (head_dim / 2) + pair];
        float sine = direction * sines[(size_t)position * (head_dim / 2) + pair];
        float x = to_float(from[a]), y = to_float(from[b]);
        to[a] = from_float<operand>(x * cosine - y * sine);
        to[b] = from_float<operand>(y * cosine + x * sine);
    }
}

// From positions × heads × head_dim to heads × positions × head_dim, sequence by sequence. A block for each head of a position.
KERNEL split_heads(operand *split, const operand *merged, const float *cosines, const float *sines,
                   unsigned positions, unsigned heads, unsigned head_dim, unsigned rotation) {
    unsigned head = blockIdx.x % heads, token = blockIdx.x / heads;
    unsigned position = token % positions, sequence = token / positions;
    size_t to = (((size_t)sequence * heads + head) * positions + position) * head_dim;
    turn(split + to, merged + (size_t)blockIdx.x * head_dim, cosines, sines, position, head_dim, rotation, 1.0f);
}

// The way back, turning back.
KERNEL merge_heads(operand *merged, const operand *split, const float *cosines, const float *sines,
                   unsigned positions, unsigned heads, unsigned head_dim, unsigned rotation) {
    unsigned head = blockIdx.x % heads, token = blockIdx.x / heads;
    unsigned position = token % positions, sequence = token / positions;
    size_t from = (((size_t)sequence * heads + head) * positions + position) * head_dim;
    turn(merged + (size_t)blockIdx.x * head_dim, split + from, cosines, sines, position, head_dim, rotation, -1.0f);
}

// The first position that a position attends to; window 0: all.
__device__ inline unsigned first_seen(unsigned position, unsigned window) {
    return window != 0 && position + 1 > window ? position + 1 - window : 0;
}

// Softmax of scale * scores over what a position sees, 0 elsewhere. A block for each row of heads × positions.
KERNEL causal_softmax(operand *probabilities, const float *scores, unsigned positions, unsigned window,
                      float scale) {
    unsigned position = blockIdx.x % positions, first = first_seen(position, window);
    size_t row = (size_t)blockIdx.x * positions;
    float largest = LOWEST;
    for (unsigned c = first + threadIdx.x; c <= position; c += blockDim.x) {
        largest = fmaxf(largest, scores[row + c]);
    }
    largest = block_max(largest);
    float sum = 0.0f;
    for (unsigned c = first + threadIdx.x; c <= position; c += blockDim.x) {
        sum += expf(scale * (scores[row + c] - largest));
    }
    float inverse = 1.0f / block_sum(sum);
    for (unsigned c = threadIdx.x; c < positions; c += blockDim.x) {
        bool seen = c >= first && c <= position;
        float value = seen ? expf(scale * (scores[row + c] - largest)) * inverse : 0.0f;
        probabilities[row + c] = from_float<operand>(value);
    }
}

// Gradient of the scores in the place of the probabilities.
KERNEL causal_softmax_backward(operand *probabilities, const float *dprobabilities, unsigned positions,
                               unsigned window, float scale) {
    unsigned position = blockIdx.x % positions, first = first_seen(position, window);
    size_t row = (size_t)blockIdx.x * positions;
    float product = 0.0f;
    for (unsigned c = first + threadIdx.x; c <= position; c += blockDim.x) {
        product += to_float(probabilities[row + c]) * dprobabilities[row + c];
    }
    product = block_sum(product);
    for (unsigned c = first + threadIdx.x; c <= position; c += blockDim.x) {
        float p = to_float(probabilities[row + c]);
        probabilities[row + c] = from_float<operand>(scale * p * (dprobabilities[row + c] - product));
    }
}
