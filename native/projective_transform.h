#ifndef ESPALIER_PROJECTIVE_TRANSFORM_H_
#define ESPALIER_PROJECTIVE_TRANSFORM_H_

#include <cstdint>

namespace espalier {

// The pixels outside of an image, as in TensorFlow's ImageProjectiveTransformV3.
enum class FillMode { kConstant, kReflect, kWrap, kNearest };

struct ImageShape {
  int images;
  int height;
  int width;
  int channels;
};

// Pixel (x, y) of an output image is interpolated (bilinear) at (a0 x + a1 y + a2, b0 x + b1 y + b2) of its input.
// With kConstant the pixels outside of the image are black. The results are equal to those of TensorFlow's op to the
// bit; that op computes each position once per channel.
//
// images:     [images, height, width, channels]
// transforms: [images, 8]: a0, a1, a2, b0, b1, b2; the others are taken as 0
// output:     in the shape of the images, values from 0 to 255
void ProjectiveTransform(const ImageShape& shape, const uint8_t* images, const float* transforms,
                         FillMode fill_mode, float* output);

}  // namespace espalier

#endif  // ESPALIER_PROJECTIVE_TRANSFORM_H_
