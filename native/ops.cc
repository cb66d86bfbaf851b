// Registers the custom ops with TensorFlow: their definitions, and kernels that check their inputs and pass them on.
// Node loads this file as an addon, after the addon that loads TensorFlow.

#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <mutex>
#include <new>
#include <string>

#include "batch_norm.h"
#include "conv2d_backprop_filter.h"
#include "dense.h"
#include "kernels_c_api.h"
#include "projective_transform.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"
#include "winograd_conv2d.h"

namespace espalier {
namespace {

constexpr int kVector = 16;

// An exception of a kernel. Its code and message become the error of the op.
struct Failure {
  TF_Code code;
  std::string message;
};

// One call of a kernel: its tensors, which are released at the end, and its errors.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  ~Call() {
    for (int i = 0; i < count_; ++i) TF_DeleteTensor(tensors_[i]);
    TF_DeleteStatus(status_);
  }

  TF_Tensor* Input(int index, TF_DataType type, int rank) {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, index, &tensor, status_);
    Keep(tensor);
    Require(TF_TensorType(tensor) == type && TF_NumDims(tensor) == rank, "an input of another type or rank");
    return tensor;
  }

  const float* Vector(int index, int64_t size) {
    TF_Tensor* tensor = Input(index, TF_FLOAT, 1);
    Require(TF_Dim(tensor, 0) == size, "a vector of another size");
    return static_cast<const float*>(TF_TensorData(tensor));
  }

  template <typename T>
  T* Output(int index, TF_DataType type, std::initializer_list<int64_t> sizes) {
    size_t bytes = sizeof(T);
    for (const int64_t size : sizes) bytes *= static_cast<size_t>(size);
    TF_Tensor* tensor = TF_AllocateOutput(context_, index, type, sizes.begin(), static_cast<int>(sizes.size()),
                                          bytes, status_);
    Keep(tensor);
    return static_cast<T*>(TF_TensorData(tensor));
  }

  void Require(bool holds, const char* received) const {
    if (!holds) throw Failure{TF_INVALID_ARGUMENT, std::string("Espalier's operation received ") + received};
  }

  void Fail(TF_Code code, const char* message) {
    TF_SetStatus(status_, code, message);
    TF_OpKernelContext_Failure(context_, status_);
  }

 private:
  void Keep(TF_Tensor* tensor) {
    if (TF_GetCode(status_) != TF_OK) throw Failure{TF_GetCode(status_), TF_Message(status_)};
    tensors_[count_++] = tensor;
  }

  TF_OpKernelContext* const context_;
  TF_Status* const status_;
  TF_Tensor* tensors_[16];
  int count_ = 0;
};

template <void (*kBody)(void*, Call&)>
void Compute(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  try {
    kBody(kernel, call);
  } catch (const Failure& failure) {
    call.Fail(failure.code, failure.message.c_str());
  } catch (const std::bad_alloc&) {
    call.Fail(TF_RESOURCE_EXHAUSTED, "out of memory in an operation of Espalier's");
  }
}

int Size(const TF_Tensor* tensor, int axis) { return static_cast<int>(TF_Dim(tensor, axis)); }

const uint16_t* Bf16(const TF_Tensor* tensor) { return static_cast<const uint16_t*>(TF_TensorData(tensor)); }

const float* Floats(const TF_Tensor* tensor) { return static_cast<const float*>(TF_TensorData(tensor)); }

void RequireSameShape(const Call& call, const TF_Tensor* a, const TF_Tensor* b, int axes) {
  for (int axis = 0; axis < axes; ++axis) call.Require(TF_Dim(a, axis) == TF_Dim(b, axis), "shapes that differ");
}

// The shape of a convolution over images [n, h, w, _] with a kernel [3, 3, c, f].
ConvolutionShape ShapeOf(const Call& call, const TF_Tensor* images, int64_t channels, int64_t filters) {
  call.Require(channels % kVector == 0 && filters % kVector == 0, "channels that 16 does not divide");
  return ConvolutionShape{Size(images, 0), Size(images, 1), Size(images, 2), static_cast<int>(channels),
                          static_cast<int>(filters)};
}

