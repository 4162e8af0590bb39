// Cross-entropy of softmax(logits), a block for each position.

#define IGNORED 0xffffffffu

__device__ inline float log_of_sum(const float *logits, unsigned vocabulary) {
    float largest = LOWEST;
    for (unsigned c = threadIdx.x; c < vocabulary; c += blockDim.x) {
        largest = fmaxf(largest, logits[c]);
    }
    largest = block_max(largest);
    float sum = 0.0f;
    for (unsigned c = threadIdx.x; c < vocabulary; c += blockDim.x) {
        sum += expf(logits[c] - largest);
    }
    return logf(block_sum(sum)) + largest;
}

KERNEL cross_entropy(float *nats, const float *logits, const unsigned *targets, unsigned vocabulary) {
    const float *row = logits + (size_t)blockIdx.x * vocabulary;
    float sum = log_of_sum(row, vocabulary);
    unsigned target = targets[blockIdx.x];
    if (threadIdx.x == 0) {
        nats[blockIdx.x] = target == IGNORED ? 0.0f : sum - row[target];
    }
}

KERNEL cross_entropy_backward(float *nats, operand *dlogits, const float *logits, const unsigned *targets,
                              unsigned vocabulary, float scale) {
    const float *row = logits + (size_t)blockIdx.x * vocabulary;
    operand *gradient = dlogits + (size_t)blockIdx.x * vocabulary;
    float sum = log_of_sum(row, vocabulary);
    unsigned target = targets[blockIdx.x];
    if (threadIdx.x == 0) {
        nats[blockIdx.x] = target == IGNORED ? 0.0f : sum - row[target];
    }
    for (unsigned c = threadIdx.x; c < vocabulary; c += blockDim.x) {
        float value = expf(row[c] - sum) - (c == target ? 1.0f : 0.0f);
        gradient[c] = from_float<operand>(target == IGNORED ? 0.0f : scale * value);
    }
}
