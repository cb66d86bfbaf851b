#ifndef ESPALIER_CONV2D_BACKPROP_FILTER_H_
#define ESPALIER_CONV2D_BACKPROP_FILTER_H_

#include <cstdint>

#include "convolution_shape.h"

namespace espalier {

// The gradients of a convolution with respect to its kernel and bias: 3 x 3, stride 1, zero padding. Needs AVX-512
// with bf16.
//
// input:    bf16 [images, height, width, channels]
// gradient: bf16 [images, height, width, filters], with respect to the result of the convolution
// kernel_gradient: float [3, 3, channels, filters]
// bias_gradient:   float [filters]
//
// Products are exact and are summed in float. The order of summation depends only on the shape, so equal inputs give
// equal bytes with any number of threads.
void Conv2DBackpropFilter(const ConvolutionShape& shape, const uint16_t* input, const uint16_t* gradient,
                          float* kernel_gradient, float* bias_gradient);

}  // namespace espalier

#endif  // ESPALIER_CONV2D_BACKPROP_FILTER_H_
