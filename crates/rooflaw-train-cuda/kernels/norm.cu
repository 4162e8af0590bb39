// RMSNorm (arXiv 1910.07467): y = x / rms(x) * weight, a block for each row.

template <class In>
__device__ void norm_row(operand *y, float *inverse, const In *x, const float *weight, unsigned width,
                         float epsilon) {
    size_t row = (size_t)blockIdx.x * width;
    float squares = 0.0f;
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        float value = to_float(x[row + c]);
        squares += value * value;
    }
    float scale = 1.0f / sqrtf(block_sum(squares) / width + epsilon);
    if (threadIdx.x == 0) {
        inverse[blockIdx.x] = scale;
    }
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        y[row + c] = from_float<operand>(to_float(x[row + c]) * scale * weight[c]);
    }
}

// The gradient of x, added to what is there or in its place; dy may lie where dx does.
template <class Number, class Gradient>
__device__ void norm_row_backward(Gradient *dx, const Gradient *dy, const Number *x, const float *weight,
                                  const float *inverse, unsigned width, bool adds) {
    size_t row = (size_t)blockIdx.x * width;
    float scale = inverse[blockIdx.x];
    float product = 0.0f;
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        product += to_float(dy[row + c]) * weight[c] * to_float(x[row + c]);
    }
    float mean = block_sum(product) / width;
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        float value = scale * (to_float(dy[row + c]) * weight[c] - to_float(x[row + c]) * scale * scale * mean);
        dx[row + c] = from_float<Gradient>(adds ? to_float(dx[row + c]) + value : value);
    }
}

// Of the residual stream.
KERNEL rms_norm(operand *y, float *inverse, const float *x, const float *weight, unsigned width, float epsilon) {
    norm_row(y, inverse, x, weight, width, epsilon);
}

KERNEL rms_norm_backward(float *dx, const float *dy, const float *x, const float *weight, const float *inverse,
                         unsigned width) {
    norm_row_backward(dx, dy, x, weight, inverse, width, true);
}

// Of queries and keys.
KERNEL head_norm(operand *y, float *inverse, const operand *x, const float *weight, unsigned width,
                 float epsilon) {
    norm_row(y, inverse, x, weight, width, epsilon);
}

KERNEL head_norm_backward(operand *dx, const operand *dy, const operand *x, const float *weight,
                          const float *inverse, unsigned width) {
    norm_row_backward(dx, dy, x, weight, inverse, width, false);
}
