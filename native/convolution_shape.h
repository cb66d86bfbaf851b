#ifndef ESPALIER_CONVOLUTION_SHAPE_H_
#define ESPALIER_CONVOLUTION_SHAPE_H_

namespace espalier {

// A convolution with a kernel of 3 x 3, stride 1 and zero padding.
struct ConvolutionShape {
  int images;
  int height;
  int width;
  int channels;  // a multiple of 16
  int filters;   // a multiple of 16
};

}  // namespace espalier

#endif  // ESPALIER_CONVOLUTION_SHAPE_H_
