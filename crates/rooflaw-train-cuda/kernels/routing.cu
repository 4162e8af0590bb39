// Which experts a token is sent to, with what weights, and where its rows lie when experts' tokens lie together.

#define SOFTMAX 0u

// Scores of all experts, the best of them and their weights. A bias, if there is one, is added to scores for the choice alone.
// A thread for each token.
KERNEL route(float *scores, unsigned *chosen, float *weights, const float *logits, const float *bias,
             unsigned tokens, unsigned experts, unsigned per_token, unsigned scoring, unsigned is_biased,
             unsigned normalised, float scale) {
    size_t token = thread_index();
    if (token >= tokens) {
        return;
    }
    const float *logit = logits + token * experts;
    float *score = scores + token * experts;
    float largest = LOWEST, sum = 0.0f;
    for (unsigned e = 0; e < experts; e++) {
        largest = fmaxf(largest, logit[e]);
    }
    for (unsigned e = 0; e < experts; e++) {
        score[e] = scoring == SOFTMAX ? expf(logit[e] - largest) : 1.0f / (1.0f + expf(-logit[e]));
        sum += score[e];
    }
    for (unsigned e = 0; scoring == SOFTMAX && e < experts; e++) {
        score[e] /= sum;
    }
    // The next best is what comes after the last one by falling score, then by rising number.
    float last = 0.0f, chosen_sum = 0.0f;
    unsigned last_expert = 0;
    for (unsigned j = 0; j < per_token; j++) {
        float best = LOWEST;
        unsigned best_expert = 0;
        for (unsigned e = 0; e < experts; e++) {
            float ranked = is_biased != 0 ? score[e] + bias[e] : score[e];
            bool after = j == 0 || ranked < last || (ranked == last && e > last_expert);
            if (after && ranked > best) {
                best = ranked;
                best_expert = e;
            }
        }
        last = best;
        last_expert = best_expert;
        chosen[token * per_token + j] = best_expert;
        weights[token * per_token + j] = score[best_expert];
        chosen_sum += score[best_expert];
    }
    for (unsigned j = 0; j < per_token; j++) {
        weights[token * per_token + j] *= normalised != 0 ? scale / chosen_sum : scale;
    }
}

// The gradient of the router's logits, from those of the weights and from `pulls`, what the load-balancing loss adds to the
// gradient of each expert's score. A thread for each token.
KERNEL route_backward(operand *dlogits, const float *scores, const unsigned *chosen, const float *dweights,
                      const float *pulls, unsigned tokens, unsigned experts, unsigned per_token,
                      unsigned scoring, unsigned normalised, float scale) {
    size_t token = thread_index();
    if (token >= tokens) {
        return;
    }
    const float *score = scores + token * experts;
    const unsigned *choice = chosen + token * per_token;
    const float *dweight = dweights + token * per_token;
    float chosen_sum = 0.0f, product = 0.0f;
    for (unsigned j = 0; j < per_token; j++) {
        chosen_sum += score[choice[j]];
        product += dweight[j] * score[choice[j]];
    }
    float shift = normalised != 0 ? product / chosen_sum : 0.0f;
    float factor = normalised != 0 ? scale / chosen_sum : scale;
    // Twice over the experts: what the softmax takes off needs the sum of all.
    float mean = 0.0f;
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned e = 0; e < experts; e++) {
            float dscore = pulls[e];
            for (unsigned j = 0; j < per_token; j++) {
                dscore += choice[j] == e ? factor * (dweight[j] - shift) : 0.0f;
            }
            if (pass == 0) {
                mean += score[e] * dscore;
            } else {
                float slope = scoring == SOFTMAX ? dscore - mean : (1.0f - score[e]) * dscore;
                dlogits[token * experts + e] = from_float<operand>(score[e] * slope);
            }
        }
    }
}

// How many slots (tokens × experts per token) chose an expert. A block for each expert.
KERNEL count_slots(unsigned *counts, const unsigned *chosen, unsigned slots) {
    unsigned count = 0;
    for (unsigned i = threadIdx.x; i < slots; i += blockDim.x) {
        count += chosen[i] == blockIdx.x ? 1 : 0;
    }
    count = block_sum(count);
    if (threadIdx.x == 0) {
        counts[blockIdx.x] = count;
    }
}

// Where each slot's row lies when rows are ordered by expert, then by slot, and which slot lies at each place.
// A block for each expert.
KERNEL place_slots(unsigned *places, unsigned *order, const unsigned *chosen, const unsigned *counts,
                   unsigned slots) {
    __shared__ unsigned sums[MAX_THREADS];
    unsigned next = 0;
    for (unsigned e = 0; e < blockIdx.x; e++) {
        next += counts[e];
    }
    for (unsigned first = 0; first < slots; first += blockDim.x) {
        unsigned slot = first + threadIdx.x;
        unsigned mine = slot < slots && chosen[slot] == blockIdx.x ? 1 : 0;
        sums[threadIdx.x] = mine;
        __syncthreads();
        for (unsigned distance = 1; distance < blockDim.x; distance *= 2) {
            unsigned before = threadIdx.x >= distance ? sums[threadIdx.x - distance] : 0;
            __syncthreads();
            sums[threadIdx.x] += before;
            __syncthreads();
        }
        if (mine != 0) {
            unsigned place = next + sums[threadIdx.x] - 1;
            places[slot] = place;
            order[place] = slot;
        }
        next += sums[blockDim.x - 1];
        __syncthreads();
    }
}
