// Rows of the embedding table, and their gradients.

// A block for each position.
KERNEL embed(float *x, const float *table, const unsigned *tokens, unsigned width) {
    const float *row = table + (size_t)tokens[blockIdx.x] * width;
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        x[(size_t)blockIdx.x * width + c] = row[c];
    }
}

// A block for each distinct token: its positions are positions_of_tokens[starts[block]..starts[block + 1]].
KERNEL embed_backward(float *gradient, const float *dx, const unsigned *tokens, const unsigned *starts,
                      const unsigned *positions_of_tokens, unsigned width) {
    unsigned first = starts[blockIdx.x], end = starts[blockIdx.x + 1];
    float *row = gradient + (size_t)tokens[blockIdx.x] * width;
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        float sum = 0.0f;
        for (unsigned i = first; i < end; i++) {
            sum += dx[(size_t)positions_of_tokens[i] * width + c];
        }
        row[c] += sum;
    }
}
