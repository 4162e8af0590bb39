// Rows to the experts and back. A row of the residual stream has `per_token` rows among the experts' (its slots).

// A block for each place.
KERNEL gather_rows(operand *placed, const operand *x, const unsigned *order, unsigned per_token, unsigned width) {
    size_t from = (size_t)(order[blockIdx.x] / per_token) * width, to = (size_t)blockIdx.x * width;
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        placed[to + c] = x[from + c];
    }
}

// The residual stream plus the experts' outputs by their weights. A block for each token.
KERNEL combine(float *residual, const operand *placed, const float *weights, const unsigned *places,
               unsigned per_token, unsigned width) {
    size_t first = (size_t)blockIdx.x * per_token;
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        float sum = 0.0f;
        for (unsigned j = 0; j < per_token; j++) {
            sum += weights[first + j] * to_float(placed[(size_t)places[first + j] * width + c]);
        }
        residual[(size_t)blockIdx.x * width + c] += sum;
    }
}

// Gradients of the experts' outputs and of their weights; the former may lie where the outputs do. A block for each place.
KERNEL combine_backward(operand *dplaced, float *dweights, const float *dresidual, const operand *placed,
                        const float *weights, const unsigned *order, unsigned per_token, unsigned width) {
    unsigned slot = order[blockIdx.x];
    size_t token = (size_t)(slot / per_token) * width, place = (size_t)blockIdx.x * width;
    float product = 0.0f;
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        product += dresidual[token + c] * to_float(placed[place + c]);
    }
    product = block_sum(product);
    if (threadIdx.x == 0) {
        dweights[slot] = product;
    }
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        dplaced[place + c] = from_float<operand>(weights[slot] * dresidual[token + c]);
    }
}

// The gradient of what was gathered. A block for each token.
KERNEL gather_backward(float *dx, const float *dplaced, const unsigned *places, unsigned per_token, unsigned width) {
    size_t first = (size_t)blockIdx.x * per_token;
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        float sum = 0.0f;
        for (unsigned j = 0; j < per_token; j++) {
            sum += dplaced[(size_t)places[first + j] * width + c];
        }
        dx[(size_t)blockIdx.x * width + c] += sum;
    }
}

// The residual stream plus sigmoid(weight · x) times the shared experts' output. A block for each token.
KERNEL add_gated(float *residual, float *gates, const operand *y, const operand *x, const float *weight,
                 unsigned width) {
    size_t row = (size_t)blockIdx.x * width;
    float product = 0.0f;
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        product += to_float(x[row + c]) * weight[c];
    }
    float gate = 1.0f / (1.0f + expf(-block_sum(product)));
    if (threadIdx.x == 0) {
        gates[blockIdx.x] = gate;
    }
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        residual[row + c] += gate * to_float(y[row + c]);
    }
}

// Gradients of the output (which may lie where it does), of x (added) and of what the sigmoid was taken of.
KERNEL add_gated_backward(operand *dy, float *dx, float *dproducts, const float *dresidual, const operand *y,
                          const float *gates, const float *weight, unsigned width) {
    size_t row = (size_t)blockIdx.x * width;
    float product = 0.0f, gate = gates[blockIdx.x];
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        product += dresidual[row + c] * to_float(y[row + c]);
    }
    product = block_sum(product) * gate * (1.0f - gate);
    if (threadIdx.x == 0) {
        dproducts[blockIdx.x] = product;
    }
    for (unsigned c = threadIdx.x; c < width; c += blockDim.x) {
        dy[row + c] = from_float<operand>(gate * dresidual[row + c]);
        dx[row + c] += product * weight[c];
    }
}
