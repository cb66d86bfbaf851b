// Let xhat = (x - mean) / sqrt(variance + epsilon) and y = scale xhat + offset over n pixels, and let g be the
// gradient where y > 0 and 0 elsewhere (without ReLU: the gradient everywhere). Then
//
//   offset' = sum(g)
//   scale'  = sum(g xhat)
//   x'      = scale / sqrt(variance + epsilon) * (g - offset' / n - xhat scale' / n)

#include "batch_norm.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "aligned_buffer.h"
#include "bf16_vectors.h"
#include "worker_pool.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512bf16")

namespace espalier {
namespace {

// Pixels that are processed for one vector of channels before the next vector, so that they stay in the cache. Their
// sums are added to the totals afterwards, which keeps long sums accurate.
constexpr int64_t kRunPixels = 256;
constexpr int kMaxParts = 64;

inline void Accumulate(float* total, __m512 value) {
  _mm512_storeu_ps(total, _mm512_add_ps(_mm512_loadu_ps(total), value));
}

// The runs of pixels, distributed to parts that threads process.
class Parts {
 public:
  explicit Parts(int64_t pixels)
      : pixels_(pixels),
        runs_((pixels + kRunPixels - 1) / kRunPixels),
        count_(static_cast<int>(std::min<int64_t>(runs_, kMaxParts))) {}

  int count() const { return count_; }

  // Calls task(part, first pixel, end) for every run.
  template <typename Task>
  void ForEachRun(const Task& task) const {
    ParallelFor(count_, [&](int part) {
      for (int64_t run = runs_ * part / count_; run < runs_ * (part + 1) / count_; ++run) {
        task(part, run * kRunPixels, std::min((run + 1) * kRunPixels, pixels_));
      }
    });
  }

 private:
  const int64_t pixels_, runs_;
  const int count_;
};

// The parameters of one vector of channels.
struct Normalization {
  __m512 mean, variance, slope, offset;
  __mmask16 always_open;

  Normalization(const BatchNormParameters& parameters, int channel) {
    mean = _mm512_loadu_ps(parameters.mean + channel);
    offset = _mm512_loadu_ps(parameters.offset + channel);
    variance = _mm512_add_ps(_mm512_loadu_ps(parameters.variance + channel), _mm512_set1_ps(parameters.epsilon));
    slope = _mm512_div_ps(_mm512_loadu_ps(parameters.scale + channel), _mm512_sqrt_ps(variance));
    always_open = parameters.relu ? 0 : 0xffff;
  }

  __m512 Normalized(__m512 centered) const { return _mm512_fmadd_ps(slope, centered, offset); }

  // The gradient with respect to the input of the ReLU.
  __m512 Masked(__m512 gradient, __m512 centered) const {
    const __mmask16 open = _mm512_cmp_ps_mask(Normalized(centered), _mm512_setzero_ps(), _CMP_GT_OQ);
    return _mm512_maskz_mov_ps(static_cast<__mmask16>(open | always_open), gradient);
  }
};

// The number of pixels so far, and for each channel their mean and their sum of squared differences from the mean.
struct Moments {
  double count = 0;
  float* mean;
  float* squares;

