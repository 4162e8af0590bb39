// Copies, biases, activations: a thread for each element, or a block for each row.

KERNEL to_operand(operand *y, const float *x, size_t elements) {
    size_t i = thread_index();
    if (i < elements) {
        y[i] = from_float<operand>(x[i]);
    }
}

// A block for each row.
KERNEL add_bias(operand *y, const float *bias, unsigned columns) {
    for (unsigned c = threadIdx.x; c < columns; c += blockDim.x) {
        size_t i = (size_t)blockIdx.x * columns + c;
        y[i] = from_float<operand>(to_float(y[i]) + bias[c]);
    }
}

KERNEL add_bias_to_residual(float *x, const float *bias, unsigned columns) {
    for (unsigned c = threadIdx.x; c < columns; c += blockDim.x) {
        x[(size_t)blockIdx.x * columns + c] += bias[c];
    }
}

#define SWIGLU 0u

// silu(x) = x * sigmoid(x), or GELU by its tanh (arXiv 1606.08415 §2); with it its derivative.
__device__ inline float activation(float x, unsigned kind, float *derivative) {
    if (kind == SWIGLU) {
        float sigmoid = 1.0f / (1.0f + expf(-x));
        *derivative = sigmoid * (1.0f + x * (1.0f - sigmoid));
        return x * sigmoid;
    }
    const float root = 0.7978845608028654f; // sqrt(2 / pi)
    const float cubic = 0.044715f;
    float t = tanhf(root * (x + cubic * x * x * x));
    *derivative = 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * root * (1.0f + 3.0f * cubic * x * x);
    return 0.5f * x * (1.0f + t);
}

KERNEL gated(operand *h, const operand *gate, const operand *up, size_t elements, unsigned kind) {
    size_t i = thread_index();
    if (i < elements) {
        float derivative;
        h[i] = from_float<operand>(activation(to_float(gate[i]), kind, &derivative) * to_float(up[i]));
    }
}

// Gradients of gate and up in the place of their values.
KERNEL gated_backward(operand *gate, operand *up, const operand *dh, size_t elements, unsigned kind) {
    size_t i = thread_index();
    if (i < elements) {
        float derivative;
        float value = activation(to_float(gate[i]), kind, &derivative);
        float gradient = to_float(dh[i]);
        gate[i] = from_float<operand>(gradient * to_float(up[i]) * derivative);
        up[i] = from_float<operand>(gradient * value);
    }
}
