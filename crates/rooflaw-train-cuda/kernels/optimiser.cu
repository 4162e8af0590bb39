// The norm of the gradients, and AdamW (arXiv 1711.05101, algorithm 2, as PyTorch has it).

KERNEL square_sums(double *sums, const float *gradients, size_t elements) {
    double sum = 0.0;
    for (size_t i = thread_index(); i < elements; i += (size_t)gridDim.x * blockDim.x) {
        sum += (double)gradients[i] * gradients[i];
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) {
        sums[blockIdx.x] = sum;
    }
}

// `shrink` is 1 - learning rate * weight decay, `step` the learning rate over the first moment's bias correction, `correction`
// the root of the second one's. Clears the gradients.
KERNEL adamw(float *weights, operand *copies, float *first, float *second, float *gradients, size_t elements,
             float shrink, float step, float correction, float beta1, float beta2, float epsilon,
             float gradient_scale) {
    size_t i = thread_index();
    if (i >= elements) {
        return;
    }
    float gradient = gradients[i] * gradient_scale;
    float m = beta1 * first[i] + (1.0f - beta1) * gradient;
    float v = beta2 * second[i] + (1.0f - beta2) * gradient * gradient;
    float weight = weights[i] * shrink - step * m / (sqrtf(v) / correction + epsilon);
    first[i] = m;
    second[i] = v;
    weights[i] = weight;
    copies[i] = from_float<operand>(weight);
    gradients[i] = 0.0f;
}
