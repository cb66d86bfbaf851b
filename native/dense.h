#ifndef ESPALIER_DENSE_H_
#define ESPALIER_DENSE_H_

#include <cstdint>

namespace espalier {

// A product of few rows with a large kernel, which takes about the time of reading the kernel. The kernel is read as
// it is stored, in float, and rounded to bf16 on the way, so that it need not be copied first. Needs AVX-512 with
// bf16.
struct DenseShape {
  int rows;
  int inputs;  // a multiple of 32
  int units;   // a multiple of 32
};

// output = input * kernel + bias, and max(output, 0) with relu.
//
// input:  bf16 [rows, inputs]
// kernel: float [inputs, units]
// bias:   float [units]
// output: bf16 [rows, units]
//
// Here and below, products are exact and are summed in float. The order of summation depends only on the shape.
void Dense(const DenseShape& shape, const uint16_t* input, const float* kernel, const float* bias, bool relu,
           uint16_t* output);

// input_gradient = gradient * kernel'
//
// gradient: bf16 [rows, units], with respect to the product
// input_gradient: bf16 [rows, inputs]
void DenseBackpropInput(const DenseShape& shape, const float* kernel, const uint16_t* gradient,
                        uint16_t* input_gradient);

// kernel_gradient = input' * gradient, and bias_gradient is the sum of the rows of the gradient.
void DenseBackpropKernel(const DenseShape& shape, const uint16_t* input, const uint16_t* gradient,
                         float* kernel_gradient, float* bias_gradient);

}  // namespace espalier

#endif  // ESPALIER_DENSE_H_