  // Merges the moments of other pixels (Chan, Golub and LeVeque, 1983).
  void Add(double others, int channel, __m512 other_mean, __m512 other_squares) {
    const double all = count + others;
    const __m512 before = _mm512_loadu_ps(mean + channel);
    const __m512 distance = _mm512_sub_ps(other_mean, before);
    const __m512 share = _mm512_set1_ps(static_cast<float>(others / all));
    const __m512 weight = _mm512_set1_ps(static_cast<float>(count * others / all));
    _mm512_storeu_ps(mean + channel, _mm512_fmadd_ps(distance, share, before));
    const __m512 between = _mm512_mul_ps(_mm512_mul_ps(distance, distance), weight);
    Accumulate(squares + channel, _mm512_add_ps(other_squares, between));
  }
};

void AddRun(const BatchShape& shape, const uint16_t* x, int64_t first, int64_t end, Moments* moments) {
  const int channels = shape.channels;
  const __m512 share = _mm512_set1_ps(1.0f / static_cast<float>(end - first));
  for (int c = 0; c < channels; c += kVector) {
    const uint16_t* const begin = x + first * channels + c;
    __m512 sum = _mm512_setzero_ps(), squares = sum;
    const uint16_t* pixel = begin;
    for (int64_t i = first; i < end; ++i, pixel += channels) sum = _mm512_add_ps(sum, LoadBf16(pixel));
    const __m512 mean = _mm512_mul_ps(sum, share);
    pixel = begin;
    for (int64_t i = first; i < end; ++i, pixel += channels) {
      const __m512 distance = _mm512_sub_ps(LoadBf16(pixel), mean);
      squares = _mm512_fmadd_ps(distance, distance, squares);
    }
    moments->Add(static_cast<double>(end - first), c, mean, squares);
  }
  moments->count += static_cast<double>(end - first);
}

// Adds sum(g) over some pixels to totals[channel], and sum(g (x - mean)) to totals[channels + channel].
void AddGradientSums(const BatchShape& shape, const BatchNormParameters& parameters, const uint16_t* gradient,
                     const uint16_t* x, int64_t first, int64_t end, float* totals) {
  const int channels = shape.channels;
  for (int c = 0; c < channels; c += kVector) {
    const Normalization normalization(parameters, c);
    __m512 sum = _mm512_setzero_ps(), product_sum = sum;
    const uint16_t* from = x + first * channels + c;
    const uint16_t* slope = gradient + first * channels + c;
    for (int64_t i = first; i < end; ++i, from += channels, slope += channels) {
      const __m512 centered = _mm512_sub_ps(LoadBf16(from), normalization.mean);
      const __m512 masked = normalization.Masked(LoadBf16(slope), centered);
      sum = _mm512_add_ps(sum, masked);
      product_sum = _mm512_fmadd_ps(masked, centered, product_sum);
    }
    Accumulate(totals + c, sum);
    Accumulate(totals + channels + c, product_sum);
  }
}

// Writes x' of some pixels. The totals are those of all pixels.
void WriteGradient(const BatchShape& shape, const BatchNormParameters& parameters, const uint16_t* gradient,
                   const uint16_t* x, int64_t first, int64_t end, const float* totals, uint16_t* output) {
  const int channels = shape.channels;
  const __m512 share = _mm512_set1_ps(1.0f / static_cast<float>(shape.pixels));
  for (int c = 0; c < channels; c += kVector) {
    const Normalization normalization(parameters, c);
    const __m512 mean_gradient = _mm512_mul_ps(_mm512_loadu_ps(totals + c), share);
    const __m512 mean_product = _mm512_mul_ps(_mm512_loadu_ps(totals + channels + c), share);
    const __m512 tilt = _mm512_div_ps(mean_product, normalization.variance);
    const uint16_t* from = x + first * channels + c;
    const uint16_t* slope = gradient + first * channels + c;
    uint16_t* to = output + first * channels + c;
    for (int64_t i = first; i < end; ++i, from += channels, slope += channels, to += channels) {
      const __m512 centered = _mm512_sub_ps(LoadBf16(from), normalization.mean);
      const __m512 masked = normalization.Masked(LoadBf16(slope), centered);
      const __m512 rest = _mm512_fnmadd_ps(tilt, centered, _mm512_sub_ps(masked, mean_gradient));
      StoreBf16(to, _mm512_mul_ps(normalization.slope, rest));
    }
  }
}

}  // namespace

void BatchStatistics(const BatchShape& shape, const uint16_t* x, float* mean, float* variance) {
  const int channels = shape.channels;
  const Parts parts(shape.pixels);
  const size_t size = static_cast<size_t>(parts.count()) * 2 * channels;
  static thread_local AlignedBuffer buffer;
  float* const sums = buffer.Reserve<float>(size);
  std::memset(sums, 0, size * sizeof(float));
  Moments moments[kMaxParts];
  for (int part = 0; part < parts.count(); ++part) {
    moments[part].mean = sums + static_cast<size_t>(part) * 2 * channels;
    moments[part].squares = moments[part].mean + channels;
  }
  parts.ForEachRun([&](int part, int64_t first, int64_t end) { AddRun(shape, x, first, end, &moments[part]); });

  Moments all;
  all.mean = mean;
  all.squares = variance;
  std::memset(mean, 0, channels * sizeof(float));
  std::memset(variance, 0, channels * sizeof(float));
  for (int part = 0; part < parts.count(); ++part) {
    for (int c = 0; c < channels; c += kVector) {
      all.Add(moments[part].count, c, _mm512_loadu_ps(moments[part].mean + c),
              _mm512_loadu_ps(moments[part].squares + c));
    }
    all.count += moments[part].count;
  }
  for (int c = 0; c < channels; ++c) variance[c] /= static_cast<float>(std::max(all.count, 1.0));
}

void BatchNorm(const BatchShape& shape, const BatchNormParameters& parameters, const uint16_t* x, uint16_t* y) {
  const int channels = shape.channels;
  const __m512 least = _mm512_set1_ps(parameters.relu ? 0.0f : -INFINITY);
  Parts(shape.pixels).ForEachRun([&](int, int64_t first, int64_t end) {
    for (int c = 0; c < channels; c += kVector) {
      const Normalization normalization(parameters, c);
      const uint16_t* from = x + first * channels + c;
      uint16_t* to = y + first * channels + c;
      for (int64_t i = first; i < end; ++i, from += channels, to += channels) {
        const __m512 centered = _mm512_sub_ps(LoadBf16(from), normalization.mean);
        // With the operands in this order, NaN stays NaN.
        StoreBf16(to, _mm512_max_ps(least, normalization.Normalized(centered)));
      }
    }
  });
}

void BatchNormGrad(const BatchShape& shape, const BatchNormParameters& parameters, const uint16_t* gradient,
                   const uint16_t* x, const BatchNormGradients& gradients) {
  const int channels = shape.channels;
  const Parts parts(shape.pixels);
  const size_t size = static_cast<size_t>(2) * channels;
  static thread_local AlignedBuffer buffer;
  float* const sums = buffer.Reserve<float>((parts.count() + 1) * size);
  float* const totals = sums + parts.count() * size;
  std::memset(sums, 0, (parts.count() + 1) * size * sizeof(float));
  parts.ForEachRun([&](int part, int64_t first, int64_t end) {
    AddGradientSums(shape, parameters, gradient, x, first, end, sums + part * size);
  });
  for (int part = 0; part < parts.count(); ++part) {
    for (size_t c = 0; c < size; ++c) totals[c] += sums[part * size + c];
  }
  for (int c = 0; c < channels; ++c) {
    gradients.offset[c] = totals[c];
    gradients.scale[c] = totals[channels + c] / std::sqrt(parameters.variance[c] + parameters.epsilon);
  }
  parts.ForEachRun([&](int, int64_t first, int64_t end) {
    WriteGradient(shape, parameters, gradient, x, first, end, totals, gradients.x);
  });
}

}  // namespace espalier

#pragma GCC pop_options
