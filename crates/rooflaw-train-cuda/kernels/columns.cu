// Sums over the rows of a matrix, one for each column: first of chunks of rows (a block's y), then of all chunks.

template <class Value>
__device__ void chunk_sums(float *partials, unsigned rows, unsigned columns, Value value) {
    unsigned column = blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= columns) {
        return;
    }
    unsigned per_chunk = (rows + gridDim.y - 1) / gridDim.y;
    unsigned first = blockIdx.y * per_chunk;
    unsigned end = first + per_chunk < rows ? first + per_chunk : rows;
    float sum = 0.0f;
    for (unsigned row = first; row < end; row++) {
        sum += value(row, (size_t)row * columns + column);
    }
    partials[(size_t)blockIdx.y * columns + column] = sum;
}

// Gradient of a bias.
KERNEL bias_chunks(float *partials, const operand *dy, unsigned rows, unsigned columns) {
    chunk_sums(partials, rows, columns, [=](unsigned, size_t i) { return to_float(dy[i]); });
}

KERNEL score_chunks(float *partials, const float *scores, unsigned rows, unsigned columns) {
    chunk_sums(partials, rows, columns, [=](unsigned, size_t i) { return scores[i]; });
}

// Gradient of a norm's weight.
KERNEL norm_chunks(float *partials, const float *dy, const float *x, const float *inverse, unsigned rows,
                   unsigned columns) {
    chunk_sums(partials, rows, columns, [=](unsigned row, size_t i) { return dy[i] * x[i] * inverse[row]; });
}

KERNEL head_norm_chunks(float *partials, const operand *dy, const operand *x, const float *inverse, unsigned rows,
                        unsigned columns) {
    chunk_sums(partials, rows, columns,
               [=](unsigned row, size_t i) { return to_float(dy[i]) * to_float(x[i]) * inverse[row]; });
}

// Gradient of a projection to one number.
KERNEL weighted_chunks(float *partials, const operand *x, const float *weights, unsigned rows, unsigned columns) {
    chunk_sums(partials, rows, columns, [=](unsigned row, size_t i) { return to_float(x[i]) * weights[row]; });
}

KERNEL add_chunks(float *sums, const float *partials, unsigned chunks, unsigned columns) {
    size_t column = thread_index();
    if (column >= columns) {
        return;
    }
    float sum = 0.0f;
    for (unsigned chunk = 0; chunk < chunks; chunk++) {
        sum += partials[(size_t)chunk * columns + column];
    }
    sums[column] += sum;
}
