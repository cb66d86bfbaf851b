#include "projective_transform.h"

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "worker_pool.h"

namespace espalier {
namespace {

float Clamp(float place, int size) { return std::min(std::max(place, 0.0f), static_cast<float>(size - 1)); }

// Maps a position to one within [0, size - 1] by the fill mode.
template <FillMode kMode>
float Inside(float place, int size) {
  const float last = static_cast<float>(size - 1);
  if (kMode == FillMode::kConstant || (place >= 0 && place <= last)) return place;
  if (kMode == FillMode::kNearest || size == 1) return Clamp(place, size);
  if (kMode == FillMode::kWrap) {
    const int64_t turns = static_cast<int64_t>(std::fabs(place) / last);
    return Clamp(place < 0 ? place + size * (turns + 1) : place - size * turns, size);
  }
  // Mirrored with the edge pixel repeated: dcba|abcd|dcba, with a period of two sizes.
  const int64_t period = 2 * static_cast<int64_t>(size);
  if (place < 0) {
    const float near = static_cast<float>(period * static_cast<int64_t>(-place / period)) + place;
    return Clamp(near < -size ? near + period : -near - 1, size);
  }
  const float near = place - static_cast<float>(period * static_cast<int64_t>(place / period));
  return Clamp(near >= size ? period - near - 1 : near, size);
}

// Loads the three channels of a pixel and the byte after them.
__m128 LoadColors(const uint8_t* pixel) {
  int bytes;
  std::memcpy(&bytes, pixel, sizeof(bytes));
  const __m128i zero = _mm_setzero_si128();
  const __m128i words = _mm_unpacklo_epi8(_mm_cvtsi32_si128(bytes), zero);
  return _mm_cvtepi32_ps(_mm_unpacklo_epi16(words, zero));
}

// kChannels is 3, which fit in one register, or 0 for any number.
template <FillMode kMode, int kChannels>
void TransformRow(const ImageShape& shape, const uint8_t* image, const float* transform, int row, float* output) {
  const int channels = kChannels > 0 ? kChannels : shape.channels;
  const ptrdiff_t row_bytes = static_cast<ptrdiff_t>(shape.width) * channels;
  const float y_row = static_cast<float>(row);
  for (int column = 0; column < shape.width; ++column, output += channels) {
    const float x_column = static_cast<float>(column);
    const float x = Inside<kMode>(transform[0] * x_column + transform[1] * y_row + transform[2], shape.width);
    const float y = Inside<kMode>(transform[3] * x_column + transform[4] * y_row + transform[5], shape.height);
    if (!(x > -1 && x < shape.width && y > -1 && y < shape.height)) {
      std::fill(output, output + channels, 0.0f);
      continue;
    }
    const int left = x < 0 ? -1 : static_cast<int>(x), upper = y < 0 ? -1 : static_cast<int>(y);
    // A neighbor outside of the image is black: its weight is 0, and the pixel at the edge is read in its place.
    const float left_weight = left >= 0 ? left + 1 - x : 0;
    const float right_weight = left + 1 < shape.width ? x - left : 0;
    const float upper_weight = upper >= 0 ? upper + 1 - y : 0;
    const float lower_weight = upper + 1 < shape.height ? y - upper : 0;
    const ptrdiff_t right = left >= 0 && left + 1 < shape.width ? channels : 0;
    const ptrdiff_t lower = upper >= 0 && upper + 1 < shape.height ? row_bytes : 0;
    const uint8_t* pixel = image + std::max(upper, 0) * row_bytes + std::max(left, 0) * channels;
    if (kChannels == 3 && column + 1 < shape.width && pixel + lower + right + 4 <= image + row_bytes * shape.height) {
      const __m128 left_weights = _mm_set1_ps(left_weight), right_weights = _mm_set1_ps(right_weight);
      const __m128 above = _mm_add_ps(_mm_mul_ps(left_weights, LoadColors(pixel)),
                                      _mm_mul_ps(right_weights, LoadColors(pixel + right)));
      const __m128 below = _mm_add_ps(_mm_mul_ps(left_weights, LoadColors(pixel + lower)),
                                      _mm_mul_ps(right_weights, LoadColors(pixel + lower + right)));
      // The fourth number is written to the place of the next pixel.
      _mm_storeu_ps(output, _mm_add_ps(_mm_mul_ps(_mm_set1_ps(upper_weight), above),
                                       _mm_mul_ps(_mm_set1_ps(lower_weight), below)));
      continue;
    }
    for (int c = 0; c < channels; ++c, ++pixel) {
      const float above = left_weight * pixel[0] + right_weight * pixel[right];
      const float below = left_weight * pixel[lower] + right_weight * pixel[lower + right];
      output[c] = upper_weight * above + lower_weight * below;
    }
  }
}

template <FillMode kMode>
void Transform(const ImageShape& shape, const uint8_t* images, const float* transforms, float* output) {
  const size_t row_size = static_cast<size_t>(shape.width) * shape.channels;
  const size_t image_size = row_size * shape.height;
  const auto transform_row = shape.channels == 3 ? &TransformRow<kMode, 3> : &TransformRow<kMode, 0>;
  ParallelFor(shape.images, [&](int image) {
    for (int row = 0; row < shape.height; ++row) {
      transform_row(shape, images + image * image_size, transforms + image * 8, row,
                    output + image * image_size + row * row_size);
    }
  });
}

}  // namespace

void ProjectiveTransform(const ImageShape& shape, const uint8_t* images, const float* transforms,
                         FillMode fill_mode, float* output) {
  switch (fill_mode) {
    case FillMode::kConstant: return Transform<FillMode::kConstant>(shape, images, transforms, output);
    case FillMode::kReflect: return Transform<FillMode::kReflect>(shape, images, transforms, output);
    case FillMode::kWrap: return Transform<FillMode::kWrap>(shape, images, transforms, output);
    case FillMode::kNearest: return Transform<FillMode::kNearest>(shape, images, transforms, output);
  }
}

}  // namespace espalier