const TF_Tensor* Kernel(Call& call, int index) {
  const TF_Tensor* kernel = call.Input(index, TF_FLOAT, 4);
  call.Require(TF_Dim(kernel, 0) == 3 && TF_Dim(kernel, 1) == 3, "a kernel of another size than 3 x 3");
  return kernel;
}

void RunConv2D(void* relu, Call& call) {
  const TF_Tensor* input = call.Input(0, TF_BFLOAT16, 4);
  const TF_Tensor* kernel = Kernel(call, 1);
  const ConvolutionShape shape = ShapeOf(call, input, TF_Dim(kernel, 2), TF_Dim(kernel, 3));
  call.Require(TF_Dim(input, 3) == shape.channels, "a kernel for other channels");
  const float* bias = call.Vector(2, shape.filters);
  uint16_t* output =
      call.Output<uint16_t>(0, TF_BFLOAT16, {shape.images, shape.height, shape.width, shape.filters});
  WinogradConv2D(shape, Bf16(input), Floats(kernel), bias, *static_cast<const bool*>(relu), output);
}

void RunConv2DBackpropInput(void*, Call& call) {
  const TF_Tensor* kernel = Kernel(call, 0);
  const TF_Tensor* gradient = call.Input(1, TF_BFLOAT16, 4);
  const ConvolutionShape shape = ShapeOf(call, gradient, TF_Dim(kernel, 2), TF_Dim(kernel, 3));
  call.Require(TF_Dim(gradient, 3) == shape.filters, "a kernel for other channels");
  uint16_t* input_gradient =
      call.Output<uint16_t>(0, TF_BFLOAT16, {shape.images, shape.height, shape.width, shape.channels});
  WinogradConv2DBackpropInput(shape, Floats(kernel), Bf16(gradient), input_gradient);
}

void RunConv2DBackpropFilter(void*, Call& call) {
  const TF_Tensor* input = call.Input(0, TF_BFLOAT16, 4);
  const TF_Tensor* gradient = call.Input(1, TF_BFLOAT16, 4);
  RequireSameShape(call, input, gradient, 3);
  const ConvolutionShape shape = ShapeOf(call, input, TF_Dim(input, 3), TF_Dim(gradient, 3));
  float* kernel_gradient = call.Output<float>(0, TF_FLOAT, {3, 3, shape.channels, shape.filters});
  float* bias_gradient = call.Output<float>(1, TF_FLOAT, {shape.filters});
  Conv2DBackpropFilter(shape, Bf16(input), Bf16(gradient), kernel_gradient, bias_gradient);
}

// The shape of a product of `rows` rows with a kernel [inputs, units].
DenseShape ShapeOf(const Call& call, int rows, int64_t inputs, int64_t units) {
  call.Require(inputs % (2 * kVector) == 0 && units % (2 * kVector) == 0, "sizes that 32 does not divide");
  return DenseShape{rows, static_cast<int>(inputs), static_cast<int>(units)};
}

void RunDense(void* relu, Call& call) {
  const TF_Tensor* input = call.Input(0, TF_BFLOAT16, 2);
  const TF_Tensor* kernel = call.Input(1, TF_FLOAT, 2);
  const DenseShape shape = ShapeOf(call, Size(input, 0), TF_Dim(kernel, 0), TF_Dim(kernel, 1));
  call.Require(TF_Dim(input, 1) == shape.inputs, "a kernel for another number of inputs");
  const float* bias = call.Vector(2, shape.units);
  uint16_t* output = call.Output<uint16_t>(0, TF_BFLOAT16, {shape.rows, shape.units});
  Dense(shape, Bf16(input), Floats(kernel), bias, *static_cast<const bool*>(relu), output);
}

void RunDenseBackpropInput(void*, Call& call) {
  const TF_Tensor* kernel = call.Input(0, TF_FLOAT, 2);
  const TF_Tensor* gradient = call.Input(1, TF_BFLOAT16, 2);
  const DenseShape shape = ShapeOf(call, Size(gradient, 0), TF_Dim(kernel, 0), TF_Dim(kernel, 1));
  call.Require(TF_Dim(gradient, 1) == shape.units, "a kernel for another number of units");
  uint16_t* input_gradient = call.Output<uint16_t>(0, TF_BFLOAT16, {shape.rows, shape.inputs});
  DenseBackpropInput(shape, Floats(kernel), Bf16(gradient), input_gradient);
}

