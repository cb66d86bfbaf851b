#ifndef ESPALIER_BATCH_NORM_H_
#define ESPALIER_BATCH_NORM_H_

#include <cstdint>

namespace espalier {

// Batch normalization (Ioffe and Szegedy, 2015) of bf16 data [pixels, channels], with an optional ReLU after it. The
// ReLU takes no extra time, neither here nor in the gradient. Needs AVX-512 with bf16. The order of summation depends
// only on the shape.

struct BatchShape {
  int64_t pixels;
  int channels;  // a multiple of 16
};

// The parameters of each channel: floats [channels].
struct BatchNormParameters {
  const float* scale;
  const float* offset;
  const float* mean;
  const float* variance;
  float epsilon;
  bool relu;
};

// Mean and variance (without Bessel's correction) of each channel of x.
void BatchStatistics(const BatchShape& shape, const uint16_t* x, float* mean, float* variance);

// y = (x - mean) / sqrt(variance + epsilon) * scale + offset, and max(y, 0) with relu.
void BatchNorm(const BatchShape& shape, const BatchNormParameters& parameters, const uint16_t* x, uint16_t* y);

struct BatchNormGradients {
  uint16_t* x;  // bf16 [pixels, channels]
  float* scale;
  float* offset;
};

// The gradients with respect to x, scale and offset from the gradient with respect to y. Mean and variance are those
// of x.
void BatchNormGrad(const BatchShape& shape, const BatchNormParameters& parameters, const uint16_t* gradient,
                   const uint16_t* x, const BatchNormGradients& gradients);

}  // namespace espalier

#endif  // ESPALIER_BATCH_NORM_H_
