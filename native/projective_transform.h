#ifndef ESPALIER_PROJECTIVE_TRANSFORM_H_
#define ESPALIER_PROJECTIVE_TRANSFORM_H_

#include <cstdint>

namespace espalier {

// What lies beyond the edge of a picture, as TensorFlow's ImageProjectiveTransformV3 has it.
enum class FillMode { kConstant, kReflect, kWrap, kNearest };

struct PictureShape {
  int pictures;
  int height;
  int width;
  int channels;
};

// Pixel (x, y) of an output picture is taken from (a0 x + a1 y + a2, b0 x + b1 y + b2) of its input, between
// the pixels around it (bilinear); black lies beyond the edge with kConstant. Gives to the bit what TensorFlow's
// operation gives, which works out every place anew for each channel.
//
// images:     [pictures, height, width, channels]
// transforms: [pictures, 8]: a0, a1, a2, b0, b1, b2; the others are taken as 0
// output:     of the images' shape, values from 0 to 255
void ProjectiveTransform(const PictureShape& shape, const uint8_t* images, const float* transforms,
                         FillMode fill_mode, float* output);

}  // namespace espalier

#endif  // ESPALIER_PROJECTIVE_TRANSFORM_H_