void RunDenseBackpropKernel(void*, Call& call) {
  const TF_Tensor* input = call.Input(0, TF_BFLOAT16, 2);
  const TF_Tensor* gradient = call.Input(1, TF_BFLOAT16, 2);
  RequireSameShape(call, input, gradient, 1);
  const DenseShape shape = ShapeOf(call, Size(input, 0), TF_Dim(input, 1), TF_Dim(gradient, 1));
  float* kernel_gradient = call.Output<float>(0, TF_FLOAT, {shape.inputs, shape.units});
  float* bias_gradient = call.Output<float>(1, TF_FLOAT, {shape.units});
  DenseBackpropKernel(shape, Bf16(input), Bf16(gradient), kernel_gradient, bias_gradient);
}

// The attributes of the ops for batch normalization. Each op uses some of them.
struct BatchNormAttributes {
  float epsilon = 0;
  float average_factor = 0;
  bool relu = false;
};

BatchShape ShapeOf(const Call& call, const TF_Tensor* x) {
  const int64_t channels = TF_Dim(x, 3);
  call.Require(channels % kVector == 0, "channels that 16 does not divide");
  return BatchShape{TF_Dim(x, 0) * TF_Dim(x, 1) * TF_Dim(x, 2), static_cast<int>(channels)};
}

// The parameters in four consecutive inputs, the first of them at `first`.
BatchNormParameters ParametersOf(Call& call, int first, int64_t channels, const void* kernel) {
  const BatchNormAttributes& attributes = *static_cast<const BatchNormAttributes*>(kernel);
  BatchNormParameters parameters;
  parameters.scale = call.Vector(first, channels);
  parameters.offset = call.Vector(first + 1, channels);
  parameters.mean = call.Vector(first + 2, channels);
  parameters.variance = call.Vector(first + 3, channels);
  parameters.epsilon = attributes.epsilon;
  parameters.relu = attributes.relu;
  return parameters;
}

void RunBatchStatistics(void* kernel, Call& call) {
  const float factor = static_cast<const BatchNormAttributes*>(kernel)->average_factor;
  const TF_Tensor* x = call.Input(0, TF_BFLOAT16, 4);
  const BatchShape shape = ShapeOf(call, x);
  const float* moving_mean = call.Vector(1, shape.channels);
  const float* moving_variance = call.Vector(2, shape.channels);
  float* mean = call.Output<float>(0, TF_FLOAT, {shape.channels});
  float* variance = call.Output<float>(1, TF_FLOAT, {shape.channels});
  float* moved_mean = call.Output<float>(2, TF_FLOAT, {shape.channels});
  float* moved_variance = call.Output<float>(3, TF_FLOAT, {shape.channels});
  BatchStatistics(shape, Bf16(x), mean, variance);
  const float pixels = static_cast<float>(shape.pixels);
  const float bessel = pixels > 1 ? pixels / (pixels - 1) : 1;
  for (int c = 0; c < shape.channels; ++c) {
    moved_mean[c] = moving_mean[c] + factor * (mean[c] - moving_mean[c]);
    moved_variance[c] = moving_variance[c] + factor * (bessel * variance[c] - moving_variance[c]);
  }
}

void RunBatchNorm(void* kernel, Call& call) {
  const TF_Tensor* x = call.Input(0, TF_BFLOAT16, 4);
  const BatchShape shape = ShapeOf(call, x);
  const BatchNormParameters parameters = ParametersOf(call, 1, shape.channels, kernel);
  uint16_t* y = call.Output<uint16_t>(0, TF_BFLOAT16, {TF_Dim(x, 0), TF_Dim(x, 1), TF_Dim(x, 2), shape.channels});
  BatchNorm(shape, parameters, Bf16(x), y);
}

