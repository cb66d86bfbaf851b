#ifndef ESPALIER_WINOGRAD_CONV2D_H_
#define ESPALIER_WINOGRAD_CONV2D_H_

#include <cstdint>

#include "convolution_shape.h"

namespace espalier {

// A convolution by Winograd's minimal filtering, with 4 multiplications in place of 9. Needs AVX-512 with bf16.
//
// input:  bf16 [images, height, width, channels]
// kernel: float [3, 3, channels, filters]
// bias:   float [filters], added to the result
// relu:   whether max(result, 0) is taken
// output: bf16 [images, height, width, filters]
//
// Inputs and kernel are transformed in float and rounded to bf16 before they are multiplied. The error is about twice
// that of a convolution with a rounded kernel. Equal inputs give equal bytes with any number of threads.
void WinogradConv2D(const ConvolutionShape& shape, const uint16_t* input, const float* kernel, const float* bias,
                    bool relu, uint16_t* output);

// The gradient of a convolution with respect to its input, in the same way.
//
// gradient: bf16 [images, height, width, filters], with respect to the result of the convolution
// input_gradient: bf16 [images, height, width, channels]
void WinogradConv2DBackpropInput(const ConvolutionShape& shape, const float* kernel, const uint16_t* gradient,
                                 uint16_t* input_gradient);

}  // namespace espalier

#endif  // ESPALIER_WINOGRAD_CONV2D_H_
