#ifndef ESPALIER_BATCH_NORM_RELU_GRAD_H_
#define ESPALIER_BATCH_NORM_RELU_GRAD_H_

#include <cstdint>

namespace espalier {

struct BatchNormInputs {
  int64_t pixels;
  int channels;              // a multiple of 16
  const uint16_t* gradient;  // bf16 [pixels, channels], with respect to what ReLU gave
  const uint16_t* x;         // bf16 [pixels, channels], what was normalised
  const float* scale;        // [channels], as are the others
  const float* offset;
  const float* mean;      // of the batch
  const float* variance;  // of the batch, without Bessel's correction
  float epsilon;
};

struct BatchNormGradients {
  uint16_t* x;  // bf16 [pixels, channels]
  float* scale;
  float* offset;
};

// The gradients of ReLU(batch normalisation) in training, in one go: TensorFlow's two operations write the
// gradient between both to memory and read it again twice. Needs AVX-512 with bf16. The order of adding depends on
// the sizes alone.
void BatchNormReluGrad(const BatchNormInputs& inputs, const BatchNormGradients& gradients);

}  // namespace espalier

#endif  // ESPALIER_BATCH_NORM_RELU_GRAD_H_