void RunBatchNormGrad(void* kernel, Call& call) {
  const TF_Tensor* gradient = call.Input(0, TF_BFLOAT16, 4);
  const TF_Tensor* x = call.Input(1, TF_BFLOAT16, 4);
  RequireSameShape(call, gradient, x, 4);
  const BatchShape shape = ShapeOf(call, x);
  const BatchNormParameters parameters = ParametersOf(call, 2, shape.channels, kernel);
  BatchNormGradients gradients;
  gradients.x =
      call.Output<uint16_t>(0, TF_BFLOAT16, {TF_Dim(x, 0), TF_Dim(x, 1), TF_Dim(x, 2), shape.channels});
  gradients.scale = call.Output<float>(1, TF_FLOAT, {shape.channels});
  gradients.offset = call.Output<float>(2, TF_FLOAT, {shape.channels});
  BatchNormGrad(shape, parameters, Bf16(gradient), Bf16(x), gradients);
}

void RunProjectiveTransform(void* kernel, Call& call) {
  const TF_Tensor* images = call.Input(0, TF_UINT8, 4);
  const TF_Tensor* transforms = call.Input(1, TF_FLOAT, 2);
  call.Require(TF_Dim(transforms, 0) == TF_Dim(images, 0) && TF_Dim(transforms, 1) == 8,
               "transforms of another shape than [images, 8]");
  const ImageShape shape{Size(images, 0), Size(images, 1), Size(images, 2), Size(images, 3)};
  float* output = call.Output<float>(0, TF_FLOAT, {shape.images, shape.height, shape.width, shape.channels});
  ProjectiveTransform(shape, static_cast<const uint8_t*>(TF_TensorData(images)),
                      static_cast<const float*>(TF_TensorData(transforms)), *static_cast<const FillMode*>(kernel),
                      output);
}

// The functions below read the attributes of a node once, when TensorFlow prepares the graph.

// Creates attributes and fills them with kRead.
template <typename Attributes, void (*kRead)(TF_OpKernelConstruction*, Attributes*, TF_Status*)>
void* Read(TF_OpKernelConstruction* construction) {
  TF_Status* status = TF_NewStatus();
  auto* attributes = new Attributes();
  kRead(construction, attributes, status);
  if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
  TF_DeleteStatus(status);
  return attributes;
}

template <typename Attributes>
void Delete(void* attributes) {
  delete static_cast<Attributes*>(attributes);
}

void ReadRelu(TF_OpKernelConstruction* construction, bool* relu, TF_Status* status) {
  unsigned char value = 0;
  TF_OpKernelConstruction_GetAttrBool(construction, "relu", &value, status);
  *relu = value != 0;
}

void ReadStatistics(TF_OpKernelConstruction* construction, BatchNormAttributes* attributes, TF_Status* status) {
  TF_OpKernelConstruction_GetAttrFloat(construction, "average_factor", &attributes->average_factor, status);
}

void ReadNormalization(TF_OpKernelConstruction* construction, BatchNormAttributes* attributes, TF_Status* status) {
  TF_OpKernelConstruction_GetAttrFloat(construction, "epsilon", &attributes->epsilon, status);
  if (TF_GetCode(status) == TF_OK) ReadRelu(construction, &attributes->relu, status);
}

constexpr const char* kFillModes[] = {"CONSTANT", "REFLECT", "WRAP", "NEAREST"};  // in the order of FillMode

void ReadFillMode(TF_OpKernelConstruction* construction, FillMode* mode, TF_Status* status) {
  char text[16] = {};
  TF_OpKernelConstruction_GetAttrString(construction, "fill_mode", text, sizeof(text) - 1, status);
  if (TF_GetCode(status) != TF_OK) return;
  for (int i = 0; i < 4; ++i) {
    if (std::strcmp(text, kFillModes[i]) != 0) continue;
    *mode = static_cast<FillMode>(i);
    return;
  }
  TF_SetStatus(status, TF_INVALID_ARGUMENT, "Unknown fill_mode.");
}

struct Operation {
  const char* name;
  std::initializer_list<const char*> inputs, outputs, attributes;
  void* (*create)(TF_OpKernelConstruction*);
  void (*compute)(void*, TF_OpKernelContext*);
  void (*destroy)(void*);
};

