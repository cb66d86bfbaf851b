// With xhat = (x - mean) / sqrt(variance + epsilon), y = scale xhat + offset, and g the gradient where y > 0, else 0
// (Ioffe and Szegedy, 2015), over n pixels:
//
//   offset' = sum(g)
//   scale'  = sum(g xhat)
//   x'      = scale / sqrt(variance + epsilon) * (g - offset' / n - xhat scale' / n)

#include "batch_norm_relu_grad.h"

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "aligned_buffer.h"
#include "worker_pool.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512bf16")

namespace espalier {
namespace {

constexpr int kVector = 16;
// Pixels whose sums are added up before they join the others, so that long sums stay exact.
constexpr int64_t kRunPixels = 256;
constexpr int kMostParts = 64;

inline __m512 LoadBf16(const uint16_t* from) {
  const __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  return _mm512_castsi512_ps(_mm512_slli_epi32(words, 16));
}

inline void StoreBf16(uint16_t* to, __m512 value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(value)));
}

// What one vector of channels is normalised by.
struct Normalization {
  __m512 mean, slope, offset;

  Normalization(const BatchNormInputs& inputs, int channel) {
    mean = _mm512_loadu_ps(inputs.mean + channel);
    offset = _mm512_loadu_ps(inputs.offset + channel);
    const __m512 variance =
        _mm512_add_ps(_mm512_loadu_ps(inputs.variance + channel), _mm512_set1_ps(inputs.epsilon));
    slope = _mm512_div_ps(_mm512_loadu_ps(inputs.scale + channel), _mm512_sqrt_ps(variance));
  }

  // The gradient with respect to what ReLU was given.
  __m512 Masked(__m512 gradient, __m512 centred) const {
    const __mmask16 open =
        _mm512_cmp_ps_mask(_mm512_fmadd_ps(slope, centred, offset), _mm512_setzero_ps(), _CMP_GT_OQ);
    return _mm512_maskz_mov_ps(open, gradient);
  }
};

// Adds sum(g) to totals[channel] and sum(g (x - mean)) to totals[channels + channel], of some pixels.
void AddSums(const BatchNormInputs& inputs, int64_t first, int64_t end, float* totals) {
  const int channels = inputs.channels;
  for (int64_t run = first; run < end; run += kRunPixels) {
    const int64_t run_end = std::min(run + kRunPixels, end);
    for (int c = 0; c < channels; c += kVector) {
      const Normalization normalization(inputs, c);
      __m512 sum = _mm512_setzero_ps(), product_sum = sum;
      const uint16_t* x = inputs.x + run * channels + c;
      const uint16_t* gradient = inputs.gradient + run * channels + c;
      for (int64_t pixel = run; pixel < run_end; ++pixel, x += channels, gradient += channels) {
        const __m512 centred = _mm512_sub_ps(LoadBf16(x), normalization.mean);
        const __m512 masked = normalization.Masked(LoadBf16(gradient), centred);
        sum = _mm512_add_ps(sum, masked);
        product_sum = _mm512_fmadd_ps(masked, centred, product_sum);
      }
      _mm512_storeu_ps(totals + c, _mm512_add_ps(_mm512_loadu_ps(totals + c), sum));
      float* products = totals + channels + c;
      _mm512_storeu_ps(products, _mm512_add_ps(_mm512_loadu_ps(products), product_sum));
    }
  }
}

// Writes x' of some pixels; totals as AddSums makes them, of all pixels.
void WriteGradient(const BatchNormInputs& inputs, int64_t first, int64_t end, const float* totals, uint16_t* output) {
  const int channels = inputs.channels;
  const __m512 share = _mm512_set1_ps(1.0f / static_cast<float>(inputs.pixels));
  for (int64_t run = first; run < end; run += kRunPixels) {
    const int64_t run_end = std::min(run + kRunPixels, end);
    for (int c = 0; c < channels; c += kVector) {
      const Normalization normalization(inputs, c);
      const __m512 variance =
          _mm512_add_ps(_mm512_loadu_ps(inputs.variance + c), _mm512_set1_ps(inputs.epsilon));
      const __m512 mean_gradient = _mm512_mul_ps(_mm512_loadu_ps(totals + c), share);
      const __m512 tilt =
          _mm512_div_ps(_mm512_mul_ps(_mm512_loadu_ps(totals + channels + c), share), variance);
      const uint16_t* x = inputs.x + run * channels + c;
      const uint16_t* gradient = inputs.gradient + run * channels + c;
      uint16_t* to = output + run * channels + c;
      for (int64_t pixel = run; pixel < run_end; ++pixel, x += channels, gradient += channels, to += channels) {
        const __m512 centred = _mm512_sub_ps(LoadBf16(x), normalization.mean);
        const __m512 masked = normalization.Masked(LoadBf16(gradient), centred);
        const __m512 rest = _mm512_fnmadd_ps(tilt, centred, _mm512_sub_ps(masked, mean_gradient));
        StoreBf16(to, _mm512_mul_ps(normalization.slope, rest));
      }
    }
  }
}

}  // namespace

void BatchNormReluGrad(const BatchNormInputs& inputs, const BatchNormGradients& gradients) {
  const int channels = inputs.channels;
  const int64_t runs = (inputs.pixels + kRunPixels - 1) / kRunPixels;
  const int parts = static_cast<int>(std::min<int64_t>(runs, kMostParts));
  const auto begin_of = [&](int part) { return std::min(inputs.pixels, runs * part / parts * kRunPixels); };

  static thread_local AlignedBuffer buffer;
  float* const sums = buffer.Reserve<float>(static_cast<size_t>(parts + 1) * 2 * channels);
  float* const totals = sums + static_cast<size_t>(parts) * 2 * channels;
  std::memset(sums, 0, static_cast<size_t>(parts + 1) * 2 * channels * sizeof(float));
  ParallelFor(parts, [&](int part) {
    AddSums(inputs, begin_of(part), begin_of(part + 1), sums + static_cast<size_t>(part) * 2 * channels);
  });
  for (int part = 0; part < parts; ++part) {
    for (int c = 0; c < 2 * channels; ++c) totals[c] += sums[static_cast<size_t>(part) * 2 * channels + c];
  }
  for (int c = 0; c < channels; ++c) {
    gradients.offset[c] = totals[c];
    gradients.scale[c] = totals[channels + c] / std::sqrt(inputs.variance[c] + inputs.epsilon);
  }
  ParallelFor(parts, [&](int part) {
    WriteGradient(inputs, begin_of(part), begin_of(part + 1), totals, gradients.x);
  });
}

}  // namespace espalier

#pragma GCC pop_options