void Register(const Operation& operation) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(operation.name);
  for (const char* input : operation.inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char* output : operation.outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  for (const char* attribute : operation.attributes) TF_OpDefinitionBuilderAddAttr(definition, attribute);
  // The code that emits graphs has checked the shapes already.
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, &TF_ShapeInferenceContextSetUnknownShape);
  TF_RegisterOpDefinition(definition, status);
  if (TF_GetCode(status) == TF_OK) {
    TF_KernelBuilder* kernel =
        TF_NewKernelBuilder(operation.name, "CPU", operation.create, operation.compute, operation.destroy);
    TF_RegisterKernelBuilder(operation.name, kernel, status);
  }
  if (TF_GetCode(status) != TF_OK) {
    std::fprintf(stderr, "%s cannot be registered: %s\n", operation.name, TF_Message(status));
  }
  TF_DeleteStatus(status);
}

void RegisterAll() {
  Register({"EspalierConv2D",
            {"input: bfloat16", "filter: float", "bias: float"},
            {"output: bfloat16"},
            {"relu: bool"},
            &Read<bool, ReadRelu>,
            &Compute<RunConv2D>,
            &Delete<bool>});
  Register({"EspalierConv2DBackpropInput",
            {"filter: float", "out_backprop: bfloat16"},
            {"input_backprop: bfloat16"},
            {},
            nullptr,
            &Compute<RunConv2DBackpropInput>,
            nullptr});
  Register({"EspalierConv2DBackpropFilter",
            {"input: bfloat16", "out_backprop: bfloat16"},
            {"filter_backprop: float", "bias_backprop: float"},
            {},
            nullptr,
            &Compute<RunConv2DBackpropFilter>,
            nullptr});
  Register({"EspalierDense",
            {"input: bfloat16", "kernel: float", "bias: float"},
            {"output: bfloat16"},
            {"relu: bool"},
            &Read<bool, ReadRelu>,
            &Compute<RunDense>,
            &Delete<bool>});
  Register({"EspalierDenseBackpropInput",
            {"kernel: float", "out_backprop: bfloat16"},
            {"input_backprop: bfloat16"},
            {},
            nullptr,
            &Compute<RunDenseBackpropInput>,
            nullptr});
  Register({"EspalierDenseBackpropKernel",
            {"input: bfloat16", "out_backprop: bfloat16"},
            {"kernel_backprop: float", "bias_backprop: float"},
            {},
            nullptr,
            &Compute<RunDenseBackpropKernel>,
            nullptr});
  Register({"EspalierBatchStatistics",
            {"x: bfloat16", "moving_mean: float", "moving_variance: float"},
            {"mean: float", "variance: float", "moved_mean: float", "moved_variance: float"},
            {"average_factor: float"},
            &Read<BatchNormAttributes, ReadStatistics>,
            &Compute<RunBatchStatistics>,
            &Delete<BatchNormAttributes>});
  Register({"EspalierBatchNorm",
            {"x: bfloat16", "scale: float", "offset: float", "mean: float", "variance: float"},
            {"y: bfloat16"},
            {"epsilon: float", "relu: bool"},
            &Read<BatchNormAttributes, ReadNormalization>,
            &Compute<RunBatchNorm>,
            &Delete<BatchNormAttributes>});
  Register({"EspalierBatchNormGrad",
            {"y_backprop: bfloat16", "x: bfloat16", "scale: float", "offset: float", "mean: float",
             "variance: float"},
            {"x_backprop: bfloat16", "scale_backprop: float", "offset_backprop: float"},
            {"epsilon: float", "relu: bool"},
            &Read<BatchNormAttributes, ReadNormalization>,
            &Compute<RunBatchNormGrad>,
            &Delete<BatchNormAttributes>});
  Register({"EspalierProjectiveTransform",
            {"images: uint8", "transforms: float"},
            {"transformed_images: float"},
            {"fill_mode: {'CONSTANT', 'REFLECT', 'WRAP', 'NEAREST'}"},
            &Read<FillMode, ReadFillMode>,
            &Compute<RunProjectiveTransform>,
            &Delete<FillMode>});
}

}  // namespace
}  // namespace espalier

// Node calls this in every thread that loads the addon (Node-API). TensorFlow is loaded once per process.
extern "C" __attribute__((visibility("default"))) void* napi_register_module_v1(void*, void* exports) {
  static std::once_flag registered;
  std::call_once(registered, espalier::RegisterAll);
  return exports;
}
